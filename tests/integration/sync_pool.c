/*
 * Synchronous dispatch over a few kept connections (DISPATCH=http, SYNC_POOL), as a Spring service
 * has them: what it saves, who waits, and what becomes of whoever waits too long.
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

TestSuite(sync_pool, .timeout = 600);

#define ORDERS     "select count(*) from orders.orders"
#define DELIVERIES "select count(*) from delivery.delivery"
#define CHANGES    12

/* Of a service's synchronous way, in the database. */
static int64_t sessions(const char *service, const char *state)
{
	return sql_number("select count(*) from pg_stat_activity where datname = "
			  "current_database() and application_name = '%s sync' and state like '%s'",
			  service, state);
}

static struct service *start_order(const struct service *delivery, const char *pool,
				   const char *more)
{
	return service_start(ORDER, "DISPATCH=http", pool, sync_delivery_url(delivery), more, NULL);
}

static void begin(struct http_pending *calls[], int count, const struct service *order)
{
	for (int i = 0; i < count; i++)
		calls[i] = http_begin(order->port, "POST", "/orders", SYNC_ORDER);
}

static void expect_placed(struct http_pending *calls[], int count)
{
	for (int i = 0; i < count; i++) {
		struct http_answer answer = http_end(calls[i]);

		cr_expect_eq(answer.status, 201, "%s%s", answer.error, answer.body);
	}
}

/* Many changes, few connections: they are kept, in both services and between the two. */
LAB_TEST(sync_pool, connections_are_shared_and_kept, 1)
{
	struct service *delivery = service_start(DELIVERY, "DISPATCH=http", "SYNC_POOL=2", NULL);
	struct service *order = start_order(delivery, "SYNC_POOL=3", NULL);
	struct http_pending *calls[CHANGES];

	sql_run("begin");
	sql_run(SYNC_HOLD);
	begin(calls, CHANGES, order);
	/* Three changes have a connection; two of their deliveries have one. */
	cr_expect(wait_until(60000, service_metric(order, "sync_pool_waiting") == CHANGES - 3));
	cr_expect(wait_until(60000, service_metric(delivery, "sync_pool_waiting") == 1));
	cr_expect_eq(service_metric(order, "sync_pool_in_use"), 3);
	cr_expect_eq(service_metric(delivery, "sync_pool_in_use"), 2);
	sql_run("commit");
	expect_placed(calls, CHANGES);
	cr_expect_eq(sql_number(ORDERS), CHANGES);
	cr_expect_eq(sql_number(DELIVERIES), CHANGES);
	cr_expect_eq(sessions("order-service", "idle"), 3);
	cr_expect_eq(sessions("delivery-service", "idle"), 2);
	/* The three, and the one that asks. */
	cr_expect_eq(service_metric(delivery, "http_connections"), 3 + 1);
	cr_expect_eq(service_metric(order, "sync_pool_timeouts_total"), 0);
}

/* Without a pool each request opens its own, and leaves nothing. */
LAB_TEST(sync_pool, without_one_nothing_is_kept, 1)
{
	struct service *delivery = service_start(DELIVERY, "DISPATCH=http", NULL);
	struct service *order = start_order(delivery, "SYNC_POOL=0", NULL);
	struct http_pending *call;

	begin(&call, 1, order);
	expect_placed(&call, 1);
	cr_expect(wait_until(60000, sessions("order-service", "%%") == 0));
	cr_expect(wait_until(60000, sessions("delivery-service", "%%") == 0));
	cr_expect(wait_until(60000, service_metric(delivery, "http_connections") == 1));
}

/* HikariCP's connectionTimeout: who waits longer than that is refused, and nothing was done. */
LAB_TEST(sync_pool, who_waits_too_long_is_refused, 1)
{
	struct service *delivery = service_start(DELIVERY, "DISPATCH=http", "SYNC_POOL=1", NULL);
	struct service *order = start_order(delivery, "SYNC_POOL=1", "SYNC_POOL_WAIT_MS=300");
	struct http_pending *first;
	struct http_answer answer;

	sql_run("begin");
	sql_run(SYNC_HOLD);
	begin(&first, 1, order);
	cr_assert(wait_until(60000, service_metric(order, "sync_pool_in_use") == 1));
	answer = http_call(order->port, "POST", "/orders", SYNC_ORDER, NULL);
	cr_expect_eq(answer.status, 503, "%s%s", answer.error, answer.body);
	cr_expect_str_eq(http_header(&answer, "Retry-After"), "1");
	cr_expect_geq(answer.ms, 300);
	cr_expect(service_logs(order, "none of 1 database connections came free in 300 ms"));
	cr_expect_eq(service_metric(order, "sync_pool_timeouts_total"), 1);
	/* What is only read needs none of them. */
	cr_expect_eq(http_call(order->port, "GET", "/orders", NULL, NULL).status, 200);
	sql_run("commit");
	expect_placed(&first, 1);
	cr_expect_eq(sql_number(ORDERS), 1);
	cr_expect_eq(sql_number(DELIVERIES), 1);
}

