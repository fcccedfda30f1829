/*
 * What PostgreSQL plans while a table is empty must not stay when it has grown: a batch would read
 * the whole table to find its orders.
 */
#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/order_event.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(plans, .timeout = 600);

#define DELIVERIES "select count(*) from delivery.delivery"
#define STATISTICS "from pg_stat_user_tables where schemaname = 'delivery' and relname = 'delivery'"

LAB_TEST(plans, made_for_an_empty_table_they_do_not_stay, 1)
{
	enum { ORDERS = 20000 };
	struct raw_message *placed = arena_alloc(ORDERS * sizeof(*placed));

	/* The planner takes a table that it knows nothing of for one of ten pages. What would mend
	 * a plan is kept away. */
	sql_run("alter table delivery.delivery set (autovacuum_enabled = false)");
	sql_run("alter table delivery.history set (autovacuum_enabled = false)");
	sql_run("analyze delivery.delivery, delivery.history");
	(void)service_start(DELIVERY, NULL);
	for (int i = 0; i < ORDERS; i++)
		placed[i] = order_version(i + 1, 1, 3);
	(void)produce_all(placed, 1);
	/* Waits for the statistics: a count of the rows would read them all, and be counted. */
	cr_assert(wait_until(10000, sql_number("select n_tup_ins " STATISTICS) == 1));
	(void)produce_all(placed + 1, ORDERS - 1);
	cr_assert(wait_until(60000, sql_number("select n_tup_ins " STATISTICS) == ORDERS));
	cr_expect_lt(sql_number("select idx_tup_fetch + seq_tup_read " STATISTICS), 2 * ORDERS);
	cr_assert_eq(sql_number(DELIVERIES), ORDERS);
}
