#include "tests/support/cluster.h"

#include <criterion/criterion.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/runtime/command.h"
#include "tests/support/arena.h"
#include "tests/support/ports.h"
#include "tests/support/stack.h"
#include "tests/support/wait.h"

#define SCRIPT_MS 120000
#define PASSWORD  "secret"

static int ports[CLUSTERS_MAX]; /* 0: does not run */

static const char *folder_of(int number)
{
	return arena_format("%s/cluster-%d", stack_run_dir(), number);
}

static void script(int number, const char *command)
{
	const struct command run = {
		.arguments = { "/usr/bin/env", arena_format("RUN_DIR=%s", folder_of(number)),
			       arena_format("PG_PORT=%d", ports[number]), "sql/cluster.sh",
			       command },
		.output_path = arena_format("%s/log/tests-stack.log", stack_run_dir()),
		.timeout_ms = wait_stretch(SCRIPT_MS),
	};

	cr_assert_eq(command_run(&run), 0, "sql/cluster.sh %s: see %s", command, run.output_path);
}

static void remove_data(int number)
{
	const struct command run = {
		.arguments = { "/bin/rm", "-rf", folder_of(number) },
		.timeout_ms = wait_stretch(SCRIPT_MS),
	};

	(void)command_run(&run);
}

int cluster_start(int number)
{
	remove_data(number);
	ports[number] = ports_free(CLUSTERS_MAX) + number;
	script(number, "start");
	(void)cluster_sql(number, "alter role order_service password '" PASSWORD "'");
	(void)cluster_sql(number, "alter role delivery_service password '" PASSWORD "'");
	return ports[number];
}

const char *cluster_url(const char *role, int port, int other_port, const char *options)
{
	const char *other = other_port ? arena_format(",127.0.0.1:%d", other_port) : "";

	return arena_format("postgresql://%s:" PASSWORD "@127.0.0.1:%d%s/lab%s", role, port, other,
			    options);
}

int64_t cluster_sql(int number, const char *statement)
{
	PGconn *conn = PQconnectdb(arena_format("postgresql://lab@127.0.0.1:%d/lab?passfile=%s"
						"/pgpass",
						ports[number], folder_of(number)));
	PGresult *result = PQexec(conn, statement);
	int64_t number_of = -1;

	if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
		cr_assert_fail("%s: %s", statement, PQerrorMessage(conn));
	if (PQntuples(result) > 0)
		number_of = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
	PQclear(result);
	PQfinish(conn);
	return number_of;
}

void cluster_set(int number, const char *setting, const char *value)
{
	(void)cluster_sql(number, arena_format("alter system set %s = %s", setting, value));
	(void)cluster_sql(number, "select pg_reload_conf()");
}

void clusters_remove(void)
{
	for (int number = 0; number < CLUSTERS_MAX; number++) {
		if (ports[number] == 0)
			continue;
		script(number, "stop");
		remove_data(number);
		ports[number] = 0;
	}
	arena_release();
}
