/*
 * Synchronous dispatch (DISPATCH=http): what it does, and what is bad about it, which is why it
 * is here at all.
 */
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/program.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/sync_call.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

#define ORDERS     "select count(*) from orders.orders"
#define DELIVERIES "select count(*) from delivery.delivery"
#define HISTORY    "select count(*) from delivery.history"

TestSuite(sync_dispatch, .timeout = 600);

/* A delivery-service that works delay on the events of delay_on ("NAME=value" both). */
static struct service *start_delivery(const char *delay, const char *delay_on)
{
	return service_start(DELIVERY, "DISPATCH=http", delay, delay_on, NULL);
}

/* An order-service that calls it. more: a further setting. */
static struct service *start_order(const struct service *delivery, const char *more)
{
	const char *url = sync_delivery_url(delivery);

	return service_start(ORDER, "DISPATCH=http", url, more, NULL);
}

/* Its connections, and those that wait for delivery-service with a transaction open. */
static int64_t sessions(const char *state)
{
	return sql_number("select count(*) from pg_stat_activity where datname = "
			  "current_database() and application_name = 'order-service sync' "
			  "and state like '%s'",
			  state);
}

#define WAITING "idle in transaction"

/* --- what it does -------------------------------------------------------------------------- */

/* Everything is there when the answer is, and nothing of it is for Kafka. */
LAB_TEST(sync_dispatch, changes_are_answered_when_they_are_delivered, 1)
{
	struct service *delivery =
		start_delivery("DELIVERY_DELAY_MS=400", "DELIVERY_DELAY_ON=OrderPlaced");
	struct service *order = start_order(delivery, NULL);
	struct http_answer answer = sync_place(order);

	cr_assert_eq(answer.status, 201, "%s%s", answer.error, answer.body);
	cr_expect_geq(answer.ms, 400);
	cr_expect_str_eq(http_header(&answer, "Location"), "/orders/1");
	cr_expect_str_eq(http_header(&answer, "ETag"), "\"1\"");
	cr_expect(json_equal(answer.json,
			     arena_json(json_loads("{\"id\":1,\"version\":1,\"customerId\":1000,"
						   "\"productId\":\"100\",\"productName\":\"TV\","
						   "\"qty\":3,\"address\":\"SEOUL\","
						   "\"status\":\"ORDER PLACED\"}",
						   0, NULL))),
		  "%s", answer.body);
	cr_expect_str_eq(sql_text("select status from delivery_table"), "DELIVERY STARTED");
	answer = sync_move(order, 1, "BUSAN");
	cr_expect_eq(answer.status, 200, "%s%s", answer.error, answer.body);
	cr_expect_str_eq(json_text(answer.json, "status"), "ORDER MODIFIED");
	cr_expect_str_eq(sql_text("select address || ' ' || status from delivery_table"),
			 "BUSAN DELIVERY MODIFIED");
	answer = http_call(order->port, "DELETE", "/orders/1", NULL, NULL);
	cr_expect_eq(answer.status, 204, "%s%s", answer.error, answer.body);
	cr_expect_str_eq(sql_text("select address || ' ' || status from order_table"),
			 "BUSAN ORDER CANCELLED");
	cr_expect_str_eq(sql_text("select string_agg(version || event, ',' order by id) "
				  "from delivery.history"),
			 "1OrderPlaced,2OrderModified,3OrderCancelled");
	cr_expect_eq(sql_number("select (select count(*) from orders.outbox) + "
				"(select count(*) from delivery.outbox)"),
		     0);
	cr_expect_eq(tail_read(tail_open(fixture.topic)), 0);
}

/* The rules are those of the way through Kafka; and what is no change needs no delivery-service. */
LAB_TEST(sync_dispatch, the_rules_of_orders_hold, 1)
{
	struct service *delivery =
		start_delivery("DELIVERY_DELAY_MS=0", "DELIVERY_DELAY_ON=OrderPlaced");
	struct service *order = start_order(delivery, NULL);
	struct http_answer answer;

	for (int i = 0; i < 2; i++) {
		answer = http_call(order->port, "POST", "/orders", SYNC_ORDER, "Idempotency-Key: k",
				   NULL);
		cr_expect_eq(answer.status, 201, "%s%s", answer.error, answer.body);
		cr_expect_eq(json_number(answer.json, "id"), 1);
		cr_expect_str_eq(http_header(&answer, "Idempotency-Replayed"), i ? "true" : "");
		if (i == 0)
			(void)service_stop(delivery, SIGTERM);
	}
	answer = sync_move(order, 1, "SEOUL");
	cr_expect_eq(answer.status, 200, "%s%s", answer.error, answer.body);
	cr_expect_eq(json_number(answer.json, "version"), 1);
	answer = http_call(order->port, "PATCH", "/orders/1", "{\"qty\":5}", "If-Match: \"2\"",
			   NULL);
	expect_problem(&answer, 412, "version 1, not 2");
	answer = http_call(order->port, "DELETE", "/orders/2", NULL, NULL);
	expect_problem(&answer, 404, "order 2");
	cr_expect_eq(sql_number(ORDERS), 1);
}

