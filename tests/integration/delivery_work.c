/*
 * Work that takes threads: DELIVERY_WORK=cpu and count, in the models of WORKER_MODEL. (That it is
 * done in its order is the lanes' matter, whatever the work takes; how parts and cancels play
 * together is in the pool's unit test.)
 */
#include <dirent.h>
#include <signal.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/order_event.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(delivery_work, .timeout = 600);

#define HISTORY "select count(*) from delivery.history"

/* The threads that have computed that long each. */
static int threads_beyond(const struct service *service, int64_t ms)
{
	const char *path = arena_format("/proc/%d/task", service->pid);
	DIR *folder = opendir(path);
	const struct dirent *entry;
	int count = 0;

	cr_assert_not_null(folder);
	while ((entry = readdir(folder))) {
		if (*entry->d_name != '.')
			count += proc_computed_ms(
					 arena_format("%s/%s/stat", path, entry->d_name)) >= ms;
	}
	(void)closedir(folder);
	return count;
}

/* Orders 1 to count, each placed and modified. */
static void produce_orders(int count)
{
	struct raw_message *messages = arena_alloc(sizeof(*messages) * 2 * (size_t)count);

	for (int i = 0; i < count; i++) {
		messages[2 * i] = order_version(i + 1, 1, 3);
		messages[2 * i + 1] = order_version(i + 1, 2, 3);
	}
	(void)produce_all(messages, 2 * (size_t)count);
}

LAB_TEST(delivery_work, it_takes_a_processor, 2)
{
	struct service *delivery = service_start(DELIVERY, "DELIVERY_WORK=cpu", "WORKERS=2",
						 "DELIVERY_DELAY_MS=100", "PROCESSING_ORDER=key",
						 "MAX_CONCURRENCY=4", NULL);
	int64_t before = service_computed_ms(delivery);

	produce_orders(10);
	cr_assert(wait_until(20000, sql_number(HISTORY) == 20));
	cr_expect_geq(service_computed_ms(delivery) - before, 10 * 100);
	cr_expect_eq(sql_number("select count(*) from delivery.delivery "
				"where status = 'DELIVERY MODIFIED' and version = 2"),
		     10);
}

LAB_TEST(delivery_work, waiting_takes_none, 2)
{
	struct service *delivery = service_start(DELIVERY, "DELIVERY_DELAY_MS=200",
						 "PROCESSING_ORDER=key", "MAX_CONCURRENCY=100",
						 NULL);
	int64_t before = service_computed_ms(delivery);

	produce_orders(100);
	cr_assert(wait_until(20000, sql_number(HISTORY) == 200));
	cr_expect_lt(service_computed_ms(delivery) - before, 100 * 200 / 4);
}

/* What is computed is not waited for, and is done again. */
static void expect_a_stop_to_cut_off(const char *model)
{
	struct service *first = service_start(DELIVERY, "DELIVERY_WORK=cpu", "WORKERS=2", model,
					      "DELIVERY_DELAY_MS=60000", "PROCESSING_ORDER=key",
					      "MAX_CONCURRENCY=8", NULL);
	int64_t stopped_ms;

	produce_orders(8);
	cr_assert(wait_until(10000, sql_number(HISTORY) == 8));
	cr_assert(wait_until(5000, service_metric(first, "delivery_events_in_work") == 8.0));
	stopped_ms = service_stop(first, SIGTERM);
	cr_expect_lt(stopped_ms, 4000, "the stop took %lld ms", (long long)stopped_ms);
	(void)service_start(DELIVERY, "DELIVERY_WORK=cpu", "DELIVERY_DELAY_MS=20", NULL);
	cr_assert(wait_until(20000, sql_number(HISTORY) == 16));
}

LAB_TEST(delivery_work, a_stop_cuts_it_off, 1)
{
	expect_a_stop_to_cut_off("WORKER_MODEL=pool");
}

LAB_TEST(delivery_work, a_stop_cuts_off_all_parts, 1)
{
	expect_a_stop_to_cut_off("WORKER_MODEL=split");
}

