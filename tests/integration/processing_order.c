/*
 * PROCESSING_ORDER: which events wait for each other, and what is remembered of those that did not
 * wait. A modification whose process has it in work FOREVER keeps a gap open for as long as a test
 * wants; its successor, without a delay, closes it.
 */
#include <signal.h>
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/order_event.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(processing_order, .timeout = 600);

#define KEY        "PROCESSING_ORDER=key"
#define UNORDERED  "PROCESSING_ORDER=unordered"
#define FOREVER    "DELIVERY_DELAY_MS=600000"
#define HISTORY    "select count(*) from delivery.history"
#define RANGES     "select count(*) from delivery.position_range"
#define PLACED     "OrderPlaced"
#define MODIFIED   "OrderModified"
#define DUPLICATES "delivery_events_duplicate_total"

static void await_applied(int64_t count)
{
	cr_assert(wait_until(20000, sql_number(HISTORY) >= count), "%lld of %lld are applied",
		  (long long)sql_number(HISTORY), (long long)count);
	cr_assert_eq(sql_number(HISTORY), count);
}

/* What was done to the order, in the order of the effects: "1 2 3". */
static const char *applied(int64_t id)
{
	return sql_text("select string_agg(version::text, ' ' order by id) from delivery.history "
			"where order_id = %lld",
			(long long)id);
}

static int64_t next_offset(int partition)
{
	return sql_number("select next_offset from delivery.position where \"partition\" = %d",
			  partition);
}

/* --- what waits for what ------------------------------------------------------------------- */

/* Orders 1 to orders, one behind the other, of four versions; the two in the middle take time. */
static void produce_orders(int orders)
{
	struct raw_message *all = arena_alloc((size_t)orders * 4 * sizeof(*all));

	for (int i = 0; i < orders * 4; i++)
		all[i] = order_version(i / 4 + 1, i % 4 + 1, 4);
	(void)produce_all(all, (size_t)orders * 4);
}

/* Effects of events that stand before the effect of one with a lower offset. */
static int64_t overtaken(void)
{
	return sql_number("select count(*) from (select \"offset\", min(\"offset\") over (order by "
			  "id rows between 1 following and unbounded following) as later "
			  "from delivery.history) h where later < \"offset\"");
}

/* Orders whose third version was worked before the second was done: both were received before the
 * second one's work began, and each takes delay_ms. */
static int64_t overlapping(int delay_ms)
{
	return sql_number("select count(*) from delivery.history h join delivery.history b "
			  "using (order_id) where h.version = 3 and b.version = 2 "
			  "and h.applied_at < b.received_at + interval '%d ms'",
			  2 * delay_ms);
}

LAB_TEST(processing_order, with_key_an_order_waits_for_itself_only, 1)
{
	enum { ORDERS = 60, DELAY_MS = 300 };
	struct tail *tail = tail_open(fixture.topic);
	int64_t told[ORDERS + 1] = { 0 };

	(void)service_start(DELIVERY, KEY, arena_format("DELIVERY_DELAY_MS=%d", DELAY_MS),
			    "MAX_CONCURRENCY=100", NULL);
	produce_orders(ORDERS);
	await_applied(4 * ORDERS);
	cr_expect_eq(sql_number("select count(*) from (select from delivery.history group by "
				"order_id having array_agg(version order by id) = '{1,2,3,4}') o"),
		     ORDERS);
	cr_expect_eq(overlapping(DELAY_MS), 0, "an order was worked twice at once");
	cr_expect_gt(overtaken(), ORDERS, "the orders waited for each other");
	cr_expect_lt(sql_number("select (extract(epoch from max(applied_at) - min(received_at)) "
				"* 1000)::int8 from delivery.history"),
		     ORDERS * DELAY_MS, "it took half as long as one by one");
	cr_assert(tail_await(tail, 2 * 4 * ORDERS, 10000));
	for (size_t i = 0; i < tail->count; i++) {
		const struct message *m = &tail->messages[i];

		if (strncmp(message_header(m, "type"), "Delivery", 8) == 0)
			cr_expect_eq(
				json_integer_value(json_object_get(m->json, "version")),
				++told[json_integer_value(json_object_get(m->json, "orderId"))],
				"%s", m->payload);
	}
}

LAB_TEST(processing_order, by_partition_nobody_overtakes, 1)
{
	enum { ORDERS = 10 };

	(void)service_start(DELIVERY, "PROCESSING_ORDER=partition", "DELIVERY_DELAY_MS=20",
			    "MAX_CONCURRENCY=100", NULL);
	produce_orders(ORDERS);
	await_applied(4 * ORDERS);
	cr_expect_eq(overtaken(), 0);
	cr_expect_eq(sql_number(RANGES), 0);
}