static struct http_answer place_with_key(const struct service *order)
{
	return http_call(order->port, "POST", "/orders", SYNC_ORDER, "Idempotency-Key: k", NULL);
}

static void *place_first(void *order)
{
	cr_expect_eq(place_with_key(order).status, 201);
	return NULL;
}

/* The first one is not committed before it is delivered; the second one waits for that. */
LAB_TEST(sync_dispatch, a_repeat_beside_the_first_request_gets_its_answer, 1)
{
	struct service *order = start_order(
		start_delivery("DELIVERY_DELAY_MS=1000", "DELIVERY_DELAY_ON=OrderPlaced"), NULL);
	struct http_answer answer;
	pthread_t first;

	cr_assert_eq(pthread_create(&first, NULL, place_first, order), 0);
	cr_assert(wait_until(5000, sessions(WAITING) == 1));
	answer = place_with_key(order);
	(void)pthread_join(first, NULL);
	cr_expect_eq(answer.status, 201, "%s%s", answer.error, answer.body);
	cr_expect_str_eq(http_header(&answer, "Idempotency-Replayed"), "true");
	cr_expect_eq(sql_number(ORDERS), 1);
	cr_expect_eq(sql_number(HISTORY), 1);
}

/* It has no use for Kafka, and does not ask whether there is one. */
LAB_TEST(sync_dispatch, it_is_ready_without_kafka, 1)
{
	struct service *order =
		service_start(ORDER, "DISPATCH=http", "KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:1", NULL);
	struct http_answer answer = http_call(order->port, "GET", "/readyz", NULL, NULL);

	cr_expect_null(json_object_get(answer.json, "broker"), "%s", answer.body);
	cr_expect_eq(sql_number("select count(*) from orders.outbox_lease where holder <> ''"), 0);
}

LAB_TEST(sync_dispatch, a_url_that_is_none_is_a_bad_setting, 1)
{
	static const char *const urls[] = { "127.0.0.1:8082", "ftp://127.0.0.1",
					    "http://127.0.0.1:8082/orders", "http://" };

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		const char *const settings[] = { "DISPATCH=http", "HTTP_PORT=0",
						 arena_format("DELIVERY_URL=%s", urls[i]), NULL };
		struct program_run run = program_run("order-service", NULL, settings);

		cr_expect_eq(run.status, 2, "%s: %s", urls[i], run.output);
		cr_expect_not_null(strstr(run.output, "DELIVERY_URL must be"), "%s", run.output);
	}
}

/* --- what is bad about it ------------------------------------------------------------------ */

/* A change in work holds a connection and an open transaction as long as its delivery takes. */
LAB_TEST(sync_dispatch, each_change_holds_a_connection, 1)
{
	enum { CHANGES = 5 };
	struct service *order = start_order(
		start_delivery("DELIVERY_DELAY_MS=2000", "DELIVERY_DELAY_ON=OrderPlaced"), NULL);
	struct http_pending *calls[CHANGES];

	for (int i = 0; i < CHANGES; i++)
		calls[i] = http_begin(order->port, "POST", "/orders", SYNC_ORDER);
	cr_expect(wait_until(5000, sessions(WAITING) == CHANGES));
	cr_expect_eq(sql_number(ORDERS), 0);
	for (int i = 0; i < CHANGES; i++)
		cr_expect_eq(http_end(calls[i]).status, 201);
	cr_expect_eq(sql_number(ORDERS), CHANGES);
	cr_expect_eq(sql_number(DELIVERIES), CHANGES);
	cr_expect(wait_until(5000, sessions("%") == 0));
}

/* The second change of an order waits for the first one's delivery, too. */
LAB_TEST(sync_dispatch, changes_of_one_order_wait_for_its_deliveries, 1)
{
	struct service *order = start_order(
		start_delivery("DELIVERY_DELAY_MS=500", "DELIVERY_DELAY_ON=OrderModified"), NULL);
	struct http_pending *first;
	int64_t started;

	cr_assert_eq(sync_place(order).status, 201);
	started = mono_ms();
	first = http_begin(order->port, "PATCH", "/orders/1", "{\"qty\":5}");
	cr_expect_eq(sync_move(order, 1, "BUSAN").status, 200);
	cr_expect_eq(http_end(first).status, 200);
	cr_expect_geq(mono_ms() - started, 2 * 500);
	cr_expect_str_eq(sql_text("select version || ' ' || qty || address from orders.orders"),
			 "3 5BUSAN");
	cr_expect_str_eq(sql_text("select version || ' ' || qty || address from delivery.delivery"),
			 "3 5BUSAN");
}

