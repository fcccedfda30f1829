/*
 * The broker or the database is away: what is answered in that time, and that nothing is lost,
 * duplicated or out of order when it is back. These tests stop the shared servers, so they are
 * alone.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/log_file.h"
#include "tests/support/order_event.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/stack.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(outages, .init = stack_ensure, .timeout = 600);

#define TV                                                                                         \
	"{\"customerId\":1000,\"productId\":\"100\",\"productName\":\"TV\",\"qty\":3,\"address\":" \
	"\"SEOUL\"}"
#define HISTORY "select count(*) from delivery.history"

static int compare_ms(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Places, changes and cancels orders, ids from first on; ms gets the times of the calls. */
static void place_change_cancel(const struct service *order, int first, int count, int64_t *ms)
{
	for (int id = first; id < first + count; id++) {
		const char *path = arena_format("/orders/%d", id);
		struct http_answer answer = http_call(order->port, "POST", "/orders", TV, NULL);

		cr_assert_eq(answer.status, 201, "%s%s", answer.error, answer.body);
		cr_assert_eq(json_number(answer.json, "id"), id);
		*ms++ = answer.ms;
		answer = http_call(order->port, "PATCH", path, "{\"qty\":9}", NULL);
		cr_assert_eq(answer.status, 200, "%s%s", answer.error, answer.body);
		*ms++ = answer.ms;
		answer = http_call(order->port, "DELETE", path, NULL, NULL);
		cr_assert_eq(answer.status, 204, "%s%s", answer.error, answer.body);
		*ms++ = answer.ms;
	}
}

static void produce_placed(int64_t id)
{
	const struct raw_message message = order_version(id, 1, 3);

	(void)produce(&message);
}

/* Each order's three events, once and in order. */
static void expect_once_in_order(const struct tail *tail, int orders)
{
	static const char *const types[] = { "OrderPlaced", "OrderModified", "OrderCancelled" };
	int *seen = arena_alloc((size_t)(orders + 1) * sizeof(*seen));

	for (size_t i = 0; i < tail->count; i++) {
		const struct message *m = &tail->messages[i];
		int64_t id = json_number(m->json, "id");

		if (strncmp(message_header(m, "type"), "Order", 5) != 0)
			continue;
		cr_assert(id >= 1 && id <= orders, "%s", m->payload);
		cr_expect_lt(seen[id], 3, "once too often: %s", m->payload);
		cr_expect_str_eq(message_header(m, "type"), types[seen[id] % 3], "%s", m->payload);
		cr_expect_eq(json_number(m->json, "version"), seen[id] + 1);
		seen[id]++;
	}
	for (int id = 1; id <= orders; id++)
		cr_expect_eq(seen[id], 3, "order %d: %d of 3 events", id, seen[id]);
}

LAB_TEST(outages, orders_do_not_notice_that_the_broker_is_away, 2)
{
	enum { BEFORE = 5, DURING = 40, CALLS = 3 * (BEFORE + DURING) };
	struct service *order = service_start(ORDER, NULL);
	struct tail *tail = tail_open(fixture.topic);
	int64_t ms[CALLS];

	place_change_cancel(order, 1, BEFORE, ms);
	broker_stop();
	place_change_cancel(order, BEFORE + 1, DURING, ms);
	qsort(ms, 3 * DURING, sizeof(ms[0]), compare_ms);
	cr_expect_leq(ms[3 * DURING * 99 / 100], wait_stretch(50), "p99 is %lld ms",
		      (long long)ms[3 * DURING * 99 / 100]);
	cr_expect_eq(http_call(order->port, "GET", "/healthz", NULL, NULL).status, 200);
	cr_expect_eq(http_call(order->port, "GET", "/readyz", NULL, NULL).status, 503);
	cr_expect_eq(http_call(order->port, "GET", "/orders", NULL, NULL).status, 200);
	broker_start();
	cr_assert(tail_await(tail, CALLS, 15000), "%zu of %d events", tail->count, CALLS);
	cr_assert(wait_until(5000, sql_number("select count(*) from orders.outbox") == 0));
	cr_expect_eq(tail_read(tail), CALLS);
	expect_once_in_order(tail, BEFORE + DURING);
	cr_expect(wait_until(2000, service_ready(order)));
}

