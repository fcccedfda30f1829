/*
 * An order with very many events: what of it waits together is applied together, and no other order
 * waits for it.
 */
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/order_event.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(hot_keys, .timeout = 600);

#define KEY      "PROCESSING_ORDER=key"
#define HOT      1
#define HISTORY  "select count(*) from delivery.history"
#define PLACED   "OrderPlaced"
#define MODIFIED "OrderModified"

static void await_applied(int64_t count)
{
	cr_assert(wait_until(60000, sql_number(HISTORY) >= count), "%lld of %lld are applied",
		  (long long)sql_number(HISTORY), (long long)count);
	cr_expect_eq(sql_number(HISTORY), count);
}

/* The hot order's versions from first on, each followed by others that are placed. */
static size_t produce_hot(int first, int count, int others)
{
	const size_t total = (size_t)count * (size_t)(1 + others);
	struct raw_message *all = arena_alloc(total * sizeof(*all));
	int64_t other = HOT;
	size_t n = 0;

	for (int i = 0; i < count; i++) {
		int version = first + i;

		all[n++] = order_event(version == 1 ? PLACED : MODIFIED, HOT, version, "HOT");
		for (int j = 0; j < others; j++)
			all[n++] = order_event(PLACED, ++other, 1, "OTHER");
	}
	(void)produce_all(all, total);
	return total;
}

/* Transactions that hold an effect of the hot order; condition: which of its rows h are counted. */
static int64_t transactions(const char *condition)
{
	return sql_number("select count(distinct h.xmin::text) from delivery.history h "
			  "where h.order_id = %d and %s",
			  HOT, condition);
}

static void expect_version_order(int versions)
{
	cr_expect_eq(sql_number("select count(*) from (select version, "
				"row_number() over (order by id) as n from delivery.history "
				"where order_id = %d) h where version = n",
				HOT),
		     versions);
}

/*
 * Nothing can be written until all of it waits: the first thousand events go into one transaction,
 * in the order of the topic. The rest of the hot order is ahead of the others then, and comes
 * together.
 */
LAB_TEST(hot_keys, events_that_wait_together_are_one_transaction, 1)
{
	enum { VERSIONS = 900, OTHERS = 4, BATCH = 1000 };
	struct service *delivery;
	size_t total = produce_hot(1, VERSIONS, OTHERS);

	sql_run("create function delivery.refuse() returns trigger language plpgsql as $$ begin "
		"raise exception 'not yet' using errcode = 'serialization_failure'; end $$; "
		"create trigger refuse before insert on delivery.history "
		"for each statement execute function delivery.refuse()");
	delivery = service_start(DELIVERY, KEY, "DELIVERY_DELAY_MS=0", "MAX_CONCURRENCY=100", NULL);
	cr_assert(wait_until(60000, service_metric(delivery, "delivery_events_held") ==
					    (double)(total - BATCH)));
	sql_run("drop trigger refuse on delivery.history");
	await_applied((int64_t)total);
	expect_version_order(VERSIONS);
	cr_expect_leq(transactions("true"), 2, "%lld transactions",
		      (long long)transactions("true"));
}

/* What came before the work was done was there when it was done. */
LAB_TEST(hot_keys, what_waits_for_work_is_applied_with_it, 1)
{
	enum { VERSIONS = 200, DELAY_MS = 3000 };

	(void)service_start(DELIVERY, KEY, "DELIVERY_DELAY_ON=OrderPlaced", "MAX_CONCURRENCY=100",
			    arena_format("DELIVERY_DELAY_MS=%d", DELAY_MS), NULL);
	(void)produce_hot(1, VERSIONS, 0);
	await_applied(VERSIONS);
	expect_version_order(VERSIONS);
	cr_expect_eq(transactions(arena_format(
			     "h.received_at < (select received_at + interval '%d ms' "
			     "from delivery.history where order_id = %d and version = 1)",
			     DELAY_MS, HOT)),
		     1);
}

/* Half of the events are one order's, far more than are let into memory of one partition; its first
 * modification never ends. */
LAB_TEST(hot_keys, an_order_with_half_of_the_events_holds_nobody_back, 1)
{
	enum { VERSIONS = 9000 };

	(void)service_start(DELIVERY, KEY, "DELIVERY_DELAY_MS=600000", "MAX_CONCURRENCY=8", NULL);
	(void)produce_hot(1, VERSIONS, 1);
	await_applied(VERSIONS + 1);
	cr_expect_eq(sql_number("select max(version) from delivery.delivery where order_id = %d",
				HOT),
		     1);
}
