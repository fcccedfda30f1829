/*
 * Group commit without a queue (DISPATCH=http, SYNC_COMMIT=group): changes that wait share a
 * transaction and a call, each has its own answer, and what is bad about the synchronous way stays.
 */
#include <signal.h>
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/order_event.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/sync_call.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(sync_batch, .timeout = 600);

#define ORDERS     "select count(*) from orders.orders"
#define DELIVERIES "select count(*) from delivery.delivery"
#define HISTORY    "select count(*) from delivery.history"
#define ADDRESSES  "select string_agg(address, ' ' order by order_id) from delivery.delivery"

static struct service *start_delivery(const char *delay)
{
	return service_start(DELIVERY, "DISPATCH=http", "SYNC_POOL=2", delay,
			     "DELIVERY_DELAY_ON=OrderPlaced", NULL);
}

static struct service *start_order(const struct service *delivery, const char *more)
{
	return service_start(ORDER, "DISPATCH=http", "SYNC_COMMIT=group",
			     sync_delivery_url(delivery), more, NULL);
}

/* Waits until the writer is in a call, and so many changes wait behind it. */
static void await_waiting(const struct service *order, int count)
{
	cr_assert(wait_until(60000, service_metric(order, "order_queue_depth") == count));
}

LAB_TEST(sync_batch, changes_are_answered_when_they_are_delivered, 1)
{
	struct service *order = start_order(start_delivery("DELIVERY_DELAY_MS=300"), NULL);
	struct http_answer answer = sync_place(order);

	cr_assert_eq(answer.status, 201, "%s%s", answer.error, answer.body);
	cr_expect_geq(answer.ms, 300);
	cr_expect_str_eq(sql_text("select status from delivery_table"), "DELIVERY STARTED");
	cr_expect_eq(sync_move(order, 1, "BUSAN").status, 200);
	cr_expect_eq(http_call(order->port, "DELETE", "/orders/1", NULL, NULL).status, 204);
	cr_expect_str_eq(sql_text("select address || ' ' || status from delivery_table"),
			 "BUSAN DELIVERY CANCELLED");
	cr_expect_str_eq(sql_text("select string_agg(version || event || status || \"partition\" "
				  "|| \"offset\" || replica, ',' order by id) from "
				  "delivery.history where received_at <= applied_at"),
			 "1OrderPlacedDELIVERY STARTED-1-1delivery-1,"
			 "2OrderModifiedDELIVERY MODIFIED-1-1delivery-1,"
			 "3OrderCancelledDELIVERY CANCELLED-1-1delivery-1");
	cr_expect_eq(sql_number("select (select count(*) from orders.outbox) + "
				"(select count(*) from delivery.outbox)"),
		     0);
	cr_expect_eq(tail_read(tail_open(fixture.topic)), 0);
}

/* While a batch is being delivered, those that come are the next one: one transaction, one call. */
LAB_TEST(sync_batch, changes_that_wait_share_a_call, 1)
{
	enum { CHANGES = 40 };
	struct service *delivery = start_delivery("DELIVERY_DELAY_MS=0");
	struct service *order = start_order(delivery, NULL);
	struct http_pending *first, *calls[CHANGES];

	sql_run("begin");
	sql_run(SYNC_HOLD);
	first = http_begin(order->port, "POST", "/orders", SYNC_ORDER);
	cr_assert(wait_until(60000, sql_waiting_sessions() == 1));
	for (int i = 0; i < CHANGES; i++)
		calls[i] = http_begin(order->port, "POST", "/orders", SYNC_ORDER);
	await_waiting(order, CHANGES);
	cr_expect_eq(http_call(order->port, "GET", "/orders", NULL, NULL).status, 200,
		     "those who wait hold no thread");
	sql_run("commit");
	cr_expect_eq(http_end(first).status, 201);
	for (int i = 0; i < CHANGES; i++)
		cr_expect_eq(http_end(calls[i]).status, 201);
	cr_expect_eq(sql_number(ORDERS), 1 + CHANGES);
	cr_expect_eq(sql_number(DELIVERIES), 1 + CHANGES);
	cr_expect_eq(sql_number("select count(distinct xmin::text) from delivery.history"), 2);
	cr_expect_eq(service_metric(order, "order_batch_commands_count"), 2);
	/* Over one kept connection; the other one asks. */
	cr_expect_eq(service_metric(delivery, "http_connections"), 2);
	cr_expect_eq(service_metric(order, "relay_active"), -1, "it has no relay");
}

