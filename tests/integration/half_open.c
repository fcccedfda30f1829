/*
 * A network between services and PostgreSQL that drops everything for a while, again and again:
 * each cut leaves sessions whose clients are gone, and the server ends them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/fixture.h"
#include "tests/support/half_open.h"
#include "tests/support/http_client.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/wait.h"

TestSuite(half_open, .timeout = 900);

enum { LONG_MS = 60000, CUTS = 2 };

#define OURS "pg_stat_activity where datname = current_database() and usename <> 'lab'"

/* Cuts all sessions of the services; returns their pids as a list for SQL. */
static const char *cut_all(void)
{
	const char *pids = sql_text("select string_agg(pid::text, ',') from " OURS), *pid = pids;

	while (*pid) {
		half_open_cut((pid_t)strtol(pid, NULL, 10));
		pid += strcspn(pid, ",");
		pid += *pid == ',';
	}
	return pids;
}

static int64_t left_of(const char *pids)
{
	return sql_number("select count(*) from " OURS " and pid in (%s)", pids);
}

/* The session that nobody has used since the cut may be the one that is needed. */
static bool takes_an_order(const struct service *order)
{
	return http_call(order->port, "POST", "/orders",
			 "{\"customerId\":1,\"productId\":\"1\",\"productName\":\"TV\",\"qty\":3,"
			 "\"address\":\"SEOUL\"}",
			 NULL)
		       .status == 201;
}

LAB_TEST(half_open, no_session_outlives_a_cut_for_long, 1)
{
	struct service *order, *delivery;
	const char *pids[CUTS];

	if (!half_open_possible())
		cr_skip_test("it takes root");
	order = service_start(ORDER, NULL);
	delivery = service_start(DELIVERY, NULL);
	service_allow_errors(); /* they stand still for a while */
	for (int i = 0; i < CUTS; i++) {
		cr_assert(wait_until(LONG_MS, sql_number("select count(*) from " OURS) >= 6));
		pids[i] = cut_all();
		cr_assert(wait_until(LONG_MS, !service_ready(order) && !service_ready(delivery)),
			  "the cut is not noticed");
		cr_assert(wait_until(LONG_MS, service_ready(order) && service_ready(delivery)));
		cr_assert(wait_until(LONG_MS, takes_an_order(order)));
	}
	for (int i = 0; i < CUTS; i++)
		cr_expect(wait_until(LONG_MS, left_of(pids[i]) == 0),
			  "%d sessions of cut %d are left", (int)left_of(pids[i]), i);
	cr_expect(wait_until(LONG_MS, sql_number("select count(*) from delivery.history") ==
					      sql_number("select count(*) from orders.orders")));
}
