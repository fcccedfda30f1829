/*
 * What the relay reads: everything that is committed, in whatever order the commits came, and only
 * while the lease is its own. Its moves between processes are in alone/stops.c.
 */
#include <string.h>

#include "tests/support/http_client.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"
#include "tests/support/world.h"

TestSuite(relay, .timeout = 60);

/*
 * Ids are drawn before the commit, so they are no commit order: while a transaction is open, rows
 * with higher ids are published and deleted. Its own row must not be passed over.
 */
LAB_TEST(relay, a_row_that_is_committed_late_is_published, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct tail *tail = tail_open(world.topic);

	sql_run("begin");
	sql_run("insert into orders.outbox (topic, key, type, payload) values ('%s', '7', 'Late', "
		"'{\"id\":7}')",
		world.topic);
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
 * publishes after it has noticed: here it is given the lease anew, since nobody else has the lock.
 */
LAB_TEST(relay, without_the_lease_nothing_is_read, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct tail *tail = tail_open(world.topic);
	const char *last;

	cr_assert(wait_until(5000, service_metric(order, "relay_active") == 1.0));
	/* Just after a renewal, so that the next one is a second away. */
	last = heartbeat();
	cr_assert(wait_until(5000, strcmp(heartbeat(), last) != 0));
	sql_run("update orders.outbox_lease set holder = 'another'");
	service_place_order(order);
	cr_assert(tail_await(tail, 1, 10000), "it does not get the lease again");
	cr_expect(service_logged(order, "another relay took over"),
		  "published before it had noticed");
	cr_expect_eq(service_log_count(order, "msg=\"active\""), 2);
}