/* The relay is in the middle of its work when the broker goes, and when the service does. */
LAB_TEST(outages, a_stop_while_the_broker_is_away_loses_nothing, 1)
{
	enum { ORDERS = 10 };
	struct service *order = service_start(ORDER, NULL);
	struct tail *tail = tail_open(fixture.topic);
	int64_t ms[3 * ORDERS], took;

	broker_stop();
	place_change_cancel(order, 1, ORDERS, ms);
	took = service_stop(order, SIGTERM);
	cr_expect_leq(took, wait_stretch(2000), "the stop took %lld ms", (long long)took);
	broker_start();
	order = service_start(ORDER, NULL);
	cr_assert(tail_await(tail, 3 * ORDERS, 10000));
	cr_assert(wait_until(5000, sql_number("select count(*) from orders.outbox") == 0));
	cr_expect_eq(tail_read(tail), 3 * ORDERS);
	expect_once_in_order(tail, ORDERS);
}

/* A database that nobody has compared with the topic, and no topic to compare it with: an order id
 * could be one that the topic has used. */
LAB_TEST(outages, an_unknown_database_takes_no_order_without_the_topic, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct http_answer answer;
	int64_t took;

	service_place_order(order);
	service_stop(order, SIGTERM);
	sql_run("update orders.known_database set identity = 'another'");
	broker_stop();
	order = service_launch(ORDER, NULL);
	answer = http_call(order->port, "POST", "/orders", TV, NULL);
	cr_expect_eq(answer.status, 503, "%s", answer.body);
	answer = http_call(order->port, "GET", "/readyz", NULL, NULL);
	cr_expect_eq(answer.status, 503);
	cr_expect_str_eq(json_text(answer.json, "orderIds"), "down", "%s", answer.body);
	cr_expect_eq(sql_number("select count(*) from orders.orders"), 1);
	took = service_stop(order, SIGTERM);
	cr_expect_leq(took, wait_stretch(10000), "the stop took %lld ms", (long long)took);
	service_allow_errors(); /* it may stand still for longer than a part may */
	order = service_launch(ORDER, NULL);
	broker_start();
	cr_assert(wait_until(60000,
			     http_call(order->port, "POST", "/orders", TV, NULL).status == 201));
	cr_expect_gt(sql_number("select max(id) from orders.orders"), 10000);
	cr_expect(wait_until(60000, service_ready(order)));
}

LAB_TEST(outages, deliveries_go_on_after_the_broker_was_away, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct tail *tail = tail_open(fixture.topic);
	int64_t ms[30];

	(void)service_start(DELIVERY, NULL);
	place_change_cancel(order, 1, 3, ms);
	cr_assert(wait_until(10000, sql_number(HISTORY) == 9));
	broker_stop();
	place_change_cancel(order, 4, 3, ms);
	broker_start();
	cr_assert(wait_until(20000, sql_number(HISTORY) == 18));
	cr_assert(tail_await(tail, 36, 10000));
	cr_assert(wait_until(5000, sql_number("select count(*) from delivery.outbox") == 0));
	cr_expect_eq(tail_read(tail), 36);
	expect_once_in_order(tail, 6);
	cr_expect_eq(sql_number("select count(*) from delivery_table where status = "
				"'DELIVERY CANCELLED'"),
		     6);
}

static void expect_unavailable(const struct service *service, const char *method, const char *path,
			       const char *body)
{
	struct http_answer answer = http_call(service->port, method, path, body, NULL);
	const char *what = arena_format("%s %s", method, path);

	cr_expect_eq(answer.status, 503, "%s: %d %s%s", what, answer.status, answer.error,
		     answer.body);
	cr_expect_str_eq(http_header(&answer, "Content-Type"), "application/problem+json", "%s",
			 what);
	cr_expect_gt(strtol(http_header(&answer, "Retry-After"), NULL, 10), 0, "%s: no Retry-After",
		     what);
	cr_expect_leq(answer.ms, wait_stretch(4000), "%s took %lld ms", what, (long long)answer.ms);
}