/* A session of the services may idle in a transaction for 20 s; here it may as long as it takes. */
LAB_TEST(sync_dispatch, a_delivery_may_take_long, 1)
{
	struct service *order = start_order(start_delivery("DELIVERY_DELAY_MS=21000",
							   "DELIVERY_DELAY_ON=OrderPlaced"),
					    "DELIVERY_TIMEOUT_MS=40000");
	struct http_pending *call = http_begin(order->port, "POST", "/orders", SYNC_ORDER);

	cr_expect(wait_until(30000, sql_number(ORDERS) == 1));
	(void)http_end(call); /* this client has not the patience */
}

/* No answer in time: the order was never placed, and its delivery is there all the same. */
LAB_TEST(sync_dispatch, a_time_out_leaves_a_delivery_without_an_order, 1)
{
	struct service *order = start_order(start_delivery("DELIVERY_DELAY_MS=1500",
							   "DELIVERY_DELAY_ON=OrderPlaced"),
					    "DELIVERY_TIMEOUT_MS=300");
	struct http_answer answer = sync_place(order);

	expect_problem(&answer, 504, "did not answer in 300 ms");
	cr_expect_geq(answer.ms, 300);
	cr_expect_eq(sql_number(ORDERS), 0);
	cr_expect_eq(sql_number(DELIVERIES), 0);
	cr_expect(wait_until(10000, sql_number(DELIVERIES) == 1));
	cr_expect_eq(sql_number(ORDERS), 0);
}

LAB_TEST(sync_dispatch, a_time_out_leaves_an_order_as_it_was, 1)
{
	struct service *order = start_order(start_delivery("DELIVERY_DELAY_MS=1500",
							   "DELIVERY_DELAY_ON=OrderModified"),
					    "DELIVERY_TIMEOUT_MS=1000");
	struct http_answer answer = sync_place(order);

	cr_assert_eq(answer.status, 201, "%s%s", answer.error, answer.body);
	answer = sync_move(order, 1, "BUSAN");
	expect_problem(&answer, 504, "the order is unchanged");
	answer = http_call(order->port, "GET", "/orders/1", NULL, NULL);
	cr_expect_str_eq(json_text(answer.json, "address"), "SEOUL");
	cr_expect_eq(json_number(answer.json, "version"), 1);
	cr_expect(wait_until(10000,
			     strcmp(sql_text("select address from delivery_table"), "BUSAN") == 0));
}

/* Without delivery-service there are no orders. */
LAB_TEST(sync_dispatch, while_delivery_is_down_nothing_is_placed, 1)
{
	struct service *delivery =
		start_delivery("DELIVERY_DELAY_MS=0", "DELIVERY_DELAY_ON=OrderPlaced");
	struct service *order = start_order(delivery, NULL);
	struct http_answer answer;

	cr_assert_eq(sync_place(order).status, 201);
	(void)service_stop(delivery, SIGTERM);
	answer = sync_place(order);
	expect_problem(&answer, 502, "cannot be asked");
	answer = sync_move(order, 1, "BUSAN");
	expect_problem(&answer, 502, "cannot be asked");
	cr_expect_str_eq(sql_text("select version || address from orders.orders"), "1SEOUL");
	cr_expect_eq(sql_number(ORDERS), 1);
}

LAB_TEST(sync_dispatch, what_delivery_refuses_is_not_done, 1)
{
	struct service *order = start_order(
		start_delivery("DELIVERY_DELAY_MS=0", "DELIVERY_DELAY_ON=OrderPlaced"), NULL);
	struct service *deaf = start_order(service_start(DELIVERY, NULL), NULL);
	struct http_answer answer;

	cr_assert_eq(sync_place(order).status, 201);
	sql_run("delete from delivery.delivery");
	answer = sync_move(order, 1, "BUSAN");
	expect_problem(&answer, 502, "answered 404");
	cr_expect_str_eq(sql_text("select version || address from orders.orders"), "1SEOUL");
	answer = sync_place(deaf);
	expect_problem(&answer, 502, "answered 405");
	cr_expect_eq(sql_number(ORDERS), 1);
}

/* The database has no connection left: nothing can be changed; what is read over those that are
 * open goes on. */