/* The rules are those of the other ways. */
LAB_TEST(sync_batch, each_change_has_its_own_answer, 1)
{
	struct service *order = start_order(start_delivery("DELIVERY_DELAY_MS=0"), NULL);
	struct http_answer answer;

	for (int i = 0; i < 2; i++) {
		answer = http_call(order->port, "POST", "/orders", SYNC_ORDER, "Idempotency-Key: k",
				   NULL);
		cr_expect_eq(answer.status, 201, "%s%s", answer.error, answer.body);
		cr_expect_str_eq(http_header(&answer, "Idempotency-Replayed"), i ? "true" : "");
	}
	cr_expect_eq(sql_number(HISTORY), 1);
	answer = http_call(order->port, "PATCH", "/orders/1", "{\"qty\":5}", "If-Match: \"2\"",
			   NULL);
	expect_problem(&answer, 412, "version 1, not 2");
	answer = sync_move(order, 7, "BUSAN");
	expect_problem(&answer, 404, "order 7");
	answer = sync_move(order, 1, "SEOUL");
	cr_expect_eq(json_number(answer.json, "version"), 1, "no change: %s", answer.body);
	cr_expect_eq(sql_number(HISTORY), 1);
}

/* Several changes of one order in one batch: in their order. */
LAB_TEST(sync_batch, changes_of_one_order_share_a_call_too, 1)
{
	enum { CHANGES = 5 };
	struct service *order = start_order(start_delivery("DELIVERY_DELAY_MS=0"), NULL);
	struct http_pending *first, *calls[CHANGES];

	cr_assert_eq(sync_place(order).status, 201);
	sql_run("begin");
	sql_run(SYNC_HOLD);
	first = http_begin(order->port, "PATCH", "/orders/1", "{\"qty\":10}");
	cr_assert(wait_until(60000, sql_waiting_sessions() == 1));
	for (int i = 0; i < CHANGES; i++) {
		calls[i] = http_begin(order->port, "PATCH", "/orders/1",
				      arena_format("{\"qty\":%d}", 11 + i));
		await_waiting(order, i + 1);
	}
	sql_run("commit");
	cr_expect_eq(http_end(first).status, 200);
	for (int i = 0; i < CHANGES; i++)
		cr_expect_eq(http_end(calls[i]).status, 200);
	cr_expect_str_eq(sql_text("select version || ' ' || qty from delivery.delivery"), "7 15");
	cr_expect_str_eq(sql_text("select string_agg(version::text, ' ' order by id) from "
				  "delivery.history"),
			 "1 2 3 4 5 6 7");
}

/* One that delivery-service does not accept leaves its neighbours untouched. */
LAB_TEST(sync_batch, one_that_is_refused_does_not_concern_the_others, 1)
{
	struct service *order = start_order(start_delivery("DELIVERY_DELAY_MS=0"), NULL);
	struct http_pending *first, *refused, *other;
	struct http_answer answer;

	for (int i = 0; i < 3; i++)
		cr_assert_eq(sync_place(order).status, 201);
	sql_run("delete from delivery.delivery where order_id = 2");
	sql_run("begin");
	sql_run(SYNC_HOLD);
	first = http_begin(order->port, "PATCH", "/orders/1", "{\"address\":\"A\"}");
	cr_assert(wait_until(60000, sql_waiting_sessions() == 1));
	refused = http_begin(order->port, "PATCH", "/orders/2", "{\"address\":\"B\"}");
	other = http_begin(order->port, "PATCH", "/orders/3", "{\"address\":\"C\"}");
	await_waiting(order, 2);
	sql_run("commit");
	cr_expect_eq(http_end(first).status, 200);
	answer = http_end(refused);
	expect_problem(&answer, 502, "answered 404");
	cr_expect_eq(http_end(other).status, 200);
	cr_expect_str_eq(sql_text(ADDRESSES), "A C");
	cr_expect_str_eq(sql_text("select string_agg(address, ' ' order by id) from orders.orders"),
			 "A SEOUL C");
}

/* One of a batch is refused, and the others are delivered to nobody: none waits for its own turn.
 */
