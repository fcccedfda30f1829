/*
 * SEQUENCING=enforce: an event that comes too early waits, is told about, and has its effect when
 * its predecessor has had it, or has been skipped.
 */
#include <signal.h>
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/order_event.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(sequencing, .timeout = 600);

#define ENFORCE "SEQUENCING=enforce"
#define PARKED  "select count(*) from delivery.parked"
#define LAST    9 /* a version that no test reaches: the orders are not cancelled */

static int64_t produce_version(int64_t id, int version)
{
	const struct raw_message message = order_version(id, version, LAST);

	return produce(&message);
}

/* What was done to the order, in the order of the effects: "1 2 3". */
static const char *applied(int64_t id)
{
	return sql_text("select string_agg(version::text, ' ' order by id) from delivery.history "
			"where order_id = %lld",
			(long long)id);
}

static bool applied_is(int64_t id, const char *versions)
{
	return strcmp(applied(id), versions) == 0;
}

static const char *status_of(int64_t id)
{
	return sql_text("select status from delivery_table where order_id = %lld", (long long)id);
}

/* The message at the offset has been decided; the tests' own partition is 0. */
static void await_done(int64_t offset)
{
	cr_assert(wait_until(10000, sql_number("select next_offset from delivery.position "
					       "where \"partition\" = 0") > offset),
		  "offset %lld is not done", (long long)offset);
}

static struct http_answer get_delivery(const struct service *delivery, int64_t id)
{
	return http_call(delivery->port, "GET", arena_format("/deliveries/%lld", (long long)id),
			 NULL, NULL);
}

/* /readyz is 200 whatever waits; the note on it, "" without one. */
static const char *parked_note(const struct service *delivery)
{
	struct http_answer answer = http_call(delivery->port, "GET", "/readyz", NULL, NULL);
	const char *note = json_text(answer.json, "parked");

	cr_expect_eq(answer.status, 200, "%s%s", answer.error, answer.body);
	return note ? note : "";
}

/* --- waiting is told ----------------------------------------------------------------------- */

static void expect_parked(const json_t *delivery, size_t at, int version, int64_t offset)
{
	const json_t *parked = json_array_get(json_object_get(delivery, "parked"), at);

	cr_expect_eq(json_number(parked, "version"), version);
	cr_expect_str_eq(json_text(parked, "event"), "OrderModified");
	cr_expect_eq(json_number(parked, "partition"), 0);
	cr_expect_eq(json_number(parked, "offset"), offset);
	cr_expect_not_null(json_text(parked, "parked"));
}

static void expect_nothing_waits(const struct service *delivery, int64_t id)
{
	struct http_answer answer = get_delivery(delivery, id);

	cr_expect_eq(answer.status, 200);
	cr_expect_null(json_object_get(answer.json, "waitsFor"), "%s", answer.body);
	cr_expect_null(json_object_get(answer.json, "parked"), "%s", answer.body);
}

