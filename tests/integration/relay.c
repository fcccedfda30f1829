/*
 * What the relay reads: everything that is committed, in whatever order the commits came, and only
 * while the lease is its own. Its moves between processes are in alone/stops.c.
 */
#include <string.h>

#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(relay, .timeout = 600);

/*
 * Ids are drawn before the commit, so they are no commit order: while a transaction is open, rows
 * with higher ids are published and deleted. Its own row must not be skipped.
 */
LAB_TEST(relay, a_row_that_is_committed_late_is_published, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct tail *tail = tail_open(fixture.topic);

	sql_run("begin");
	sql_run("insert into orders.outbox (topic, key, type, payload) values ('%s', '7', 'Late', "
		"'{\"id\":7}')",
		fixture.topic);
	for (int i = 0; i < 3; i++)
		service_place_order(order);
	cr_assert(tail_await(tail, 3, 10000), "%zu of 3 events", tail->count);
	cr_assert(wait_until(5000, sql_number("select count(*) from orders.outbox") == 1));
	cr_assert_eq(sql_number("select id from orders.outbox"), 1, "it was to be the first");
	sql_run("commit");
	cr_assert(tail_await(tail, 4, 5000), "the late row is not published");
	cr_expect_eq(tail_count(tail, "Late"), 1);
	cr_expect(wait_until(5000, sql_number("select count(*) from orders.outbox") == 0));
}

static const char *heartbeat(void)
{
	return sql_text("select heartbeat_at from orders.outbox_lease");
}

/*
 * The lease goes to another while this relay believes that it has it. What it publishes next, it
 * publishes after it has noticed: here it is given the lease again, since nobody else has the lock.
 */
LAB_TEST(relay, without_the_lease_nothing_is_read, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct tail *tail = tail_open(fixture.topic);
	const char *last;

	cr_assert(wait_until(5000, service_metric(order, "relay_active") == 1.0));
	/* Just after a renewal, so that the next one is a second away. */
	last = heartbeat();
	cr_assert(wait_until(5000, strcmp(heartbeat(), last) != 0));
	sql_run("update orders.outbox_lease set holder = 'another'");
	service_place_order(order);
	cr_assert(tail_await(tail, 1, 10000), "it does not get the lease again");
	cr_expect(service_logs(order, "another relay took over"),
		  "published before it had noticed");
	cr_expect(wait_until(60000, service_log_count(order, "msg=\"active\"") == 2));
}

/* A standby of 1,000 orders a second would wake up as often, for nothing. */
LAB_TEST(relay, a_standby_is_not_notified, 1)
{
	static const char fetches[] = "relay_fetches_total";
	struct service *active = service_start(ORDER, NULL), *standby;
	struct tail *tail = tail_open(fixture.topic);
	int64_t started, most;
	double before;

	cr_assert(wait_until(5000, service_metric(active, "relay_active") == 1.0));
	standby = service_start(ORDER, NULL);
	started = mono_ms();
	before = service_metric(standby, fetches);
	for (size_t i = 1; i <= 40; i++) {
		service_place_order(standby);
		cr_assert(tail_await(tail, i, 5000), "order %zu is not published", i);
	}
	cr_expect_geq(service_metric(active, fetches), 40.0);
	most = (mono_ms() - started) / 500 + 2;
	cr_expect_leq(service_metric(standby, fetches) - before, (double)most);
}

/*
 * While the outbox is busy the relay fetches by the clock and is not notified; after it, it is
 * again. How long an order then takes to the topic, at best of a few tries: without a notification
 * it would be half a second each time.
 */
LAB_TEST(relay, an_event_after_a_busy_time_is_published_at_once, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct tail *tail = tail_open(fixture.topic);
	int64_t least = INT64_MAX;

	cr_assert(wait_until(5000, service_metric(order, "relay_active") == 1.0));
	for (size_t i = 1; i <= 3; i++) {
		int64_t placed;

		sql_run("insert into orders.outbox (topic, key, type, payload) "
			"select '%s', '7', 'Flow', '{}' from generate_series(1, 30)",
			fixture.topic);
		cr_assert(tail_await(tail, 31 * i - 1, 5000));
		cr_assert(wait_until(5000, sql_number("select count(*) from orders.outbox") == 0));
		placed = mono_ms();
		service_place_order(order);
		cr_assert(tail_await(tail, 31 * i, 5000));
		if (mono_ms() - placed < least)
			least = mono_ms() - placed;
	}
	cr_expect_lt(least, 400, "%d ms", (int)least);
}