LAB_TEST(outages, the_database_is_away, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct service *delivery = service_start(DELIVERY, NULL);
	struct tail *tail = tail_open(fixture.topic);
	struct http_answer answer;
	int64_t ms[30], started;

	place_change_cancel(order, 1, 2, ms);
	cr_assert(wait_until(10000, sql_number(HISTORY) == 6));
	postgres_stop();
	for (int round = 0; round < 3; round++) {
		expect_unavailable(order, "POST", "/orders", TV);
		expect_unavailable(order, "PATCH", "/orders/1", "{\"qty\":1}");
		expect_unavailable(order, "DELETE", "/orders/1", NULL);
		expect_unavailable(order, "GET", "/orders/1", NULL);
		expect_unavailable(order, "GET", "/orders", NULL);
		expect_unavailable(delivery, "GET", "/deliveries", NULL);
		expect_unavailable(delivery, "GET", "/deliveries/1", NULL);
	}
	answer = http_call(order->port, "POST", "/orders", "{\"qty\":0}", NULL);
	cr_expect_eq(answer.status, 422, "a bad request stays one: %s", answer.body);
	cr_expect_eq(http_call(order->port, "GET", "/readyz", NULL, NULL).status, 503);
	cr_expect_eq(http_call(order->port, "GET", "/healthz", NULL, NULL).status, 200);
	postgres_start();
	started = mono_ms();
	cr_assert(wait_until(2000,
			     http_call(order->port, "POST", "/orders", TV, NULL).status == 201),
		  "not back after %lld ms", (long long)(mono_ms() - started));
	cr_assert(wait_until(
		2000,
		http_call(order->port, "GET", "/orders/1", NULL, NULL).status == 404 &&
			http_call(delivery->port, "GET", "/deliveries/1", NULL, NULL).status ==
				200));
	cr_assert(wait_until(5000, sql_number(HISTORY) == 7));
	cr_assert(tail_await(tail, 14, 5000));
	cr_expect(wait_until(60000, service_ready(order)));
	cr_expect(wait_until(60000, service_ready(delivery)));
}

/* An event that is in its delay when the database goes, and due while it is away. */
LAB_TEST(outages, an_event_in_work_outlives_the_database, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct service *delivery = service_start(DELIVERY, "DELIVERY_DELAY_MS=1000", NULL);
	struct tail *tail = tail_open(fixture.topic);

	cr_assert_eq(http_call(order->port, "POST", "/orders", TV, NULL).status, 201);
	cr_assert(wait_until(10000, sql_number(HISTORY) == 1));
	cr_assert_eq(http_call(order->port, "PATCH", "/orders/1", "{\"qty\":1}", NULL).status, 200);
	cr_assert(wait_until(5000, service_metric(delivery, "delivery_events_in_work") == 1.0));
	postgres_stop();
	cr_assert(wait_until(60000, service_logged(delivery, "write failed, will retry")));
	postgres_start();
	cr_assert(wait_until(5000, sql_number(HISTORY) == 2));
	cr_assert(wait_until(5000, (tail_read(tail), tail_find(tail, "DeliveryModified", 1, 0))));
	cr_assert(wait_until(5000, sql_number("select count(*) from delivery.outbox") == 0));
	cr_expect_eq(tail_read(tail), 4);
}

/*
 * Kafka has lost all it had, and the topic is re-created: what comes then lies below the position
 * of the old log, and is no repeat of it.
 */
LAB_TEST(outages, a_topic_that_is_made_anew_is_read_from_its_beginning, 1)
{
	enum { BEFORE = 20, AFTER = 3 };
	struct service *order = service_start(ORDER, NULL);
	struct service *delivery = service_start(DELIVERY, NULL);
	struct tail *tail;
	int64_t ms[3 * BEFORE];

	place_change_cancel(order, 1, BEFORE, ms);
	cr_assert(wait_until(10000, sql_number(HISTORY) == 3 * BEFORE));
	cr_assert(wait_until(5000, sql_number("select count(*) from delivery.outbox") == 0));
	/* The leader's epoch goes up: that of the new topic is lower then. */
	broker_stop();
	broker_start();
	cr_assert(wait_until(60000, service_ready(delivery)));
	broker_replace();
	topic_create(fixture.topic, 1);
	tail = tail_open(fixture.topic);
	place_change_cancel(order, BEFORE + 1, AFTER, ms);
	cr_expect(wait_until(60000, sql_number(HISTORY) == 3 * (BEFORE + AFTER)), "%lld of %d",
		  (long long)sql_number(HISTORY), 3 * (BEFORE + AFTER));
	cr_expect(tail_await(tail, 6 * AFTER, 10000), "%zu messages", tail->count);
	cr_expect(service_logs(delivery, "the topic was re-created"));
	cr_expect_eq(service_metric(delivery, "delivery_log_returns_total"), 1.0);
	cr_expect(wait_until(5000,
			     sql_number("select next_offset from delivery.position") == 6 * AFTER));
}

static int64_t produce_traced(int version)
{
	struct raw_message message = order_version(2, version, 2);

	message.headers[2] =
		(struct header){ "traceparent",
				 "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", 0 };
	return produce(&message);
}

/*
 * A broker whose disk was full has given offset 1 to four batches: two events of an order, one of
 * an event without a version, and that one once more. Each event has its effect, and none has two.
 */