/* The partitions that a second replica takes over are interrupted in the midst of their work. */
LAB_TEST(delivery_work, a_hand_over_cuts_it_off, 4)
{
	struct service *first = service_start(DELIVERY, "DELIVERY_WORK=cpu", "WORKERS=1",
					      "DELIVERY_DELAY_MS=200", "PROCESSING_ORDER=key",
					      "MAX_CONCURRENCY=40", NULL);

	produce_orders(40);
	cr_assert(wait_until(10000, service_metric(first, "delivery_events_in_work") >= 20.0));
	(void)service_start(DELIVERY, "DELIVERY_WORK=cpu", "DELIVERY_DELAY_MS=5", NULL);
	cr_assert(wait_until(30000, sql_number(HISTORY) == 80));
	cr_expect_gt(sql_number("select count(*) from delivery.history "
				"where replica = 'delivery-2'"),
		     0);
	cr_expect_eq(sql_number("select count(*) from (select from delivery.history "
				"group by order_id, version having count(*) > 1) duplicated"),
		     0);
}

/* --- models -------------------------------------------------------------------------------- */

/* Whatever WORKERS says: each event ends a whole time after the one before it. */
LAB_TEST(delivery_work, a_single_thread_works_one_event_at_a_time, 1)
{
	struct service *delivery = service_start(DELIVERY, "DELIVERY_WORK=cpu", "WORKERS=4",
						 "WORKER_MODEL=single", "DELIVERY_DELAY_MS=300",
						 "PROCESSING_ORDER=key", "MAX_CONCURRENCY=4", NULL);

	produce_orders(4);
	cr_assert(wait_until(20000, sql_number(HISTORY) == 8));
	cr_expect_eq(threads_beyond(delivery, 250), 1);
	cr_expect_geq(sql_number("select extract(epoch from max(applied_at) - min(applied_at))"
				 "::numeric * 1000 from delivery.history "
				 "where event = 'OrderModified'"),
		      3 * 300 - 50);
}

/* One event, five threads, unless WORKERS says otherwise. */
LAB_TEST(delivery_work, split_work_is_worked_by_as_many_threads, 1)
{
	struct service *first = service_start(DELIVERY, "DELIVERY_WORK=cpu", "WORKER_MODEL=split",
					      "DELIVERY_DELAY_MS=1000", NULL);
	struct service *second;

	produce_orders(1);
	cr_assert(wait_until(20000, sql_number(HISTORY) == 2));
	cr_expect_eq(threads_beyond(first, 150), 5);
	cr_expect_eq(threads_beyond(first, 300), 0);
	(void)service_stop(first, SIGTERM);
	second = service_start(DELIVERY, "DELIVERY_WORK=cpu", "WORKER_MODEL=split", "WORKERS=2",
			       "DELIVERY_DELAY_MS=1000", NULL);
	(void)produce_all((struct raw_message[]){ order_version(2, 1, 3), order_version(2, 2, 3) },
			  2);
	cr_assert(wait_until(20000, sql_number(HISTORY) == 4));
	cr_expect_eq(threads_beyond(second, 400), 2);
}

/* --- counting ------------------------------------------------------------------------------ */

/* An event is applied when its last number is out, and takes no other time. */
LAB_TEST(delivery_work, counting_prints_every_number_for_every_event, 1)
{
	static const char *const models[] = { "WORKER_MODEL=pool", "WORKER_MODEL=single",
					      "WORKER_MODEL=split" };

	for (int i = 0; i < 3; i++) {
		struct service *delivery =
			service_start(DELIVERY, "DELIVERY_WORK=count", models[i],
				      "DELIVERY_DELAY_MS=3600000", "PROCESSING_ORDER=key",
				      "MAX_CONCURRENCY=3", "DELIVERY_DELAY_ON=OrderPlaced", NULL);
		struct raw_message orders[7];

		for (int id = 0; id < 7; id++)
			orders[id] = order_version(10 * i + id + 1, 1, 3);
		(void)produce_all(orders, 7);
		cr_assert(wait_until(20000, sql_number(HISTORY) == 7 * (i + 1)));
		cr_expect(wait_until(60000, service_counted(delivery, 7)), "see %s", delivery->log);
		(void)service_stop(delivery, SIGTERM);
	}
}
