#include "tests/support/sql.h"

#include <criterion/criterion.h>
#include <libpq-fe.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/runtime/command.h"
#include "tests/support/arena.h"
#include "tests/support/stack.h"
#include "tests/support/wait.h"

#define TEMPLATE "lab" /* nobody connects to it while tests run */

static PGconn *owner;        /* of the test's database; NULL: not connected */
static const char *database; /* in the arena */

static PGconn *connect_as(const char *role, const char *name)
{
	PGconn *conn = PQconnectdb(stack_database_url(role, name));

	if (PQstatus(conn) != CONNECTION_OK)
		cr_assert_fail("no connection to %s as %s: %s", name, role, PQerrorMessage(conn));
	return conn;
}

/* One statement outside the test's database. False: why is in the log of the test. */
static bool administer(const char *statement)
{
	PGconn *conn = PQconnectdb(stack_database_url("lab", "postgres"));
	PGresult *result = PQexec(conn, statement);
	bool done = PQresultStatus(result) == PGRES_COMMAND_OK;

	if (!done)
		(void)fprintf(stderr, "%s: %s", statement, PQerrorMessage(conn));
	PQclear(result);
	PQfinish(conn);
	return done;
}

static void give_search_paths(void)
{
	sql_run("alter role order_service in database %s set search_path = orders", database);
	sql_run("alter role delivery_service in database %s set search_path = delivery", database);
}

void sql_database_create(const char *name)
{
	/* A copy that runs at the same time, or autovacuum, may hold the template for a moment. */
	cr_assert(wait_until(
		10000, administer(arena_format("create database %s template " TEMPLATE, name))));
	database = arena_format("%s", name);
	owner = connect_as("lab", database);
	give_search_paths();
}

static void drop(void)
{
	PQfinish(owner);
	owner = NULL;
	(void)administer(arena_format("drop database if exists %s with (force)", database));
}

void sql_database_drop(void)
{
	if (database)
		drop();
	database = NULL;
}

/* --- dump and restore ---------------------------------------------------------------------- */

static void run_client(const char *program, const char *option, const char *more, const char *path)
{
	const struct command command = {
		.arguments = { arena_format("/usr/lib/postgresql/15/bin/%s", program), "-d",
			       stack_database_url("lab", database), option, more, path },
		.output_path = arena_format("%s.log", path),
		.timeout_ms = wait_stretch(60000),
	};

	cr_assert_eq(command_run(&command), 0, "%s failed, see %s", program, command.output_path);
}

void sql_database_dump(const char *path)
{
	run_client("pg_dump", "-Fc", "-f", path);
}

void sql_database_restore(const char *path)
{
	drop();
	cr_assert(administer(arena_format("create database %s template template0", database)));
	run_client("pg_restore", "--single-transaction", "--exit-on-error", path);
	owner = connect_as("lab", database);
}

void sql_database_restore_over(const char *path)
{
	run_client("pg_restore", "--clean", "--single-transaction", path);
}

/* Runs it; a connection that the server's restart broke is replaced first. */
static PGresult *run(const char *fmt, va_list ap)
{
	char *statement = NULL;
	PGresult *result;

	if (vasprintf(&statement, fmt, ap) < 0)
		abort();
	result = PQexec(owner, statement);
	if (PQstatus(owner) != CONNECTION_OK) {
		PQclear(result);
		PQreset(owner);
		result = PQexec(owner, statement);
	}
	if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
		cr_assert_fail("%s: %s", statement, PQerrorMessage(owner));
	free(statement);
	return result;
}

static const char *first_value(PGresult *result)
{
	const char *text = "";

	if (PQntuples(result) > 0 && !PQgetisnull(result, 0, 0))
		text = arena_format("%s", PQgetvalue(result, 0, 0));
	PQclear(result);
	return text;
}

int64_t sql_number(const char *fmt, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = first_value(run(fmt, ap));
	va_end(ap);
	return *text ? strtoll(text, NULL, 10) : -1;
}

const char *sql_text(const char *fmt, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = first_value(run(fmt, ap));
	va_end(ap);
	return text;
}

void sql_run(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	PQclear(run(fmt, ap));
	va_end(ap);
}

/* pg_stat_activity would not change within a transaction of ours. Who waits for a row waits for a
 * transaction, which is of no database, but has locks in one. */
#define WAITING                                                                                    \
	"from (select distinct pid from pg_locks where not granted and pid in (select pid from "   \
	"pg_locks where database = (select oid from pg_database where datname = "                  \
	"current_database()))) w"

int64_t sql_waiting_sessions(void)
{
	return sql_number("select count(*) " WAITING);
}

void sql_end_waiting_sessions(void)
{
	sql_run("select pg_terminate_backend(pid, 5000) " WAITING);
}

const char *sql_refusal(const char *role, const char *statement)
{
	PGconn *conn = connect_as(role, database);
	PGresult *result = PQexec(conn, statement);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	state = arena_format("%s", state ? state : "");
	PQclear(result);
	PQfinish(conn);
	return state;
}
