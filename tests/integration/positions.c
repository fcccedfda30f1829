/*
 * The position stands in PostgreSQL. What Kafka has of it is true for its tools, whatever somebody
 * did to it; and a PostgreSQL that forgot commits is noticed by whoever owns a partition, who goes
 * on from what it knows.
 */
#include <signal.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/group.h"
#include "tests/support/order_event.h"
#include "tests/support/pooler.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(positions, .timeout = 300);

#define WAIT_MS    60000
#define HISTORY    "select count(*) from delivery.history"
#define POSITION   "select next_offset from delivery.position"
#define RANGES_END "select max(end_offset) from delivery.position_range"
#define FORGOTTEN  "delivery_positions_forgotten_total"

static void produce_placed(int64_t first, int64_t last)
{
	for (int64_t id = first; id <= last; id++) {
		const struct raw_message message = order_version(id, 1, 3);

		(void)produce(&message);
	}
}

/* Everything has its effect, is published and passed over: nothing moves any more. */
static void await_quiet(const struct service *delivery, int64_t effects)
{
	cr_assert(wait_until(WAIT_MS, sql_number(HISTORY) == effects), "%lld of %lld effects",
		  (long long)sql_number(HISTORY), (long long)effects);
	cr_assert(wait_until(WAIT_MS, sql_number("select count(*) from delivery.outbox") == 0));
	cr_assert(wait_until(WAIT_MS,
			     service_metric(delivery, "delivery_partition_lag{partition=\"0\"}") ==
				     0.0));
}

/* --- as Kafka's tools see it --------------------------------------------------------------- */

LAB_TEST(positions, what_is_committed_to_kafka_is_the_position, 1)
{
	struct service *delivery = service_start(DELIVERY, NULL);

	produce_placed(1, 3);
	await_quiet(delivery, 3);
	cr_expect(wait_until(WAIT_MS, group_committed(0) == sql_number(POSITION)),
		  "committed: %lld, the position: %lld", (long long)group_committed(0),
		  (long long)sql_number(POSITION));
	cr_expect_eq(sql_number(POSITION), 6);
}

/* Nothing new is on the topic: the claim alone makes it true again. */
LAB_TEST(positions, a_reset_offset_is_committed_again, 1)
{
	struct service *delivery = service_start(DELIVERY, NULL);

	produce_placed(1, 3);
	await_quiet(delivery, 3);
	(void)service_stop(delivery, SIGTERM);
	group_reset(0, 0);
	cr_assert_eq(group_committed(0), 0);
	delivery = service_start(DELIVERY, NULL);
	cr_expect(wait_until(WAIT_MS, group_committed(0) == 6), "committed: %lld",
		  (long long)group_committed(0));
	cr_expect_eq(sql_number(HISTORY), 3, "a reset replays nothing");
	cr_expect_eq(service_metric(delivery, "delivery_events_duplicate_total"), 0.0);
	(void)service_stop(delivery, SIGTERM);
	group_delete(0);
	cr_assert_eq(group_committed(0), -1);
	(void)service_start(DELIVERY, NULL);
	cr_expect(wait_until(WAIT_MS, group_committed(0) == 6), "committed: %lld",
		  (long long)group_committed(0));
}

/* --- a database that forgot ---------------------------------------------------------------- */

static int64_t before; /* the position that is to be found again */

/* Orders 1 to 3 are delivered, then 4 and 5. */
static void deliver_five_by(const struct service *delivery)
{
	produce_placed(1, 3);
	await_quiet(delivery, 3);
	before = sql_number(POSITION);
	produce_placed(4, 5);
	await_quiet(delivery, 5);
}

static struct service *deliver_five(void)
{
	struct service *delivery = service_start(DELIVERY, NULL);

	deliver_five_by(delivery);
	return delivery;
}

/* As if what came after order 3 had never been committed; fewer: assignments that it forgets. */
static void forget(int fewer)
{
	sql_run("with h as (delete from delivery.history where order_id > 3), "
		"d as (delete from delivery.delivery where order_id > 3) "
		"update delivery.position set next_offset = %lld, epoch = epoch - %d, "
		"  claim = claim # sign(%d)::bigint",
		(long long)before, fewer, fewer);
}

static void expect_forgotten(const struct service *delivery, int64_t effects)
{
	cr_assert(wait_until(WAIT_MS, sql_number(HISTORY) == effects), "%lld of %lld effects",
		  (long long)sql_number(HISTORY), (long long)effects);
	cr_expect_eq(sql_number("select count(*) from delivery.delivery"), effects);
	cr_expect(service_logs(delivery,
			       arena_format("ERROR delivery msg=\"the database has forgotten "
					    "what was committed\" partition=0 committed=")));
	cr_expect(service_logs(delivery, arena_format("found=%lld", (long long)before)));
	cr_expect_eq(service_metric(delivery, FORGOTTEN), 1.0);
	await_quiet(delivery, effects);
}