LAB_TEST(processing_order, as_many_at_once_as_max_concurrency, 1)
{
	enum { ORDERS = 50, AT_ONCE = 20 };
	struct raw_message *all = arena_alloc(2 * ORDERS * sizeof(*all));
	struct service *delivery = service_start(DELIVERY, KEY, FOREVER,
						 arena_format("MAX_CONCURRENCY=%d", AT_ONCE), NULL);

	for (int i = 0; i < 2 * ORDERS; i++)
		all[i] = order_version(i % ORDERS + 1, i / ORDERS + 1, 9);
	(void)produce_all(all, 2 * ORDERS);
	await_applied(ORDERS);
	cr_assert(wait_until(10000, service_metric(delivery, "delivery_events_held") == ORDERS));
	cr_expect_eq(service_metric(delivery, "delivery_events_in_work"), AT_ONCE);
}

/* --- what is remembered of it -------------------------------------------------------------- */

enum { BEHIND = 600, BAD = 5 };
#define DONE_BEHIND (1 + BEHIND) /* effects while the modification is in work */

/* Order first is modified; behind that are BEHIND other orders, all quick, and BAD messages.
 * Returns the offset of the modification. */
static int64_t produce_slow_one(int64_t first, int partition)
{
	struct raw_message all[2 + BEHIND + BAD];
	size_t n = 0;

	all[n++] = order_event(PLACED, first, 1, "A");
	all[n++] = order_event(MODIFIED, first, 2, "B");
	for (int i = 1; i <= BEHIND; i++)
		all[n++] = order_event(PLACED, first + i, 1, "A");
	for (int i = 0; i < BAD; i++) {
		all[n] = order_event(PLACED, first, 1, "A");
		all[n++].payload = "not JSON";
	}
	for (size_t i = 0; i < n; i++)
		all[i].partition = partition;
	return produce_all(all, n) - BEHIND - BAD;
}

/* All but the modification is done, and all of that is in the database: one range up to the end of
 * the topic's only partition. */
static void await_one_range(struct tail *tail, int64_t slow)
{
	cr_assert(wait_until(20000, sql_number("select count(*) from delivery.outbox") == 0));
	cr_assert(wait_until(10000,
			     sql_number("select max(end_offset) from "
					"delivery.position_range") == (int64_t)tail_read(tail)));
	cr_expect_eq(next_offset(0), slow);
	cr_expect_eq(sql_number(RANGES), 1);
	cr_expect_eq(sql_number("select first_offset from delivery.position_range"), slow + 1);
}

/* The gap is closed: nothing is left to remember but one offset. */
static void await_no_range(struct tail *tail)
{
	cr_expect(wait_until(10000, sql_number("select sum(next_offset) from delivery.position") ==
					    (int64_t)tail_read(tail)),
		  "the positions are not at the end");
	cr_expect_eq(sql_number(RANGES), 0);
}

static void kill_behind_a_slow_one(const char *processing_order)
{
	struct tail *letters = tail_open_dead_letters(fixture.topic),
		    *tail = tail_open(fixture.topic);
	struct service *delivery =
		service_start(DELIVERY, processing_order, FOREVER, "MAX_CONCURRENCY=8", NULL);
	size_t end;

	await_applied(0);
	int64_t slow = produce_slow_one(1, 0);

	await_applied(DONE_BEHIND);
	await_one_range(tail, slow);
	cr_assert(tail_await(letters, BAD, 10000));
	end = tail->count;
	service_kill(delivery);
	delivery = service_start(DELIVERY, processing_order, "MAX_CONCURRENCY=8", NULL);
	await_applied(DONE_BEHIND + 1);
	/* What says so is on the topic a moment later, and skipped then. */
	cr_assert(tail_await(tail, end + 1, 10000));
	await_no_range(tail);
	cr_expect(service_metric_reaches(delivery, "delivery_events_applied_total", 1));
	cr_expect_eq(service_metric(delivery, DUPLICATES), 0.0, "events were worked again");
	cr_expect_eq(service_metric(delivery, "delivery_dead_letters_total"), 0.0);
	cr_expect(service_metric_reaches(delivery, "delivery_events_skipped_total",
					 (double)(tail->count - end)),
		  "what was passed was looked at again");
	cr_expect_eq(tail_read(letters), BAD);
	cr_expect_str_eq(applied(1), "1 2");
}

LAB_TEST(processing_order, with_key_a_kill_repeats_nothing, 1)
{
	kill_behind_a_slow_one(KEY);
}

LAB_TEST(processing_order, unordered_a_kill_repeats_nothing, 1)
{
	kill_behind_a_slow_one(UNORDERED);
}