LAB_TEST(sync_dispatch, without_a_connection_nothing_is_placed, 1)
{
	struct service *order = start_order(
		start_delivery("DELIVERY_DELAY_MS=0", "DELIVERY_DELAY_ON=OrderPlaced"), NULL);
	struct http_answer answer;

	sql_run("alter database %s connection limit 0", fixture.database);
	answer = sync_place(order);
	expect_problem(&answer, 503, "try again");
	cr_expect_str_eq(http_header(&answer, "Retry-After"), "1");
	cr_expect(service_logs(order, "too many connections"));
	cr_expect_eq(http_call(order->port, "GET", "/orders", NULL, NULL).status, 200);
	cr_expect_eq(sql_number(ORDERS), 0);
	cr_expect_eq(sql_number(HISTORY), 0);
	sql_run("alter database %s connection limit -1", fixture.database);
	cr_expect_eq(sync_place(order).status, 201);
}

/* The delivery is done when the order's transaction is lost: they were never one. */
LAB_TEST(sync_dispatch, a_lost_transaction_leaves_a_delivery_without_an_order, 1)
{
	struct service *delivery =
		start_delivery("DELIVERY_DELAY_MS=1500", "DELIVERY_DELAY_ON=OrderPlaced");
	struct service *order = start_order(delivery, NULL);
	struct http_pending *call = http_begin(order->port, "POST", "/orders", SYNC_ORDER);
	struct http_answer answer;

	/* The call has reached delivery-service: its connection, and the one that asks. */
	cr_assert(wait_until(5000, service_metric(delivery, "http_connections") == 2));
	sql_run("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = "
		"current_database() and application_name = 'order-service sync'");
	answer = http_end(call);
	expect_problem(&answer, 503, "try again");
	cr_expect_eq(sql_number(ORDERS), 0);
	cr_expect_eq(sql_number(DELIVERIES), 1);
}

/* --- stops --------------------------------------------------------------------------------- */

LAB_TEST(sync_dispatch, a_stop_cuts_off_what_is_delivered, 1)
{
	struct service *order = start_order(start_delivery("DELIVERY_DELAY_MS=60000",
							   "DELIVERY_DELAY_ON=OrderPlaced"),
					    "DELIVERY_TIMEOUT_MS=50000");
	struct http_pending *call = http_begin(order->port, "POST", "/orders", SYNC_ORDER);
	struct http_answer answer;
	int64_t stopped_ms;

	cr_assert(wait_until(5000, sessions(WAITING) == 1));
	stopped_ms = service_stop(order, SIGTERM);
	cr_expect_lt(stopped_ms, 4000, "the stop took %lld ms", (long long)stopped_ms);
	answer = http_end(call);
	expect_problem(&answer, 503, "try again");
	cr_expect_eq(sql_number(ORDERS), 0);
}

LAB_TEST(sync_dispatch, a_stop_of_delivery_undoes_what_it_is_at, 1)
{
	struct service *delivery =
		start_delivery("DELIVERY_DELAY_MS=60000", "DELIVERY_DELAY_ON=OrderPlaced");
	struct service *order = start_order(delivery, "DELIVERY_TIMEOUT_MS=50000");
	struct http_pending *call = http_begin(order->port, "POST", "/orders", SYNC_ORDER);
	struct http_answer answer;

	cr_assert(wait_until(5000, sessions(WAITING) == 1));
	cr_assert(wait_until(5000, service_metric(delivery, "http_connections") >= 2));
	(void)service_stop(delivery, SIGTERM);
	answer = http_end(call);
	expect_problem(&answer, 502, "answered 503");
	cr_expect_eq(sql_number(ORDERS), 0);
	cr_expect_eq(sql_number(DELIVERIES), 0);
}

/* Requests for which no thread was free yet are refused, and take no session. */
LAB_TEST(sync_dispatch, a_stop_begins_nothing, 1)
{
	enum { CALLS = 60 };
	static const char begun[] = "select sessions from pg_stat_database "
				    "where datname = current_database()";
	struct service *delivery =
		start_delivery("DELIVERY_DELAY_MS=60000", "DELIVERY_DELAY_ON=OrderPlaced");
	struct service *order = service_start(ORDER, "DISPATCH=http", "HTTP_THREADS=2",
					      "DELIVERY_TIMEOUT_MS=50000",
					      sync_delivery_url(delivery), NULL);
	struct http_pending *calls[CALLS];
	int64_t before;

	for (int i = 0; i < CALLS; i++)
		calls[i] = http_begin(order->port, "POST", "/orders", SYNC_ORDER);
	cr_assert(wait_until(60000,
			     sessions(WAITING) > 0 &&
				     service_metric(order, "http_requests_waiting") >= CALLS - 2));
	before = sql_number(begun);
	(void)service_stop(order, SIGTERM);
	for (int i = 0; i < CALLS; i++)
		cr_expect_eq(http_end(calls[i]).status, 503);
	cr_expect_eq(sql_number(ORDERS), 0);
	/* Those of before are counted at the latest when they end. */
	cr_expect_lt(sql_number(begun) - before, CALLS / 2);
}
