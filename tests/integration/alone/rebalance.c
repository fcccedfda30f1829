/*
 * A replica joins while work is in progress: the partitions that stay with their owner are not
 * interrupted, those that go are worked on by the new owner, and no event is worked by both. Alone,
 * since times are judged.
 */
#include <stdio.h>

#include "tests/support/keep.h"
#include "tests/support/order_event.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/stack.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"
#include "tests/support/world.h"

TestSuite(rebalance, .init = stack_ensure, .timeout = 120);

#define PARTITIONS 8
#define ORDERS     1000
#define DELAY_MS   60
#define MAX_GAP_MS 500 /* far less than a stop of the world: joins take one to three seconds */
#define MODIFIED   "delivery.history where event = 'OrderModified'"

/* First every order's OrderPlaced, then every OrderModified. */
static void produce_orders(void)
{
	struct raw_message *messages = keep_alloc(2 * ORDERS * sizeof(*messages));

	for (int i = 0; i < 2 * ORDERS; i++)
		messages[i] = order_event(i < ORDERS ? "OrderPlaced" : "OrderModified",
					  i % ORDERS + 1, i / ORDERS + 1, "SEOUL");
	(void)produce_all(messages, 2 * ORDERS);
}

/* The longest time between two effects of a partition that was the first replica's throughout. */
static int64_t longest_gap_ms(void)
{
	return sql_number(
		"select coalesce(max(gap), 0) from (select (extract(epoch from "
		"  applied_at - lag(applied_at) over (partition by \"partition\" order by id)) "
		"  * 1000)::int8 as gap from " MODIFIED " and \"partition\" in ("
		"    select \"partition\" from delivery.history group by 1 "
		"    having count(distinct replica) = 1)) g");
}

LAB_TEST(rebalance, a_joining_replica_interrupts_nobody, PARTITIONS)
{
	const char *delay = keep_format("DELIVERY_DELAY_MS=%d", DELAY_MS);
	const char *at_once = keep_format("MAX_CONCURRENCY=%d", PARTITIONS);
	int64_t stayed, moved, gap;

	produce_orders();
	(void)service_start(DELIVERY, delay, at_once, NULL);
	cr_assert(wait_until(10000, sql_number("select count(*) from " MODIFIED) > 0));
	(void)service_start(DELIVERY, delay, at_once, NULL);
	cr_assert(wait_until(60000, sql_number("select count(*) from " MODIFIED) == ORDERS));

	gap = longest_gap_ms();
	stayed = sql_number(
		"select count(*) from (select from delivery.history group by \"partition\" "
		"having count(distinct replica) = 1) p");
	moved = sql_number(
		"select count(*) from (select from delivery.history group by \"partition\" "
		"having count(distinct replica) = 2) p");
	(void)fprintf(stderr,
		      "a replica joined: %lld partitions stayed, %lld moved, longest gap of those "
		      "that stayed %lld ms (%d ms of it work)\n",
		      (long long)stayed, (long long)moved, (long long)gap, DELAY_MS);
	cr_expect_eq(stayed + moved, PARTITIONS);
	cr_expect_geq(moved, 1, "the second replica got nothing while there was work");
	cr_expect_geq(stayed, PARTITIONS / 2, "partitions moved that could have stayed");
	cr_expect_leq(gap, wait_stretch(MAX_GAP_MS), "a partition that stayed stood still");
	cr_expect_eq(sql_number("select count(*) from delivery.history"), 2 * ORDERS);
	cr_expect_eq(
		sql_number("select count(*) from (select from delivery.history "
			   "group by order_id having array_agg(version order by id) <> '{1,2}') o"),
		0);
}
