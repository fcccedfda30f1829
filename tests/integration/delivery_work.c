/*
 * DELIVERY_WORK=cpu: work that computes, in threads of its own. (That it is done in its order is
 * the lanes' matter, whatever the work takes.)
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/support/keep.h"
#include "tests/support/order_event.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"
#include "tests/support/world.h"

TestSuite(delivery_work, .timeout = 60);

#define HISTORY "select count(*) from delivery.history"

/* What a process has computed so far, in its own and the kernel's code. */
static int64_t computed_ms(const struct service *service)
{
	FILE *file = fopen(keep_format("/proc/%d/stat", service->pid), "re");
	unsigned long user = 0, kernel = 0;

	cr_assert_not_null(file);
	/* Fields 14 and 15; the second one is the name, which has no blanks here. */
	cr_assert_eq(fscanf(file, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
			    &user, &kernel),
		     2);
	(void)fclose(file);
	return (int64_t)(user + kernel) * 1000 / sysconf(_SC_CLK_TCK);
}

/* Orders 1 to count, each placed and modified. */
static void produce_orders(int count)
{
	struct raw_message *messages = keep_alloc(sizeof(*messages) * 2 * (size_t)count);

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
	int64_t before = computed_ms(delivery);

	produce_orders(10);
	cr_assert(wait_until(20000, sql_number(HISTORY) == 20));
	cr_expect_geq(computed_ms(delivery) - before, 10 * 100);
	cr_expect_eq(sql_number("select count(*) from delivery.delivery "
				"where status = 'DELIVERY MODIFIED' and version = 2"),
		     10);
}

LAB_TEST(delivery_work, waiting_takes_none, 2)
{
	struct service *delivery = service_start(DELIVERY, "DELIVERY_DELAY_MS=200",
						 "PROCESSING_ORDER=key", "MAX_CONCURRENCY=100",
						 NULL);
	int64_t before = computed_ms(delivery);

	produce_orders(100);
	cr_assert(wait_until(20000, sql_number(HISTORY) == 200));
	cr_expect_lt(computed_ms(delivery) - before, 100 * 200 / 4);
}

/* What is computed is not waited for, and is done anew. */
LAB_TEST(delivery_work, a_stop_cuts_it_off, 1)
{
	struct service *first = service_start(DELIVERY, "DELIVERY_WORK=cpu", "WORKERS=2",
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

/* The partitions that a second replica takes over are cut off in the midst of their work. */
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
				"group by order_id, version having count(*) > 1) doubled"),
		     0);
}
