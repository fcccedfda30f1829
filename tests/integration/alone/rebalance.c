/*
 * A replica joins while work is in progress: the partitions that stay with their owner are not
 * interrupted, those that go are worked on by the new owner, and no event is worked by both. Alone,
 * since times are judged.
 */
#include <stdio.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/order_event.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/stack.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(rebalance, .init = stack_ensure, .timeout = 600);

#define PARTITIONS 8
#define ORDERS     1000
#define MAX_GAP_MS 800 /* besides the work; a stop of the world takes one to three seconds */
#define MODIFIED   "delivery.history where event = 'OrderModified'"

struct flow {
	const char *processing_order;
	int at_once;  /* MAX_CONCURRENCY */
	int delay_ms; /* of each modification */
	int versions; /* of each order: it is placed, then modified again and again */
};

/* First every order's first version, then every second one, ... */
static void produce_orders(int versions)
{
	const size_t count = (size_t)versions * ORDERS;
	struct raw_message *messages = arena_alloc(count * sizeof(*messages));

	for (size_t i = 0; i < count; i++)
		messages[i] = order_version((int64_t)(i % ORDERS) + 1, (int)(i / ORDERS) + 1,
					    versions + 1);
	(void)produce_all(messages, count);
}

static struct service *start(const struct flow *flow)
{
	return service_start(DELIVERY, arena_format("PROCESSING_ORDER=%s", flow->processing_order),
			     arena_format("DELIVERY_DELAY_MS=%d", flow->delay_ms),
			     arena_format("MAX_CONCURRENCY=%d", flow->at_once), NULL);
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

/* Partitions that so many replicas have worked on. */
static int64_t partitions_of(int replicas)
{
	return sql_number("select count(*) from (select from delivery.history group by "
			  "\"partition\" having count(distinct replica) = %d) p",
			  replicas);
}

static void expect_worked_once(const struct flow *flow)
{
	cr_expect_eq(sql_number("select count(*) from delivery.history"),
		     (int64_t)flow->versions * ORDERS);
	cr_expect_eq(sql_number("select count(*) from (select version, row_number() over "
				"(partition by order_id order by id) as place "
				"from delivery.history) h where version <> place"),
		     0);
}

static void join(const struct flow *flow)
{
	const int64_t modified = (int64_t)(flow->versions - 1) * ORDERS;
	struct service *replicas[2];
	int64_t stayed, moved, gap;

	produce_orders(flow->versions);
	replicas[0] = start(flow);
	cr_assert(wait_until(10000, service_metric(replicas[0], "delivery_events_in_work") ==
					    flow->at_once));
	cr_assert(wait_until(10000, sql_number("select count(*) from " MODIFIED) > 0));
	replicas[1] = start(flow);
	cr_assert(wait_until(60000, sql_number("select count(*) from " MODIFIED) == modified));

	gap = longest_gap_ms();
	stayed = partitions_of(1);
	moved = partitions_of(2);
	(void)fprintf(stderr,
		      "a replica joined, order %s: %lld partitions stayed, %lld moved, longest gap "
		      "of those that stayed %lld ms (%d ms of it work)\n",
		      flow->processing_order, (long long)stayed, (long long)moved, (long long)gap,
		      flow->delay_ms);
	cr_expect_eq(stayed + moved, PARTITIONS);
	cr_expect_geq(moved, 1, "the second replica got nothing while there was work");
	cr_expect_geq(stayed, PARTITIONS / 2, "partitions moved that could have stayed");
	cr_expect_leq(gap, flow->delay_ms + wait_stretch(MAX_GAP_MS),
		      "a partition that stayed stood still");
	for (int i = 0; i < 2; i++)
		cr_expect_eq(service_metric(replicas[i], "delivery_events_duplicate_total"), 0.0,
			     "%s worked what was done", replicas[i]->name);
	expect_worked_once(flow);
}

LAB_TEST(rebalance, a_joining_replica_interrupts_nobody, PARTITIONS)
{
	join(&(struct flow){ "partition", PARTITIONS, 60, 2 });
}

/* All orders are in their delay all the time. */
LAB_TEST(rebalance, a_joining_replica_interrupts_nobody_in_key_order, PARTITIONS)
{
	join(&(struct flow){ "key", ORDERS, 200, 40 });
}