LAB_TEST(sync_batch, a_batch_waits_for_one_time_out, 1)
{
	enum { CHANGES = 4 };
	struct service *order =
		start_order(start_delivery("DELIVERY_DELAY_MS=0"), "DELIVERY_TIMEOUT_MS=5000");
	struct http_pending *first, *calls[CHANGES];

	for (int i = 0; i < 1 + CHANGES; i++)
		cr_assert_eq(sync_place(order).status, 201);
	sql_run("delete from delivery.delivery where order_id = 2");
	sql_run("create function delivery.hang() returns trigger language plpgsql as $f$ begin "
		"perform pg_sleep(8); return new; end $f$");
	sql_run("create trigger hang before insert on delivery.history for each row "
		"when (new.order_id > 1) execute function delivery.hang()");
	sql_run("begin");
	sql_run(SYNC_HOLD);
	first = http_begin(order->port, "PATCH", "/orders/1", "{\"qty\":5}");
	cr_assert(wait_until(60000, sql_waiting_sessions() == 1));
	for (int i = 0; i < CHANGES; i++) {
		calls[i] = http_begin(order->port, "PATCH", arena_format("/orders/%d", 2 + i),
				      "{\"qty\":5}");
		await_waiting(order, 1 + i);
	}
	sql_run("commit");
	cr_expect_eq(http_end(first).status, 200);
	cr_expect_eq(http_end(calls[0]).status, 502);
	for (int i = 1; i < CHANGES; i++)
		cr_expect_eq(http_end(calls[i]).status, 504);
	/* The batch, the refused one, and the one that was waited for. */
	cr_expect_eq(service_metric(order, "order_write_errors_total"), 3);
}

/* What a call cannot hold goes in several. */
LAB_TEST(sync_batch, a_batch_may_take_several_calls, 1)
{
	enum { CHANGES = 200 };
	const char *body = arena_format("{\"customerId\":1,\"productId\":\"1\",\"productName\":"
					"\"%0200d\",\"qty\":1,\"address\":\"%0200d\"}",
					1, 2);
	struct service *order = start_order(start_delivery("DELIVERY_DELAY_MS=0"), NULL);
	struct http_pending *first, *calls[CHANGES];

	sql_run("begin");
	sql_run(SYNC_HOLD);
	first = http_begin(order->port, "POST", "/orders", body);
	cr_assert(wait_until(60000, sql_waiting_sessions() == 1));
	for (int i = 0; i < CHANGES; i++)
		calls[i] = http_begin(order->port, "POST", "/orders", body);
	await_waiting(order, CHANGES);
	sql_run("commit");
	cr_expect_eq(http_end(first).status, 201);
	for (int i = 0; i < CHANGES; i++)
		cr_expect_eq(http_end(calls[i]).status, 201);
	cr_expect_eq(sql_number(DELIVERIES), 1 + CHANGES);
	cr_expect_eq(service_metric(order, "order_batch_commands_count"), 2);
	cr_expect_gt(sql_number("select count(distinct xmin::text) from delivery.history"), 2);
}

/* --- what stays bad about it ---------------------------------------------------------------- */

LAB_TEST(sync_batch, while_delivery_is_down_nothing_is_placed, 1)
{
	struct service *delivery = start_delivery("DELIVERY_DELAY_MS=0");
	struct service *order = start_order(delivery, NULL);
	struct http_answer answer;

	cr_assert_eq(sync_place(order).status, 201);
	(void)service_stop(delivery, SIGTERM);
	answer = sync_place(order);
	expect_problem(&answer, 502, "cannot be asked");
	answer = sync_move(order, 1, "BUSAN");
	expect_problem(&answer, 502, "cannot be asked");
	cr_expect_str_eq(sql_text("select version || address from orders.orders"), "1SEOUL");
}

/* The log names the file; the client need not know it. */
LAB_TEST(sync_batch, without_a_token_nothing_is_placed, 1)
{
	struct service *order = start_order(start_delivery("DELIVERY_DELAY_MS=0"),
					    "HTTP_TOKEN_FILE=/nowhere/token");
	struct http_answer answer = sync_place(order);

	expect_problem(&answer, 502, "no token to show");
	cr_expect_null(strstr(answer.body, "/nowhere"), "%s", answer.body);
	cr_expect(service_logs(order, "HTTP_TOKEN_FILE=/nowhere/token: No such file"));
}

/* No answer in time: no order was placed, and the deliveries are there all the same. */
LAB_TEST(sync_batch, a_time_out_leaves_deliveries_without_orders, 1)
{
	struct service *order =
		start_order(start_delivery("DELIVERY_DELAY_MS=1500"), "DELIVERY_TIMEOUT_MS=300");
	struct http_answer answer = sync_place(order);

	expect_problem(&answer, 504, "did not answer in 300 ms");
	cr_expect_eq(sql_number(ORDERS), 0);
	cr_expect(wait_until(60000, sql_number(DELIVERIES) == 1));
	cr_expect_eq(sql_number(ORDERS), 0);
}