LAB_TEST(outages, a_log_that_repeats_offsets_is_read_whole, 1)
{
	const struct raw_message plain = order_event("OrderPlaced", 3, 0, "SEOUL");
	struct service *delivery;

	produce_placed(1);
	(void)produce_traced(1);
	cr_assert_eq(produce_traced(2), 2);
	cr_assert_eq(produce(&plain), 3);
	broker_stop();
	log_file_renumber(fixture.topic, 2, 1);
	log_file_renumber(fixture.topic, 3, 1);
	log_file_repeat(fixture.topic, 3);
	broker_start();
	delivery = service_start(DELIVERY, NULL);
	cr_expect(wait_until(60000, sql_number(HISTORY) == 4), "%lld of 4 effects",
		  (long long)sql_number(HISTORY));
	produce_placed(4);
	cr_assert(wait_until(60000, sql_number(HISTORY) == 5), "%lld of 5 effects",
		  (long long)sql_number(HISTORY));
	cr_assert(wait_until(60000, sql_number("select count(*) from delivery.outbox") == 0));
	cr_expect(wait_until(
		60000, service_metric(delivery, "delivery_partition_lag{partition=\"0\"}") == 0.0));
	cr_expect_eq(sql_number("select next_offset from delivery.position"), 8,
		     "offsets 0 and 1, and 6 that came since");
	cr_expect_eq(sql_number("select count(*) from delivery.applied_plain"), 1);
	cr_expect_geq(service_metric(delivery, "delivery_log_returns_total"), 3.0);
	cr_expect(service_logs(delivery, "the log gives offsets again: reading on"));
	cr_expect_not(service_logged(delivery, "the topic was re-created"));
}

/* As a restore, or a standby that was behind: under a running owner, commits never were. */
LAB_TEST(outages, a_database_that_lost_commits_gets_them_again, 1)
{
	struct service *delivery = service_start(DELIVERY, NULL);

	for (int64_t id = 1; id <= 3; id++)
		produce_placed(id);
	cr_assert(wait_until(60000, sql_number(HISTORY) == 3));
	postgres_copy();
	cr_assert(wait_until(60000, service_ready(delivery)));
	for (int64_t id = 4; id <= 6; id++)
		produce_placed(id);
	cr_assert(wait_until(60000, sql_number(HISTORY) == 6));
	service_allow_errors();
	postgres_go_back();
	cr_expect(wait_until(60000, sql_number(HISTORY) == 6), "%lld of 6",
		  (long long)sql_number(HISTORY));
	cr_expect(wait_until(60000, service_metric(delivery,
						   "delivery_positions_forgotten_total") == 1.0));
	cr_expect(service_logs(delivery, "the database has forgotten what was committed"));
	produce_placed(7);
	cr_expect(wait_until(60000, sql_number(HISTORY) == 7));
	cr_expect_eq(sql_number("select count(distinct order_id) from delivery.history"), 7);
}

LAB_TEST(outages, services_that_start_first_become_ready, 1)
{
	struct service *order, *delivery;

	broker_stop();
	postgres_stop();
	order = service_launch(ORDER, NULL);
	delivery = service_launch(DELIVERY, NULL);
	cr_expect_eq(http_call(order->port, "GET", "/healthz", NULL, NULL).status, 200);
	cr_expect_eq(http_call(delivery->port, "GET", "/healthz", NULL, NULL).status, 200);
	cr_expect_eq(http_call(order->port, "GET", "/readyz", NULL, NULL).status, 503);
	cr_expect_eq(http_call(delivery->port, "GET", "/readyz", NULL, NULL).status, 503);
	expect_unavailable(order, "POST", "/orders", TV);
	postgres_start();
	broker_start();
	cr_assert(wait_until(3000, service_ready(order)));
	cr_assert(wait_until(3000, service_ready(delivery)));
	cr_expect_eq(http_call(order->port, "POST", "/orders", TV, NULL).status, 201);
	cr_expect(wait_until(10000, sql_number(HISTORY) == 1));
}

/* Both are away and it is told to stop: nothing to wait for. */
LAB_TEST(outages, a_stop_needs_neither, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct service *delivery = service_start(DELIVERY, NULL);
	int64_t ms[6], took;

	place_change_cancel(order, 1, 1, ms);
	cr_assert(wait_until(10000, sql_number(HISTORY) == 3));
	broker_stop();
	postgres_stop();
	took = service_stop(order, SIGTERM);
	cr_expect_leq(took, wait_stretch(2000), "order-service took %lld ms", (long long)took);
	took = service_stop(delivery, SIGTERM);
	cr_expect_leq(took, wait_stretch(2000), "delivery-service took %lld ms", (long long)took);
	stack_ensure();
}