/* In delivery-service too; its refusal is order-service's 502. */
LAB_TEST(sync_pool, delivery_refuses_who_waits_too_long, 1)
{
	struct service *delivery = service_start(DELIVERY, "DISPATCH=http", "SYNC_POOL=1",
						 "SYNC_POOL_WAIT_MS=300", NULL);
	struct service *order = start_order(delivery, "SYNC_POOL=2", NULL);
	struct http_pending *first;
	struct http_answer answer;

	sql_run("begin");
	sql_run(SYNC_HOLD);
	begin(&first, 1, order);
	cr_assert(wait_until(60000, service_metric(delivery, "sync_pool_in_use") == 1));
	answer = http_call(order->port, "POST", "/orders", SYNC_ORDER, NULL);
	cr_expect_eq(answer.status, 502, "%s%s", answer.error, answer.body);
	cr_expect_not_null(strstr(answer.body, "answered 503"), "%s", answer.body);
	sql_run("commit");
	expect_placed(&first, 1);
	cr_expect_eq(sql_number(ORDERS), 1);
}

/* The connections of the changes that come together are counted, too. */
LAB_TEST(sync_pool, changes_that_come_together_take_one, 1)
{
	struct service *delivery = service_start(DELIVERY, "DISPATCH=http", "SYNC_POOL=1", NULL);
	struct service *order = service_start(ORDER, "DISPATCH=http", "SYNC_COMMIT=group",
					      sync_delivery_url(delivery), NULL);
	struct http_pending *first;

	sql_run("begin");
	sql_run(SYNC_HOLD);
	begin(&first, 1, order);
	cr_expect(wait_until(60000, service_metric(delivery, "sync_pool_in_use") == 1));
	sql_run("commit");
	expect_placed(&first, 1);
	cr_expect(wait_until(60000, service_metric(delivery, "sync_pool_in_use") == 0));
}

/* A change that fails gives its connection back without its transaction. */
LAB_TEST(sync_pool, a_failure_leaves_the_connection_clean, 1)
{
	struct service *delivery = service_start(DELIVERY, "DISPATCH=http", "SYNC_POOL=1", NULL);
	struct service *order = start_order(delivery, "SYNC_POOL=1", NULL);
	struct http_answer answer;

	cr_assert_eq(http_call(order->port, "POST", "/orders", SYNC_ORDER, NULL).status, 201);
	answer = http_call(order->port, "PATCH", "/orders/9", "{\"qty\":5}", NULL);
	cr_expect_eq(answer.status, 404, "%s%s", answer.error, answer.body);
	answer = http_call(delivery->port, "POST", "/deliveries",
			   order_event("OrderModified", 9, 2, "BUSAN").payload, NULL);
	cr_expect_eq(answer.status, 404, "%s%s", answer.error, answer.body);
	cr_expect_eq(sessions("order-service", "idle"), 1);
	cr_expect_eq(sessions("delivery-service", "idle"), 1);
	cr_expect_eq(http_call(order->port, "POST", "/orders", SYNC_ORDER, NULL).status, 201);
	cr_expect_eq(sql_number(DELIVERIES), 2);
}

/* A kept connection that the other side has ended costs no failed call. */
LAB_TEST(sync_pool, connections_that_were_lost_are_made_again, 1)
{
	struct service *delivery = service_start(DELIVERY, "DISPATCH=http", "SYNC_POOL=1", NULL);
	struct service *order = start_order(delivery, "SYNC_POOL=1", NULL);
	const char *port = arena_format("HTTP_PORT=%d", delivery->port);

	cr_assert_eq(http_call(order->port, "POST", "/orders", SYNC_ORDER, NULL).status, 201);
	sql_run("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = "
		"current_database() and application_name = 'order-service sync'");
	(void)service_stop(delivery, SIGTERM);
	(void)service_start(DELIVERY, "DISPATCH=http", port, NULL);
	cr_expect_eq(http_call(order->port, "POST", "/orders", SYNC_ORDER, NULL).status, 201);
	cr_expect_eq(sql_number(ORDERS), 2);
	cr_expect_eq(sql_number(DELIVERIES), 2);
}

/* Who waits for a connection does not hold up a stop. */
LAB_TEST(sync_pool, a_stop_ends_the_waits, 1)
{
	struct service *delivery = service_start(DELIVERY, "DISPATCH=http",
						 "DELIVERY_DELAY_MS=60000",
						 "DELIVERY_DELAY_ON=OrderPlaced", NULL);
	struct service *order = start_order(delivery, "SYNC_POOL=1", "DELIVERY_TIMEOUT_MS=50000");
	struct http_pending *calls[3];

	begin(calls, 3, order);
	cr_assert(wait_until(60000, service_metric(order, "sync_pool_waiting") == 2));
	(void)service_stop(order, SIGTERM);
	for (int i = 0; i < 3; i++)
		cr_expect_eq(http_end(calls[i]).status, 503);
	cr_expect_not(service_logged(order, "the stop takes too long"));
	cr_expect_eq(sql_number(ORDERS), 0);
}
