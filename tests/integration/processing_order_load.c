/*
 * PROCESSING_ORDER under load: what is held stays bounded whatever the lag, a paused partition goes
 * on where it comes to, and replicas that meet on an order lose nothing.
 */
#include <signal.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/order_event.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(processing_order_load, .timeout = 600);

#define KEY      "PROCESSING_ORDER=key"
#define FOREVER  "DELIVERY_DELAY_MS=600000"
#define HISTORY  "select count(*) from delivery.history"
#define HELD     "delivery_events_held"
#define HELD_MAX 5000 /* per partition, besides MAX_CONCURRENCY */

/* Orders that are modified, one behind the other, in partition. */
static void produce_lag(int64_t first, int count, int partition)
{
	struct raw_message *all = arena_alloc((size_t)count * sizeof(*all));

	for (int i = 0; i < count; i++) {
		all[i] = order_event("OrderPlaced", first + i, 1, "A");
		all[i].partition = partition;
	}
	(void)produce_all(all, (size_t)count);
}

static int64_t held(const struct service *delivery, int64_t *most)
{
	int64_t now = (int64_t)service_metric(delivery, HELD);

	if (now > *most)
		*most = now;
	return now;
}

/* First nothing is worked, so that as much is held as ever will be; then all of it is. */
LAB_TEST(processing_order_load, a_lag_is_held_in_part_and_worked_in_full, 1)
{
	enum { LAG = 20000, AT_ONCE = 4 };
	int64_t most = 0;
	struct service *delivery;

	produce_lag(1, LAG, 0);
	delivery = service_start(DELIVERY, KEY, FOREVER, "DELIVERY_DELAY_ON=OrderPlaced",
				 arena_format("MAX_CONCURRENCY=%d", AT_ONCE), NULL);
	cr_expect(wait_until(60000, held(delivery, &most) > HELD_MAX / 2),
		  "%lld are held: no back-pressure to speak of", (long long)most);
	service_kill(delivery);
	delivery = service_start(DELIVERY, KEY, "DELIVERY_DELAY_MS=1",
				 "DELIVERY_DELAY_ON=OrderPlaced",
				 arena_format("MAX_CONCURRENCY=%d", AT_ONCE), NULL);
	cr_assert(wait_until(120000, (held(delivery, &most), sql_number(HISTORY) == LAG)),
		  "%lld of %d are applied", (long long)sql_number(HISTORY), LAG);
	cr_expect_leq(most, HELD_MAX + AT_ONCE + 1, "%lld were held", (long long)most);
	cr_expect_eq(sql_number("select count(distinct order_id) from delivery.history"), LAG);
	cr_expect_eq(service_metric(delivery, "delivery_events_duplicate_total"), 0.0);
	cr_expect(
		wait_until(5000, sql_number("select count(*) from delivery.position_range") == 0));
}

/* Only the first event is worked; the lag behind it fills both partitions. */
static struct service *fill(int lag)
{
	struct service *delivery;
	int64_t most = 0;

	for (int p = 0; p < 2; p++)
		produce_lag(1 + p * lag, lag, p);
	delivery = service_start(DELIVERY, KEY, FOREVER, "DELIVERY_DELAY_ON=OrderPlaced", NULL);
	cr_assert(wait_until(20000, held(delivery, &most) > 2 * HELD_MAX), "%lld are held",
		  (long long)most);
	return delivery;
}

/* The pause is the replica's, not the partition's: it ends with the assignment. */
LAB_TEST(processing_order_load, a_paused_partition_that_comes_back_is_read, 2)
{
	struct service *first = fill(HELD_MAX + 2000), *second;
	int64_t most = 0;

	second = service_start(DELIVERY, KEY, FOREVER, "DELIVERY_DELAY_ON=OrderPlaced", NULL);
	cr_assert(wait_until(20000, held(first, &most) <= HELD_MAX + 2), "no partition moved");
	cr_expect(wait_until(20000, held(second, &most) > HELD_MAX), "it is not read there");
	(void)service_stop(second, SIGTERM);
	cr_assert(wait_until(10000, service_metric(first, "delivery_partitions") == 2.0));
	cr_expect(wait_until(10000, held(first, &most) > 2 * HELD_MAX),
		  "%lld are held: what came back is not read", (long long)held(first, &most));
}

/* --- two replicas, one order --------------------------------------------------------------- */

/* Until it is released, a replica reads and decides, and waits before it writes history. */
static void hold_writers(void)
{
	sql_run("begin");
	sql_run("lock table delivery.history in share mode");
}

/* One waits for the table, the other for a row of the first one's transaction. */
static int64_t waiting_sessions(void)
{
	return sql_number("select count(*) from pg_stat_activity where datname = "
			  "current_database() and wait_event_type = 'Lock'");
}

static void release_writers(void)
{
	cr_assert(wait_until(20000, waiting_sessions() >= 2), "%lld of 2 replicas wait",
		  (long long)waiting_sessions());
	sql_run("commit");
}

static void produce_versions(int orders, int version, int partition)
{
	struct raw_message *all = arena_alloc((size_t)orders * sizeof(*all));

	for (int i = 0; i < orders; i++) {
		all[i] = order_version(i + 1, version, 99);
		all[i].partition = partition;
	}
	(void)produce_all(all, (size_t)orders);
}

/* Each delivery is as its last effect left it, and as far as its latest version. */
static void expect_deliveries_match(int orders, int version)
{
	cr_expect_eq(sql_number("select count(*) from delivery.delivery where version = %d",
				version),
		     orders, "a delivery is back at an older version than %d", version);
	cr_expect_eq(sql_number("select count(*) from delivery.delivery d where address <> 'V' || "
				"(select h.version from delivery.history h "
				"where h.order_id = d.order_id order by id desc limit 1)"),
		     0);
}

/* Both replicas have read the orders as they were; the one that writes second, with the older
 * version, has to look again. */
LAB_TEST(processing_order_load, replicas_that_meet_on_an_order_lose_nothing, 2)
{
	enum { ORDERS = 50, ROUNDS = 10 };
	struct service *replicas[2];
	int version = 1;

	for (int i = 0; i < 2; i++)
		replicas[i] = service_start(DELIVERY, KEY, "MAX_CONCURRENCY=100", NULL);
	cr_assert(wait_until(15000,
			     service_metric(replicas[0], "delivery_partitions") == 1.0 &&
				     service_metric(replicas[1], "delivery_partitions") == 1.0));
	produce_versions(ORDERS, version, 0);
	cr_assert(wait_until(10000, sql_number(HISTORY) == ORDERS));
	for (int round = 0; round < ROUNDS; round++, version += 2) {
		hold_writers();
		produce_versions(ORDERS, version + 2, round % 2);
		produce_versions(ORDERS, version + 1, 1 - round % 2);
		release_writers();
		cr_assert(
			wait_until(20000, sql_number(HISTORY) == (int64_t)(version + 2) * ORDERS));
		expect_deliveries_match(ORDERS, version + 2);
	}
	cr_expect_eq(sql_number("select count(*) from (select from delivery.history "
				"group by order_id having count(distinct version) = %d) o",
				version),
		     ORDERS);
}