/* Order 7 lacks version 2; of order 8 nothing came but version 2. */
LAB_TEST(sequencing, a_missing_predecessor_is_told_until_it_comes, 1)
{
	struct service *delivery = service_start(DELIVERY, ENFORCE, NULL);
	struct http_answer answer;
	int64_t third, fourth, second_of_8;

	(void)produce_version(7, 1);
	third = produce_version(7, 3);
	fourth = produce_version(7, 4);
	second_of_8 = produce_version(8, 2);
	await_done(second_of_8);
	answer = get_delivery(delivery, 7);
	cr_expect_eq(json_number(answer.json, "version"), 1);
	cr_expect_eq(json_number(answer.json, "waitsFor"), 2, "%s", answer.body);
	cr_expect_eq(json_array_size(json_object_get(answer.json, "parked")), 2);
	expect_parked(answer.json, 0, 3, third);
	expect_parked(answer.json, 1, 4, fourth);
	answer = get_delivery(delivery, 8);
	cr_expect_eq(answer.status, 200);
	cr_expect_eq(json_number(answer.json, "orderId"), 8);
	cr_expect_eq(json_number(answer.json, "waitsFor"), 1, "%s", answer.body);
	cr_expect_eq(json_array_size(json_object_get(answer.json, "events")), 0);
	expect_parked(answer.json, 0, 2, second_of_8);
	cr_expect_null(json_object_get(answer.json, "status"), "there is no delivery yet");
	cr_expect_eq(get_delivery(delivery, 9).status, 404);

	cr_expect(wait_until(5000, strstr(parked_note(delivery), "3 events")), "%s",
		  parked_note(delivery));
	cr_expect_not_null(strstr(parked_note(delivery), "order 7 waits for version 2"), "%s",
			   parked_note(delivery));
	cr_expect_eq(service_metric(delivery, "delivery_parked_events"), 3.0);
	cr_expect_eq(service_metric(delivery, "delivery_events_parked_total"), 3.0);
	cr_expect(wait_until(5000,
			     service_metric(delivery, "delivery_parked_oldest_seconds") >= 1.0));

	(void)produce_version(7, 2);
	(void)produce_version(8, 1);
	cr_expect(wait_until(5000, applied_is(7, "1 2 3 4")), "%s", applied(7));
	cr_expect(wait_until(5000, applied_is(8, "1 2")), "%s", applied(8));
	expect_nothing_waits(delivery, 7);
	expect_nothing_waits(delivery, 8);
	cr_expect(wait_until(5000, parked_note(delivery)[0] == '\0'));
	cr_expect_eq(service_metric(delivery, "delivery_parked_events"), 0.0);
	cr_expect_eq(service_metric(delivery, "delivery_parked_oldest_seconds"), 0.0);
	cr_expect(service_metric_reaches(delivery, "delivery_events_resumed_total", 3));
	cr_expect_eq(sql_number(PARKED), 0);
}

/* --- giving up ----------------------------------------------------------------------------- */

static void skip_version(int64_t id, int version)
{
	sql_run("insert into delivery.given_up (order_id, version, reason) "
		"values (%lld, %d, 'lost')",
		(long long)id, version);
}

static void expect_too_late(struct tail *letters, size_t at, int64_t offset)
{
	const struct message *m = &letters->messages[at];

	cr_expect_str_eq(message_header(m, "x-exception-message"),
			 "too late: its version was skipped");
	cr_expect_str_eq(message_header(m, "x-original-offset"),
			 arena_format("%lld", (long long)offset));
}

/* What waits goes on within the second of the next look; what comes after all is refused. */
LAB_TEST(sequencing, a_version_that_is_skipped_is_passed, 1)
{
	struct service *delivery = service_start(DELIVERY, ENFORCE, NULL);
	struct tail *letters = tail_open_dead_letters(fixture.topic);
	int64_t late;

	(void)produce_version(7, 1);
	(void)produce_version(7, 3);
	await_done(produce_version(7, 4));
	skip_version(7, 2);
	cr_assert(wait_until(3000, applied_is(7, "1 3 4")), "%s", applied(7));
	expect_nothing_waits(delivery, 7);
	late = produce_version(7, 2);
	cr_assert(tail_await(letters, 1, 5000), "no dead letter");
	expect_too_late(letters, 0, late);
	cr_expect_str_eq(applied(7), "1 3 4");
	cr_expect(service_metric_reaches(delivery, "delivery_dead_letters_total", 1));
	await_done(produce_version(7, 5));
	cr_expect_str_eq(applied(7), "1 3 4 5");
	cr_expect_eq(tail_read(letters), 1);
}

/* Every event carries the whole order, so the delivery begins with the first that came. */
LAB_TEST(sequencing, an_order_whose_beginning_is_skipped_begins_later, 1)
{
	struct service *delivery = service_start(DELIVERY, ENFORCE, NULL);
	struct tail *letters = tail_open_dead_letters(fixture.topic);
	struct tail *tail = tail_open(fixture.topic);
	int64_t late;

	await_done(produce_version(8, 2));
	skip_version(8, 1);
	cr_assert(wait_until(3000, applied_is(8, "2")), "%s", applied(8));
	cr_expect_str_eq(status_of(8), "DELIVERY MODIFIED");
	cr_assert(wait_until(5000, (tail_read(tail), tail_find(tail, "DeliveryModified", 8, 0))));
	cr_expect_null(tail_find(tail, "DeliveryStarted", 8, 0));
	late = produce_version(8, 1);
	cr_assert(tail_await(letters, 1, 5000), "no dead letter");
	expect_too_late(letters, 0, late);
	expect_nothing_waits(delivery, 8);
	cr_expect_str_eq(applied(8), "2");
}

