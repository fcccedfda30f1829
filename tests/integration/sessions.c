/*
 * What the services set on their sessions, with and without a pooler in between, and what they take
 * of DATABASE_URL.
 */
#include <signal.h>
#include <string.h>

#include "common/pg/pg.h"
#include "common/pg/pg_pooler.h"
#include "common/runtime/clock.h"
#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/pooler.h"
#include "tests/support/program.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/stack.h"
#include "tests/support/wait.h"

TestSuite(sessions, .timeout = 240);

#define LONG_MS 60000

/* --- settings ------------------------------------------------------------------------------ */

static struct pg *opened(const char *url, struct error *err)
{
	static const struct pg_statement shown[] = { { "show", "select current_setting($1)" },
						     { 0 } };
	static const struct pg_statement *const tables[] = { shown, NULL };
	const struct pg_config config = { url, "test", "orders", tables };
	struct pg *pg = NULL;

	return pg_open(&pg, &config, err) == ST_OK ? pg : NULL;
}

static const char *value_of(struct pg *pg, const char *setting)
{
	struct pg_params params = { 0 };
	struct pg_call call = { "show", &params, NULL };
	struct error err;
	const char *value;

	pg_param_text(&params, setting);
	cr_assert_eq(pg_run(pg, &call, 1, &err), ST_OK, "%s", err.msg);
	value = arena_format("%s", PQgetvalue(call.result, 0, 0));
	pg_clear(&call, 1);
	return value;
}

static void expect_value(struct pg *pg, const char *setting, const char *value)
{
	cr_expect_str_eq(value_of(pg, setting), value, "%s", setting);
}

static void expect_ours(struct pg *pg)
{
	expect_value(pg, "search_path", "orders");
	expect_value(pg, "enable_hashjoin", "off");
	expect_value(pg, "enable_mergejoin", "off");
	expect_value(pg, "jit", "off");
	expect_value(pg, "max_parallel_workers_per_gather", "0");
	expect_value(pg, "plan_cache_mode", "force_generic_plan");
	expect_value(pg, "idle_in_transaction_session_timeout", "20s");
	expect_value(pg, "client_connection_check_interval", "2s");
	expect_value(pg, "tcp_keepalives_idle", "5");
	expect_value(pg, "tcp_keepalives_interval", "2");
	expect_value(pg, "tcp_keepalives_count", "3");
	expect_value(pg, "tcp_user_timeout", "10000");
}

LAB_TEST(sessions, have_the_settings_that_the_code_relies_on, 1)
{
	struct error err;
	struct pg *pg = opened(stack_database_url("order_service", fixture.database), &err);

	expect_ours(pg);
	expect_value(pg, "enable_seqscan", "off");
	expect_value(pg, "application_name", "test");
	pg_close(pg);
}

LAB_TEST(sessions, what_the_url_asks_for_holds, 1)
{
	struct error err;
	struct pg *pg = opened(arena_format("%s?application_name=shop&options=-c%%20"
					    "enable_seqscan%%3Don",
					    stack_database_url("order_service", fixture.database)),
			       &err);

	expect_ours(pg);
	expect_value(pg, "enable_seqscan", "on");
	expect_value(pg, "application_name", "shop test");
	pg_close(pg);
}

static void expect_refused(const char *parameter, const char *why)
{
	struct error err = { 0 };
	struct pg *pg = opened(
		arena_format("postgresql://order_service:secret@127.0.0.1/lab%s", parameter), &err);

	cr_expect_null(pg, "%s", parameter);
	cr_expect_eq(err.status, ST_INVALID, "%s", parameter);
	cr_expect_not_null(strstr(err.msg, why), "%s: %s", parameter, err.msg);
	cr_expect_null(strstr(err.msg, "secret"), "%s", err.msg);
}

Test(sessions, a_url_that_asks_for_what_cannot_be_is_refused, .fini = arena_release)
{
	expect_refused("?client_encoding=LATIN1", "client_encoding");
	expect_refused("?connect_timeout=0", "connect_timeout");
	expect_refused("?connect_timeout=60", "connect_timeout");
	expect_refused("?nonsense=1", "not one that libpq takes");
}

