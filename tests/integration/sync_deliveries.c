/*
 * The delivery side of synchronous dispatch: POST /deliveries with DISPATCH=http.
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
#include "tests/support/wait.h"

TestSuite(sync_deliveries, .timeout = 600);

#define DELIVERIES "select count(*) from delivery.delivery"
#define HISTORY    "select count(*) from delivery.history"

static struct http_answer deliver(const struct service *delivery, const char *type, int version,
				  const char *address)
{
	return http_call(delivery->port, "POST", "/deliveries",
			 order_event(type, 7, version, address).payload, NULL);
}

/* Delivery, history, and neither an event nor a position. */
LAB_TEST(sync_deliveries, events_are_applied_when_they_are_answered, 1)
{
	struct service *delivery = service_start(DELIVERY, "DISPATCH=http", NULL);
	struct http_answer answer = deliver(delivery, "OrderPlaced", 1, "SEOUL");

	cr_assert_eq(answer.status, 201, "%s%s", answer.error, answer.body);
	cr_expect_str_eq(http_header(&answer, "Location"), "/deliveries/7");
	cr_expect(json_equal(answer.json, arena_json(json_loads(
						  "{\"id\":1,\"orderId\":7,\"version\":1,"
						  "\"customerId\":2000,\"productId\":\"100\","
						  "\"productName\":\"RADIO\",\"qty\":3,\"address\":"
						  "\"SEOUL\",\"status\":\"DELIVERY STARTED\"}",
						  0, NULL))),
		  "%s", answer.body);
	answer = deliver(delivery, "OrderModified", 2, "BUSAN");
	cr_expect_eq(answer.status, 200, "%s%s", answer.error, answer.body);
	cr_expect_str_eq(json_text(answer.json, "address"), "BUSAN");
	cr_expect_str_eq(json_text(answer.json, "status"), "DELIVERY MODIFIED");
	answer = deliver(delivery, "OrderCancelled", 3, "BUSAN");
	cr_expect_eq(answer.status, 200, "%s%s", answer.error, answer.body);
	cr_expect_str_eq(sql_text("select order_id || ' ' || customer_id || ' ' || product_id || "
				  "' ' || product_name || ' ' || qty || ' ' || address || ' ' || "
				  "status from delivery_table"),
			 "7 2000 100 RADIO 3 BUSAN DELIVERY CANCELLED");
	cr_expect_str_eq(sql_text("select string_agg(version || event || status || \"partition\" "
				  "|| \"offset\" || replica, ',' order by id) "
				  "from delivery.history where received_at <= applied_at"),
			 "1OrderPlacedDELIVERY STARTED-1-1delivery-1,"
			 "2OrderModifiedDELIVERY MODIFIED-1-1delivery-1,"
			 "3OrderCancelledDELIVERY CANCELLED-1-1delivery-1");
	cr_expect_eq(sql_number("select count(*) from delivery.outbox"), 0);
	cr_expect_eq(sql_number("select coalesce(sum(next_offset), 0) from delivery.position"), 0);
}

LAB_TEST(sync_deliveries, the_same_event_has_one_effect, 1)
{
	struct service *delivery = service_start(DELIVERY, "DISPATCH=http", NULL);
	struct http_answer answer;

	cr_expect_eq(deliver(delivery, "OrderPlaced", 1, "SEOUL").status, 201);
	cr_expect_eq(deliver(delivery, "OrderModified", 2, "BUSAN").status, 200);
	answer = deliver(delivery, "OrderModified", 2, "BUSAN");
	cr_expect_eq(answer.status, 200, "%s%s", answer.error, answer.body);
	cr_expect_str_eq(json_text(answer.json, "address"), "BUSAN");
	answer = deliver(delivery, "OrderModified", 2, "DAEGU");
	expect_problem(&answer, 409, "version 2 of order 7");
	answer = deliver(delivery, "OrderCancelled", 2, "BUSAN");
	expect_problem(&answer, 409, "version 2 of order 7");
	cr_expect_str_eq(sql_text("select address || ' ' || status from delivery_table"),
			 "BUSAN DELIVERY MODIFIED");
	cr_expect_eq(sql_number(HISTORY), 2);
}

/* Services that count no versions: each event counts. */
LAB_TEST(sync_deliveries, events_without_a_version, 1)
{
	struct service *delivery = service_start(DELIVERY, "DISPATCH=http", NULL);

	cr_expect_eq(deliver(delivery, "OrderPlaced", 0, "SEOUL").status, 201);
	cr_expect_eq(deliver(delivery, "OrderModified", 0, "BUSAN").status, 200);
	cr_expect_eq(deliver(delivery, "OrderModified", 0, "SEOUL").status, 200);
	cr_expect_eq(sql_number(HISTORY), 3);
}

LAB_TEST(sync_deliveries, an_unknown_order_is_not_found, 1)
{
	struct service *delivery = service_start(DELIVERY, "DISPATCH=http", NULL);
	struct http_answer answer = deliver(delivery, "OrderModified", 2, "BUSAN");

	expect_problem(&answer, 404, "order 7");
	answer = deliver(delivery, "OrderCancelled", 3, "BUSAN");
	expect_problem(&answer, 404, "order 7");
	cr_expect_eq(sql_number(DELIVERIES), 0);
	cr_expect_eq(sql_number(HISTORY), 0);
}