LAB_TEST(positions, an_owner_with_events_notices_a_database_that_forgot, 1)
{
	struct service *delivery = deliver_five();

	service_allow_errors();
	forget(0);
	produce_placed(6, 6);
	expect_forgotten(delivery, 6);
	cr_expect_eq(service_metric(delivery, "delivery_fenced_writes_total"), 0.0);
}

/* The claim is forgotten as well, and its epoch was given to another since. */
LAB_TEST(positions, an_epoch_that_was_given_out_again_is_no_right_to_write, 1)
{
	struct service *delivery = deliver_five();
	int64_t epoch = sql_number("select epoch from delivery.position");

	service_allow_errors();
	sql_run("update delivery.position set claim = claim # 1, owner = 'another'");
	produce_placed(6, 6);
	await_quiet(delivery, 6);
	cr_expect_eq(sql_number("select epoch from delivery.position"), epoch + 1,
		     "it wrote under the other's epoch");
	cr_expect(service_logs(delivery, "epoch_given_out_again=1"));
	cr_expect_eq(service_metric(delivery, FORGOTTEN), 1.0);
}

LAB_TEST(positions, an_owner_without_events_notices_too, 1)
{
	struct service *delivery = deliver_five();

	service_allow_errors();
	forget(0);
	expect_forgotten(delivery, 5);
}

/* All but what holds the position is done, up to the end of the topic. */
static void await_ranges(struct tail *tail, int64_t effects)
{
	cr_assert(wait_until(WAIT_MS, sql_number(HISTORY) == effects), "%lld of %lld effects",
		  (long long)sql_number(HISTORY), (long long)effects);
	cr_assert(wait_until(WAIT_MS, sql_number("select count(*) from delivery.outbox") == 0));
	cr_assert(wait_until(WAIT_MS, sql_number(RANGES_END) == (int64_t)tail_read(tail)));
}

/*
 * One event holds the position, so that what is done behind it are ranges: neither position nor
 * epoch tells that some of them were forgotten.
 */
LAB_TEST(positions, forgotten_ranges_are_noticed_too, 1)
{
	const struct raw_message placed = order_version(1, 1, 3), modified = order_version(1, 2, 3);
	struct service *delivery = service_start(DELIVERY, "PROCESSING_ORDER=key",
						 "MAX_CONCURRENCY=10", "DELIVERY_DELAY_MS=600000",
						 NULL);
	struct tail *tail = tail_open(fixture.topic);
	int64_t commits, end;

	service_allow_errors();
	(void)produce(&placed);
	await_quiet(delivery, 1);
	(void)produce(&modified);
	produce_placed(2, 3);
	await_ranges(tail, 3);
	commits = sql_number("select commits from delivery.position");
	end = sql_number(RANGES_END);
	produce_placed(4, 5);
	await_ranges(tail, 5);
	sql_run("with h as (delete from delivery.history where order_id > 3), "
		"d as (delete from delivery.delivery where order_id > 3), "
		"r as (update delivery.position_range set end_offset = %lld) "
		"update delivery.position set commits = %lld",
		(long long)end, (long long)commits);
	cr_expect(wait_until(WAIT_MS, service_metric(delivery, FORGOTTEN) == 1.0));
	await_ranges(tail, 5);
}

/* The epoch that is given out next is none that was given out before. */
LAB_TEST(positions, an_assignment_that_was_forgotten_is_none_that_comes_again, 1)
{
	struct service *delivery;
	int64_t epoch;

	service_allow_errors();
	(void)service_stop(service_start(DELIVERY, NULL), SIGTERM);
	delivery = deliver_five();
	epoch = sql_number("select epoch from delivery.position");
	forget(1);
	expect_forgotten(delivery, 5);
	cr_expect_gt(sql_number("select epoch from delivery.position"), epoch);
}

/* It leaves the group since the database does not answer, and is its only member. */
LAB_TEST(positions, an_owner_that_was_away_meanwhile_notices_too, 1)
{
	int port = pooler_start("session");
	struct service *delivery = service_start(
		DELIVERY, arena_format("DATABASE_URL=%s", pooler_url("delivery_service", port)),
		NULL);
	int64_t epoch;

	service_allow_errors();
	deliver_five_by(delivery);
	epoch = sql_number("select epoch from delivery.position");
	pooler_signal(SIGSTOP);
	cr_assert(wait_until(WAIT_MS, service_logged(delivery, "leaves the group")));
	forget(1);
	pooler_signal(SIGCONT);
	expect_forgotten(delivery, 5);
	cr_expect_gt(sql_number("select epoch from delivery.position"), epoch);
}