/* --- a database without the roles' search_path --------------------------------------------- */

static void expect_an_order_delivered(const struct service *order)
{
	service_place_order(order);
	cr_expect(wait_until(LONG_MS, sql_number("select count(*) from delivery.history") == 1));
	cr_expect(wait_until(LONG_MS, sql_number("select count(*) from delivery.outbox") == 0));
}

/* pg_restore without --create: the roles' settings for the database are not in the dump. */
LAB_TEST(sessions, services_name_their_schema_themselves, 1)
{
	struct service *order;

	sql_run("alter role order_service in database %s reset all", fixture.database);
	sql_run("alter role delivery_service in database %s reset all", fixture.database);
	order = service_start(ORDER, NULL);
	(void)service_start(DELIVERY, NULL);
	expect_an_order_delivered(order);
}

/* --- advisory locks, which are the whole database's ---------------------------------------- */

/* Another program numbers its locks from 1 on, too. */
LAB_TEST(sessions, locks_of_others_hold_up_no_order, 1)
{
	sql_run("select pg_advisory_lock(n) from generate_series(1, 100) n");
	(void)service_start(DELIVERY, "SEQUENCING=enforce", NULL);
	expect_an_order_delivered(service_start(ORDER, NULL));
	sql_run("select pg_advisory_unlock_all()");
}

LAB_TEST(sessions, the_lock_of_an_order_holds_up_no_migration, 1)
{
	static const char *const settings[] = { NULL };
	struct program_run run;

	sql_run("select pg_advisory_lock(7262736)");
	run = program_run("sql/migrate.sh", NULL, settings);
	cr_expect_eq(run.status, 0, "%s", run.output);
	sql_run("select pg_advisory_unlock_all()");
}

/* --- a pooler ------------------------------------------------------------------------------ */

LAB_TEST(sessions, both_services_work_through_a_pooler_in_session_mode, 1)
{
	int port = pooler_start("session");
	struct error err;
	struct pg *pg = opened(pooler_url("order_service", port), &err);
	struct service *order;

	expect_ours(pg);
	expect_value(pg, "enable_seqscan", "off");
	pg_close(pg);
	order = service_start(
		ORDER, arena_format("DATABASE_URL=%s", pooler_url("order_service", port)), NULL);
	(void)service_start(DELIVERY,
			    arena_format("DATABASE_URL=%s", pooler_url("delivery_service", port)),
			    NULL);
	expect_an_order_delivered(order);
}

/* The server answers the settings and then no more. */
LAB_TEST(sessions, a_pooler_that_hangs_is_left_at_the_deadline, 1)
{
	PGconn *conn = PQconnectdb(pooler_url("order_service", pooler_start("session")));
	int64_t began;
	struct error err;

	cr_assert_eq(PQstatus(conn), CONNECTION_OK, "%s", PQerrorMessage(conn));
	cr_assert(PQsetnonblocking(conn, 1) == 0 && PQenterPipelineMode(conn) == 1);
	pooler_signal(SIGSTOP);
	began = mono_ms();
	cr_expect_eq(pg_pooler_check(conn, PQbackendPID(conn), clock_mono_ms() + 200, &err),
		     ST_UNAVAILABLE);
	cr_expect_lt(mono_ms() - began, 9000, "less than a check may take");
	pooler_signal(SIGCONT);
	PQfinish(conn);
}

static void expect_no_start(const char *program, const char *url)
{
	const char *const settings[] = { arena_format("DATABASE_URL=%s", url), "HTTP_PORT=0",
					 NULL };
	const struct program_run run = program_run(program, NULL, settings);

	cr_expect_eq(run.status, 2, "%s", run.output);
	cr_expect_not_null(strstr(run.output, "pool_mode=session"), "%s", run.output);
}

LAB_TEST(sessions, a_pooler_in_transaction_mode_is_refused_at_the_start, 1)
{
	int port = pooler_start("transaction");

	expect_no_start(ORDER, pooler_url("order_service", port));
	expect_no_start(DELIVERY, pooler_url("delivery_service", port));
}