/* Two missing in a row are skipped one by one, the later one before there is an event behind. */
LAB_TEST(sequencing, several_versions_are_skipped, 1)
{
	struct service *delivery = service_start(DELIVERY, ENFORCE, NULL);

	(void)produce_version(9, 1);
	await_done(produce_version(9, 5));
	skip_version(9, 2);
	skip_version(9, 4);
	cr_expect_eq(json_number(get_delivery(delivery, 9).json, "waitsFor"), 3);
	await_done(produce_version(9, 7));
	cr_expect_str_eq(applied(9), "1");
	skip_version(9, 6);
	skip_version(9, 3);
	cr_expect(wait_until(3000, applied_is(9, "1 5 7")), "%s", applied(9));
	expect_nothing_waits(delivery, 9);
}

/* --- duplicates ---------------------------------------------------------------------------- */

LAB_TEST(sequencing, duplicates_of_parked_events_have_no_second_effect, 2)
{
	struct tail *letters = tail_open_dead_letters(fixture.topic);
	struct raw_message next[5], copy = order_version(3, 2, LAST);
	struct service *delivery = service_start(DELIVERY, ENFORCE, NULL);

	for (int i = 0; i < 5; i++)
		next[i] = order_version(2, (const int[]){ 3, 1, 3, 2, 3 }[i], LAST);
	/* Parked twice, by one replica in two transactions. */
	for (int i = 0; i < 2; i++) {
		(void)produce_version(1, 3);
		(void)produce_version(2, 3);
		cr_assert(wait_until(10000,
				     service_metric(delivery, "delivery_events_parked_total") ==
					     2.0 * (i + 1)));
	}
	cr_expect_eq(sql_number(PARKED), 2);
	(void)produce_version(1, 1);
	(void)produce_version(1, 2);
	/* Again with its predecessor, before and behind it in one batch. */
	(void)produce_all(next, 5);
	/* Its copies in two partitions. */
	for (copy.partition = 0; copy.partition < 2; copy.partition++)
		(void)produce(&copy);
	(void)produce_version(3, 1);
	cr_assert(wait_until(10000, applied_is(1, "1 2 3")), "%s", applied(1));
	cr_assert(wait_until(10000, applied_is(2, "1 2 3")), "%s", applied(2));
	cr_assert(wait_until(10000, applied_is(3, "1 2")), "%s", applied(3));
	/* And after its effect. */
	for (int64_t id = 1; id <= 3; id++) {
		(void)produce_version(id, 2);
		(void)produce_version(id, 4 - (id == 3));
	}
	cr_assert(wait_until(10000, applied_is(1, "1 2 3 4") && applied_is(2, "1 2 3 4") &&
					    applied_is(3, "1 2 3")));
	cr_expect_eq(sql_number(PARKED), 0);
	/* They are recognised, and not refused as too late. */
	cr_expect_eq(service_metric(delivery, "delivery_dead_letters_total"), 0.0);
	cr_assert(wait_until(5000, sql_number("select count(*) from delivery.outbox") == 0));
	cr_expect_eq(tail_read(letters), 0);
}

/* --- the switch ---------------------------------------------------------------------------- */

/* Order 1 and many like it lack version 2; order 2 has not begun, which only enforce waits for. */
LAB_TEST(sequencing, switched_off_nothing_that_was_parked_is_lost, 1)
{
	enum { MANY = 250 };
	struct raw_message *messages = arena_alloc(2 * MANY * sizeof(*messages));
	struct tail *letters = tail_open_dead_letters(fixture.topic);
	struct service *delivery = service_start(DELIVERY, ENFORCE, NULL);

	for (int i = 0; i < MANY; i++) {
		messages[2 * i] = order_version(100 + i, 1, LAST);
		messages[2 * i + 1] = order_version(100 + i, 3, LAST);
	}
	(void)produce_version(1, 5);
	(void)produce_version(1, 3);
	(void)produce_version(1, 4);
	(void)produce_version(1, 1);
	(void)produce_version(2, 3);
	(void)produce_version(2, 2);
	await_done(produce_all(messages, 2 * MANY));
	cr_expect_eq(sql_number(PARKED), 5 + MANY);
	service_stop(delivery, SIGTERM);
	delivery = service_start(DELIVERY, "SEQUENCING=off", NULL);
	cr_assert(wait_until(5000, sql_number(PARKED) == 0), "%lld are still parked",
		  (long long)sql_number(PARKED));
	cr_expect_str_eq(applied(1), "1 3 4 5");
	cr_expect_eq(sql_number("select count(*) from (select string_agg(version::text, ' ' "
				"order by id) as versions from delivery.history "
				"where order_id >= 100 group by order_id) h "
				"where versions = '1 3'"),
		     MANY);
	cr_assert(tail_await(letters, 2, 5000), "%zu of 2 dead letters", letters->count);
	cr_expect(service_metric_reaches(delivery, "delivery_dead_letters_total", 2));
	cr_expect(wait_until(60000, service_log_count(delivery, "msg=\"dead letter\"") == 2));
	for (int i = 0; i < 2; i++)
		cr_expect_str_eq(message_header(&letters->messages[i], "x-exception-message"),
				 "unknown order");
	cr_expect_eq(json_number(letters->messages[0].json, "version"), 2);
	cr_expect_eq(json_number(letters->messages[1].json, "version"), 3);
	(void)produce_version(1, 2);
	cr_expect(wait_until(5000, applied_is(1, "1 3 4 5 2")), "off applies what comes: %s",
		  applied(1));
}