/* A partition moves with its gap, to a replica that joins and when the first one stops. */
LAB_TEST(processing_order, gaps_are_handed_over, 2)
{
	struct tail *letters = tail_open_dead_letters(fixture.topic),
		    *tail = tail_open(fixture.topic);
	struct service *first = service_start(DELIVERY, KEY, FOREVER, "MAX_CONCURRENCY=8", NULL);
	struct service *second;

	for (int p = 0; p < 2; p++)
		(void)produce_slow_one(1 + p * 1000, p);
	await_applied(2 * DONE_BEHIND);
	cr_assert(tail_await(letters, 2 * BAD, 10000));
	cr_expect_geq(sql_number(RANGES), 2);
	second = service_start(DELIVERY, KEY, "MAX_CONCURRENCY=8", NULL);
	await_applied(2 * DONE_BEHIND + 1);
	cr_expect_eq(service_metric(first, "delivery_events_in_work"), 1.0,
		     "the partition that stayed was disturbed");
	(void)service_stop(first, SIGTERM);
	await_applied(2 * DONE_BEHIND + 2);
	await_no_range(tail);
	cr_expect(service_metric_reaches(second, "delivery_events_applied_total", 2));
	cr_expect_eq(service_metric(second, DUPLICATES), 0.0, "events were worked again");
	cr_expect_eq(tail_read(letters), 2 * BAD);
}

/* Others' messages between events in work are done with these, and make no row of their own. */
LAB_TEST(processing_order, skipped_messages_make_no_ranges, 1)
{
	enum { SKIPPED = 10 };
	struct raw_message all[3 + 2 * SKIPPED];
	struct service *delivery = service_start(DELIVERY, KEY, FOREVER, "MAX_CONCURRENCY=8", NULL);
	int64_t slow, last;
	size_t n = 0;

	for (int id = 1; id <= 2; id++)
		all[n++] = order_event(PLACED, id, 1, "A");
	(void)produce_all(all, n);
	await_applied(2);
	n = 0;
	for (int id = 1; id <= 2; id++) {
		all[n++] = order_event(MODIFIED, id, 2, "B");
		for (int i = 0; i < SKIPPED; i++)
			all[n++] = order_event("DeliveryStarted", id, 1, "A");
	}
	all[n++] = order_event(PLACED, 3, 1, "A");
	last = produce_all(all, n);
	slow = last - 2 * SKIPPED - 2;
	await_applied(3);
	cr_expect_eq(next_offset(0), slow);
	cr_expect_eq(sql_number(RANGES), 1, "ranges: %s",
		     sql_text("select string_agg(first_offset || '-' || end_offset, ' ') "
			      "from delivery.position_range"));
	cr_expect_eq(sql_number("select first_offset from delivery.position_range"), last);
	cr_expect_geq(service_metric(delivery, "delivery_events_skipped_total"), 2.0 * SKIPPED);
}

/* --- without any order --------------------------------------------------------------------- */

/* Version 2 of order 1 is in work when version 3 comes. */
static struct service *overtake_within_an_order(const char *sequencing)
{
	struct service *delivery =
		service_start(DELIVERY, UNORDERED, sequencing, FOREVER, "MAX_CONCURRENCY=8", NULL);
	const struct raw_message first = order_version(1, 1, 3);
	const struct raw_message rest[] = { order_version(1, 2, 3), order_version(1, 3, 3),
					    order_version(2, 1, 3) };

	(void)produce(&first);
	await_applied(1);
	(void)produce_all(rest, 3);
	cr_assert(wait_until(10000, strcmp(applied(2), "1") == 0));
	return delivery;
}

LAB_TEST(processing_order, unordered_an_order_overtakes_itself, 1)
{
	service_kill(overtake_within_an_order("SEQUENCING=off"));
	cr_expect_str_eq(applied(1), "1 3");
	struct service *delivery = service_start(DELIVERY, UNORDERED, NULL);

	await_applied(4);
	cr_expect_str_eq(applied(1), "1 3 2");
	cr_expect_str_eq(sql_text("select status from delivery_table where order_id = 1"),
			 "DELIVERY MODIFIED");
	cr_expect(service_metric_reaches(delivery, "delivery_events_late_total", 1));
}

LAB_TEST(processing_order, unordered_in_sequence_it_does_not, 1)
{
	service_kill(overtake_within_an_order("SEQUENCING=enforce"));
	cr_expect_str_eq(applied(1), "1");
	cr_expect_eq(sql_number("select version from delivery.parked"), 3);
	(void)service_start(DELIVERY, UNORDERED, "SEQUENCING=enforce", NULL);
	await_applied(4);
	cr_expect_str_eq(applied(1), "1 2 3");
	cr_expect_str_eq(sql_text("select status from delivery_table where order_id = 1"),
			 "DELIVERY CANCELLED");
}