LAB_TEST(sync_deliveries, bad_bodies_are_refused, 1)
{
	static const struct {
		const char *body;
		int status;
		const char *detail;
	} bad[] = {
		{ "", 400, "empty" },
		{ "{", 400, "JSON" },
		{ "[]", 400, "object" },
		{ "{}", 422, "eventType" },
		{ "{\"eventType\":7}", 422, "eventType" },
		{ "{\"eventType\":\"DeliveryStarted\",\"id\":7}", 422, "eventType" },
		{ "{\"eventType\":\"OrderPlaced\"}", 422, "field id is missing" },
		{ "{\"eventType\":\"OrderPlaced\",\"id\":0}", 422, "field id is out of range" },
		{ "{\"eventType\":\"OrderPlaced\",\"id\":7,\"customerId\":1}", 422, "field qty" },
		{ "{\"eventType\":\"OrderPlaced\",\"id\":7,\"customerId\":1,\"qty\":\"three\"}",
		  422, "field qty is not a whole number" },
	};
	struct service *delivery = service_start(DELIVERY, "DISPATCH=http", NULL);
	struct http_answer answer;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		answer = http_call(delivery->port, "POST", "/deliveries", bad[i].body, NULL);
		expect_problem(&answer, bad[i].status, bad[i].detail);
	}
	answer = http_call(delivery->port, "POST", "/deliveries",
			   order_event("OrderPlaced", 7, 1, "x").payload,
			   "Content-Type: text/plain", NULL);
	expect_problem(&answer, 415, "application/json");
	cr_expect_eq(sql_number(DELIVERIES), 0);
}

/* An event's work is done before its answer, and only for the types that take some. */
LAB_TEST(sync_deliveries, the_work_is_done_before_the_answer, 1)
{
	struct service *delivery = service_start(DELIVERY, "DISPATCH=http", "DELIVERY_WORK=cpu",
						 "DELIVERY_DELAY_MS=1500", NULL);
	int64_t before = service_computed_ms(delivery);
	struct http_answer modified;

	cr_expect_eq(deliver(delivery, "OrderPlaced", 1, "SEOUL").status, 201);
	cr_expect_lt(service_computed_ms(delivery) - before, 1000);
	before = service_computed_ms(delivery);
	modified = deliver(delivery, "OrderModified", 2, "BUSAN");
	cr_expect_eq(modified.status, 200);
	cr_expect_geq(modified.ms, 1500);
	cr_expect_geq(service_computed_ms(delivery) - before, 1450);
	cr_expect_geq(sql_number("select extract(epoch from applied_at - received_at)::numeric "
				 "* 1000 from delivery.history where version = 2"),
		      1500);
}

LAB_TEST(sync_deliveries, a_stop_cuts_the_work_off, 1)
{
	struct service *delivery = service_start(DELIVERY, "DISPATCH=http",
						 "DELIVERY_DELAY_ON=OrderPlaced",
						 "DELIVERY_DELAY_MS=60000", NULL);
	struct http_pending *call = http_begin(delivery->port, "POST", "/deliveries",
					       order_event("OrderPlaced", 7, 1, "SEOUL").payload);
	struct http_answer answer;
	int64_t stopped_ms;

	cr_assert(wait_until(5000, service_metric(delivery, "http_connections") >= 2));
	stopped_ms = service_stop(delivery, SIGTERM);
	cr_expect_lt(stopped_ms, 4000, "the stop took %lld ms", (long long)stopped_ms);
	answer = http_end(call);
	expect_problem(&answer, 503, "try again");
	cr_expect_eq(sql_number(DELIVERIES), 0);
}

/* Somebody else's delivery of the order comes first, unseen until it is committed. */
LAB_TEST(sync_deliveries, two_at_the_same_order_are_one_delivery, 1)
{
	struct service *delivery = service_start(DELIVERY, "DISPATCH=http", NULL);
	struct http_pending *call;
	struct http_answer answer;

	sql_run("begin");
	sql_run("insert into delivery.delivery (order_id, version, customer_id, product_id, "
		"product_name, qty, address, status) "
		"values (7, 1, 2000, '100', 'RADIO', 3, 'SEOUL', 'DELIVERY STARTED')");
	call = http_begin(delivery->port, "POST", "/deliveries",
			  order_event("OrderPlaced", 7, 1, "SEOUL").payload);
	cr_expect(wait_until(5000, sql_waiting_sessions() == 1));
	sql_run("commit");
	answer = http_end(call);
	expect_problem(&answer, 409, "order 7");
	cr_expect_null(strstr(answer.body, "constraint"), "%s", answer.body);
	cr_expect_eq(sql_number(DELIVERIES), 1);
	cr_expect_eq(sql_number(HISTORY), 0);
}

/* Each call has a connection of its own, so it is the database that says when it is enough. */
LAB_TEST(sync_deliveries, without_a_connection_it_is_unavailable, 1)
{
	struct service *delivery = service_start(DELIVERY, "DISPATCH=http", NULL);
	struct http_answer answer;

	sql_run("alter database %s connection limit 0", fixture.database);
	answer = deliver(delivery, "OrderPlaced", 1, "SEOUL");
	expect_problem(&answer, 503, "try again");
	cr_expect_str_eq(http_header(&answer, "Retry-After"), "1");
	cr_expect_eq(sql_number(DELIVERIES), 0);
	sql_run("alter database %s connection limit -1", fixture.database);
	cr_expect_eq(deliver(delivery, "OrderPlaced", 1, "SEOUL").status, 201);
	cr_expect(wait_until(5000, sql_number("select count(*) from pg_stat_activity where "
					      "datname = current_database() and "
					      "application_name = 'delivery-service sync'") == 0));
}

/* With Kafka there is no other way in. */
LAB_TEST(sync_deliveries, only_with_dispatch_http, 1)
{
	struct service *delivery = service_start(DELIVERY, NULL);
	struct http_answer answer = deliver(delivery, "OrderPlaced", 1, "SEOUL");

	expect_problem(&answer, 405, "/deliveries");
	cr_expect_str_eq(http_header(&answer, "Allow"), "GET, HEAD, OPTIONS");
	cr_expect_eq(sql_number(DELIVERIES), 0);
}