/* It was parked by a replica that still puts events in sequence, and a copy of it has been applied
 * by one that no longer does. */
LAB_TEST(sequencing, switched_off_a_parked_copy_has_no_second_effect, 1)
{
	struct service *delivery = service_start(DELIVERY, "SEQUENCING=off", NULL);

	(void)produce_version(1, 1);
	await_done(produce_version(1, 3));
	sql_run("insert into delivery.parked (order_id, version, event, payload, \"partition\", "
		"\"offset\", received_at) values (1, 3, 'OrderModified', '%s', 0, 99, now())",
		order_version(1, 3, LAST).payload);
	cr_assert(wait_until(5000, sql_number(PARKED) == 0), "it stays parked");
	cr_expect_str_eq(applied(1), "1 3");
	cr_expect(wait_until(2000,
			     service_metric(delivery, "delivery_events_duplicate_total") == 1.0));
}

/* --- events without a version -------------------------------------------------------------- */

/* As a dead letter is replayed: with the headers that say where it was first. */
static struct raw_message replayed(struct raw_message message, const char *topic, int64_t offset)
{
	message.headers[1] = (struct header){ "x-original-topic", topic, 0 };
	message.headers[2] = (struct header){ "x-original-partition", "0", 0 };
	message.headers[3] =
		(struct header){ "x-original-offset", arena_format("%lld", (long long)offset), 0 };
	return message;
}

static int64_t events_of(int64_t id)
{
	return sql_number("select count(*) from delivery.history where order_id = %lld",
			  (long long)id);
}

static void play_without_versions(const char *sequencing)
{
	const struct raw_message placed = order_event("OrderPlaced", 5, 0, "A");
	const struct raw_message modified = order_event("OrderModified", 5, 0, "B");
	const struct raw_message early = order_event("OrderModified", 6, 0, "B");
	const struct raw_message begin = order_event("OrderPlaced", 6, 0, "A");
	struct tail *letters = tail_open_dead_letters(fixture.topic);
	struct service *delivery = service_start(DELIVERY, sequencing, NULL);
	int64_t first_modified, first_early;
	struct raw_message again;

	(void)produce(&placed);
	first_modified = produce(&modified);
	first_early = produce(&early);
	await_done(produce(&begin));
	cr_expect_eq(events_of(5), 2, "applied as they come");
	cr_assert(tail_await(letters, 1, 5000), "the early one is a dead letter");

	again = replayed(modified, fixture.topic, first_modified);
	await_done(produce(&again));
	cr_expect_eq(events_of(5), 2, "a second effect");
	cr_expect(service_metric_reaches(delivery, "delivery_events_duplicate_total", 1));

	cr_expect_str_eq(message_header(&letters->messages[0], "x-original-offset"),
			 arena_format("%lld", (long long)first_early));
	again = replayed(early, message_header(&letters->messages[0], "x-original-topic"),
			 first_early);
	(void)produce(&again);
	await_done(produce(&again));
	cr_expect_eq(events_of(6), 2, "%lld effects", (long long)events_of(6));
	cr_expect(service_metric_reaches(delivery, "delivery_events_duplicate_total", 2));

	/* Another topic's offsets say nothing about this one. */
	again = replayed(modified, "another", first_modified);
	await_done(produce(&again));
	cr_expect_eq(events_of(5), 3);
	cr_expect_eq(sql_number(PARKED), 0);
}

