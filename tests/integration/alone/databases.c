/*
 * Databases that can be reached and do not do their work: one that became read-only, one whose
 * commits hang. On servers of the test's own.
 */
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/cluster.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/service.h"
#include "tests/support/wait.h"

TestSuite(databases, .fini = clusters_remove, .timeout = 300);

#define TV                                                                                         \
	"{\"customerId\":1000,\"productId\":\"100\",\"productName\":\"TV\",\"qty\":3,\"address\":" \
	"\"SEOUL\"}"
#define LONG_MS 60000 /* what comes at last */

static int place(const struct service *order)
{
	return http_call(order->port, "POST", "/orders", TV, NULL).status;
}

static struct http_answer readiness(const struct service *service)
{
	return http_call(service->port, "GET", "/readyz", NULL, NULL);
}

static bool database_down(const struct service *service)
{
	struct http_answer answer = readiness(service);

	return answer.status == 503 && strstr(answer.body, "\"database\":\"down\"");
}

static struct service *order_on(const char *url)
{
	return service_start(ORDER, arena_format("DATABASE_URL=%s", url), NULL);
}

/* --- read-only ----------------------------------------------------------------------------- */

static void leave_the_first(const char *options)
{
	int first = cluster_start(0), second = cluster_start(1);
	struct service *order = order_on(cluster_url("order_service", first, second, options));
	int64_t id;

	cr_assert_eq(place(order), 201);
	cr_assert_eq(cluster_sql(0, "select count(*) from orders.orders"), 1);
	cluster_set(0, "default_transaction_read_only", "on");
	/* A session of the first takes writes until it has heard of it. */
	cr_assert(wait_until(LONG_MS,
			     place(order) == 201 &&
				     cluster_sql(1, "select count(*) from orders.orders") >= 1));
	cr_expect(wait_until(LONG_MS, service_ready(order)));
	/* Reads go there, too, once each old session has told. */
	id = cluster_sql(1, "select max(id) from orders.orders");
	cr_assert_eq(cluster_sql(0, arena_format("select count(*) from orders.orders where id = %d",
						 (int)id)),
		     0);
	cr_expect(wait_until(LONG_MS, http_call(order->port, "GET",
						arena_format("/orders/%d", (int)id), NULL, NULL)
						      .status == 200));
}

LAB_TEST(databases, a_server_that_became_read_only_is_left_for_another, 1)
{
	leave_the_first("?target_session_attrs=read-write");
}

LAB_TEST(databases, with_several_hosts_the_one_that_takes_writes_is_meant, 1)
{
	leave_the_first("");
}

LAB_TEST(databases, one_that_takes_no_writes_is_not_up, 1)
{
	int port = cluster_start(0);
	struct service *order = order_on(cluster_url("order_service", port, 0, ""));
	struct service *delivery = service_start(
		DELIVERY,
		arena_format("DATABASE_URL=%s", cluster_url("delivery_service", port, 0, "")),
		NULL);

	cr_assert_eq(place(order), 201);
	cluster_set(0, "default_transaction_read_only", "on");
	cr_expect(wait_until(LONG_MS, database_down(order)));
	cr_expect(wait_until(LONG_MS, database_down(delivery)));
	cr_expect_eq(place(order), 503);
	cr_expect_eq(http_call(order->port, "GET", "/orders/1", NULL, NULL).status, 200);
	cluster_set(0, "default_transaction_read_only", "default");
	cr_expect(wait_until(LONG_MS, place(order) == 201));
	cr_expect(wait_until(LONG_MS, service_ready(order)));
	cr_expect(wait_until(LONG_MS, service_ready(delivery)));
}

/* --- commits that hang --------------------------------------------------------------------- */

static int64_t writer_sessions(void)
{
	return cluster_sql(0, "select count(*) from pg_stat_activity "
			      "where application_name = 'order-service writer'");
}

LAB_TEST(databases, commits_that_hang_are_abandoned_and_answered, 1)
{
	enum { CLIENTS = 8 };
	struct http_pending *pending[CLIENTS];
	struct service *order;
	int port = cluster_start(0);

	service_allow_errors(); /* a part may stand still */
	order = order_on(cluster_url("order_service", port, 0, ""));
	cr_assert_eq(place(order), 201);
	cluster_set(0, "synchronous_standby_names", "nobody");
	/* Commits hang when the server's checkpointer has read it. */
	cr_expect(wait_until(LONG_MS, place(order) == 503));
	for (int i = 0; i < CLIENTS; i++)
		pending[i] = http_begin(order->port, "POST", "/orders", TV);
	for (int i = 0; i < CLIENTS; i++)
		cr_expect_eq(http_end(pending[i]).status, 503);
	cr_expect(wait_until(LONG_MS, writer_sessions() <= 1), "%d", (int)writer_sessions());
	cr_expect(wait_until(LONG_MS, database_down(order)));
	cluster_set(0, "synchronous_standby_names", "default");
	cr_expect(wait_until(LONG_MS, place(order) == 201));
	cr_expect(wait_until(LONG_MS, service_ready(order)));
	cr_expect_leq(cluster_sql(0, "select count(*) from pg_stat_activity "
				     "where usename = 'order_service'"),
		      8);
}