/* A session of the services may idle in a transaction for 20 s; here it may as long as it takes,
 * and the database's own time begins behind it. */
LAB_TEST(sync_batch, a_delivery_may_take_long, 1)
{
	struct service *delivery = service_start(DELIVERY, "DISPATCH=http",
						 "DELIVERY_DELAY_MS=21000",
						 "DELIVERY_DELAY_ON=OrderModified", NULL);
	struct service *order = start_order(delivery, "DELIVERY_TIMEOUT_MS=60000");
	struct http_pending *call;

	service_allow_errors(); /* it says that it takes no other order */
	cr_assert_eq(sync_place(order).status, 201);
	call = http_begin(order->port, "PATCH", "/orders/1", "{\"qty\":5}");
	cr_expect(wait_until(60000, sql_number("select version from orders.orders") == 2));
	(void)http_end(call); /* this client has not the patience */
}

LAB_TEST(sync_batch, a_stop_cuts_off_what_is_delivered, 1)
{
	struct service *order =
		start_order(start_delivery("DELIVERY_DELAY_MS=60000"), "DELIVERY_TIMEOUT_MS=50000");
	struct http_pending *call = http_begin(order->port, "POST", "/orders", SYNC_ORDER);
	struct http_answer answer;

	cr_assert(wait_until(60000, service_metric(order, "service_progress_age_seconds{part=\""
							  "writer\"}") > 0));
	(void)service_stop(order, SIGTERM);
	answer = http_end(call);
	expect_problem(&answer, 503, "try again");
	cr_expect_eq(sql_number(ORDERS), 0);
}

/* --- the delivery side ---------------------------------------------------------------------- */

static struct http_answer deliver(const struct service *delivery, const char *events)
{
	return http_call(delivery->port, "POST", "/delivery-batches",
			 arena_format("{\"events\":%s}", events), NULL);
}

/* Two events, the second of a later version. */
static const char *two(int64_t first, int64_t second, int version, const char *type)
{
	return arena_format("[%s,%s]",
			    (const char *)order_event("OrderPlaced", first, 1, "A").payload,
			    (const char *)order_event(type, second, version, "B").payload);
}

LAB_TEST(sync_batch, a_call_is_applied_as_a_whole_or_not_at_all, 1)
{
	struct service *delivery = start_delivery("DELIVERY_DELAY_MS=0");
	struct http_answer answer = deliver(delivery, two(1, 2, 2, "OrderModified"));

	expect_problem(&answer, 404, "order 2");
	cr_expect_eq(sql_number(HISTORY), 0);
	answer = deliver(delivery, two(1, 1, 2, "OrderModified"));
	cr_expect_eq(answer.status, 200, "%s%s", answer.error, answer.body);
	cr_expect_eq(json_number(answer.json, "applied"), 2);
	/* The same again has no second effect, and another change under the same version none. */
	cr_expect_eq(deliver(delivery, two(1, 1, 2, "OrderModified")).status, 200);
	answer = deliver(delivery, two(1, 1, 2, "OrderCancelled"));
	expect_problem(&answer, 409, "version 2 of order 1");
	cr_expect_str_eq(sql_text("select status || address from delivery.delivery"),
			 "DELIVERY MODIFIEDB");
	cr_expect_eq(sql_number(HISTORY), 2);
}

LAB_TEST(sync_batch, bad_batches_are_refused, 1)
{
	static const struct {
		const char *events, *detail;
	} bad[] = {
		{ "[]", "must be a list" },
		{ "7", "must be a list" },
		{ "[7]", "event 0: no eventType" },
		{ "[{\"eventType\":\"DeliveryStarted\"}]", "event 0: no eventType" },
		{ "[{\"eventType\":\"OrderPlaced\"}]", "event 0: field id is missing" },
	};
	struct service *delivery = start_delivery("DELIVERY_DELAY_MS=0");
	struct service *other = service_start(DELIVERY, NULL);
	struct http_answer answer;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		answer = deliver(delivery, bad[i].events);
		expect_problem(&answer, 422, bad[i].detail);
	}
	answer = deliver(delivery,
			 arena_format("[%s]",
				      (const char *)order_event("OrderPlaced", 1, 0, "A").payload));
	expect_problem(&answer, 422, "event 0: field version is missing");
	cr_expect_eq(deliver(other, "[]").status, 404, "only with DISPATCH=http");
	cr_expect_eq(sql_number(HISTORY), 0);
}