LAB_TEST(sequencing, replays_have_one_effect, 1)
{
	play_without_versions(ENFORCE);
}

LAB_TEST(sequencing, switched_off_replays_have_one_effect_too, 1)
{
	play_without_versions("SEQUENCING=off");
}

/* --- the lab ------------------------------------------------------------------------------- */

/* Calls order-service; the answer's status must be the expected one. */
static int64_t call_order(const struct service *order, int expected, const char *method, int64_t id,
			  const char *body)
{
	const char *path = id ? arena_format("/orders/%lld", (long long)id) : "/orders";
	struct http_answer answer = http_call(order->port, method, path, body, NULL);

	cr_assert_eq(answer.status, expected, "%s%s", answer.error, answer.body);
	return json_number(answer.json, "id");
}

/* What loses the order in the lab: no keys, two partitions, two replicas, one event that takes
 * long. Returns when all three events have had their effect. */
static int64_t play_lab(const struct service *order)
{
	int64_t id = call_order(order, 201, "POST", 0,
				"{\"customerId\":2000,\"productId\":\"100\",\"productName\":"
				"\"RADIO\",\"qty\":3,\"address\":\"PUSAN\"}");

	cr_assert(wait_until(10000, applied_is(id, "1")));
	(void)call_order(order, 200, "PATCH", id, "{\"address\":\"SEOUL\"}");
	(void)call_order(order, 204, "DELETE", id, NULL);
	cr_assert(wait_until(10000, events_of(id) == 3), "%s", applied(id));
	return id;
}

LAB_TEST(sequencing, the_unkeyed_lab_keeps_the_order, 2)
{
	enum { ROUNDS = 10 };
	struct service *order = service_start(ORDER, "EVENT_KEY=none", NULL), *replicas[2];
	struct tail *tail = tail_open(fixture.topic);

	for (int i = 0; i < 2; i++)
		replicas[i] = service_start(DELIVERY, ENFORCE, "DELIVERY_DELAY_MS=300", NULL);
	cr_assert(wait_until(15000,
			     service_metric(replicas[0], "delivery_partitions") == 1.0 &&
				     service_metric(replicas[1], "delivery_partitions") == 1.0));
	for (int i = 0; i < ROUNDS; i++) {
		const struct message *modified, *cancelled;
		int64_t id = play_lab(order);

		cr_expect_str_eq(applied(id), "1 2 3");
		cr_expect_str_eq(status_of(id), "DELIVERY CANCELLED");
		cr_assert(wait_until(5000, (tail_read(tail),
					    tail_find(tail, "DeliveryCancelled", id, 0))));
		modified = tail_find(tail, "DeliveryModified", id, 0);
		cancelled = tail_find(tail, "DeliveryCancelled", id, 0);
		cr_assert_not_null(modified);
		cr_expect_eq(modified->partition, cancelled->partition);
		cr_expect_lt(modified->offset, cancelled->offset);
	}
	cr_expect_eq(tail_read(tail), 6 * ROUNDS);
	cr_expect_eq(service_metric(replicas[0], "delivery_events_parked_total") +
			     service_metric(replicas[1], "delivery_events_parked_total"),
		     ROUNDS, "every cancellation overtook its modification");
}

/* Version 2 of many orders is skipped, but their version 1 has not come: they must not be all that
 * is looked at. */
LAB_TEST(sequencing, orders_that_cannot_go_on_hide_no_other, 1)
{
	enum { MANY = 150 };
	struct raw_message *messages = arena_alloc(MANY * sizeof(*messages));

	(void)service_start(DELIVERY, ENFORCE, NULL);
	for (int i = 0; i < MANY; i++)
		messages[i] = order_version(100 + i, 3, LAST);
	await_done(produce_all(messages, MANY));
	(void)produce_version(900, 1);
	await_done(produce_version(900, 3));
	sql_run("insert into delivery.given_up (order_id, version, reason) "
		"select distinct order_id, 2, 'test' from delivery.parked");
	cr_expect(wait_until(8000, applied_is(900, "1 3")), "%s", applied(900));
	cr_expect_eq(sql_number(PARKED), MANY);
}
