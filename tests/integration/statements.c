/*
 * Every statement that a program has is one that PostgreSQL takes on the migrated schema, from the
 * role that runs it, and one that some code runs. A statement's name is unique, so a use is its
 * name anywhere but in its table.
 */
#include <dirent.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/outbox/outbox.h"
#include "common/outbox/relay_backlog.h"
#include "common/outbox/relay_lease.h"
#include "common/outbox/relay_sleep.h"
#include "common/outbox/relay_store.h"
#include "common/pg/pg_write_probe.h"
#include "delivery-service/api/delivery_api.h"
#include "delivery-service/api/sync_delivery_store.h"
#include "delivery-service/store/batch_load.h"
#include "delivery-service/store/batch_parked.h"
#include "delivery-service/store/batch_save.h"
#include "delivery-service/store/delivery_store.h"
#include "order-service/key_expiry.h"
#include "order-service/known_database.h"
#include "order-service/order_read.h"
#include "order-service/order_store.h"
#include "order-service/sync/sync_store.h"
#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/stack.h"
#include "tools/dead-letters/outbox_dead.h"
#include "tools/demo/lab_tables.h"
#include "tools/page/table_feed.h"
#include "tools/verify-history/read_tables.h"

TestSuite(statements, .timeout = 600);

#define ORDER    "order_service"
#define DELIVERY "delivery_service"
#define OWNER    "lab"
#define PAGE     "page_reader"

#define TABLE(table) #table, table

static const struct {
	const char *name;
	const struct pg_statement *table;
	const char *roles[3]; /* that run it */
} tables[] = {
	{ TABLE(pg_write_probe_statements), { ORDER, DELIVERY } },
	{ TABLE(outbox_statements), { ORDER, DELIVERY } },
	{ TABLE(relay_store_statements), { ORDER, DELIVERY } },
	{ TABLE(relay_lease_statements), { ORDER, DELIVERY } },
	{ TABLE(relay_backlog_statements), { ORDER, DELIVERY } },
	{ TABLE(relay_sleep_statements), { ORDER, DELIVERY } },
	{ TABLE(order_store_statements), { ORDER } },
	{ TABLE(order_read_statements), { ORDER } },
	{ TABLE(known_database_statements), { ORDER } },
	{ TABLE(key_expiry_statements), { ORDER } },
	{ TABLE(sync_store_statements), { ORDER } },
	{ TABLE(delivery_store_statements), { DELIVERY } },
	{ TABLE(batch_load_statements), { DELIVERY } },
	{ TABLE(batch_parked_statements), { DELIVERY } },
	{ TABLE(batch_save_statements), { DELIVERY } },
	{ TABLE(delivery_api_statements), { DELIVERY } },
	{ TABLE(sync_delivery_store_statements), { DELIVERY } },
	{ TABLE(outbox_dead_statements), { OWNER } },
	{ TABLE(read_tables_statements), { OWNER } },
	{ TABLE(lab_tables_statements), { OWNER } },
	{ TABLE(table_feed_statements), { PAGE } },
};
#define TABLE_COUNT (sizeof(tables) / sizeof(tables[0]))

/* --- PostgreSQL takes it ------------------------------------------------------------------- */

/* Fails the test with the statement's name if the result is an error. Returns it, the caller's. */
static PGresult *expect_done(PGresult *result, const char *role, const struct pg_statement *s)
{
	ExecStatusType status = PQresultStatus(result);

	cr_expect(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%s as %s: %s", s->name,
		  role, PQresultErrorMessage(result));
	return result;
}

/* "explain execute name (null, ...)". What is no query has no plan, and explain says so. */
static const char *explain_of(const struct pg_statement *s, int parameters)
{
	const char *nulls = "";

	for (int i = 0; i < parameters; i++)
		nulls = arena_format("%s%snull", nulls, i ? ", " : "");
	return arena_format("explain execute \"%s\" %s%s%s", s->name, parameters ? "(" : "", nulls,
			    parameters ? ")" : "");
}

static void explain(PGconn *conn, const char *role, const struct pg_statement *s)
{
	PGresult *prepared, *described;

	prepared = expect_done(PQprepare(conn, s->name, s->sql, 0, NULL), role, s);
	if (PQresultStatus(prepared) == PGRES_COMMAND_OK) {
		described = PQdescribePrepared(conn, s->name);
		PQclear(expect_done(PQexec(conn, explain_of(s, PQnparams(described))), role, s));
		PQclear(described);
	}
	PQclear(prepared);
}

static void explain_all(const struct pg_statement *table, const char *role)
{
	PGconn *conn = PQconnectdb(stack_database_url(role, fixture.database));

	cr_assert_eq(PQstatus(conn), CONNECTION_OK, "%s", PQerrorMessage(conn));
	for (const struct pg_statement *s = table; s->name; s++)
		explain(conn, role, s);
	PQfinish(conn);
}

LAB_TEST(statements, are_planned_for_the_role_that_runs_them, 1)
{
	for (size_t i = 0; i < TABLE_COUNT; i++) {
		for (size_t r = 0; tables[i].roles[r]; r++)
			explain_all(tables[i].table, tables[i].roles[r]);
	}
}

/* --- some code runs it --------------------------------------------------------------------- */

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	size_t len, size = 1 << 20;
	char *text = arena_alloc(size);

	cr_assert_not_null(file, "%s", path);
	len = fread(text, 1, size - 1, file);
	cr_assert_lt(len, size - 1, "%s is too long", path);
	(void)fclose(file);
	return text;
}

static const char *sources = ""; /* of the programs, one after the other */

static void add_sources(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	cr_assert_not_null(dir, "%s: tests run in the repository", folder);
	while ((entry = readdir(dir))) {
		const char *path = arena_format("%s/%s", folder, entry->d_name);
		size_t len = strlen(path);

		if (entry->d_name[0] == '.')
			continue;
		if (entry->d_type == DT_DIR)
			add_sources(path);
		else if (len > 2 && strcmp(path + len - 2, ".c") == 0)
			sources = arena_format("%s%s", sources, read_file(path));
	}
	(void)closedir(dir);
}

static int occurrences(const char *text)
{
	int n = 0;

	for (const char *at = sources; (at = strstr(at, text)); at += strlen(text))
		n++;
	return n;
}

/* OUTBOX_INSERT stands for its name. */
static const char *literal_of(const struct pg_statement *s)
{
	return strcmp(s->name, OUTBOX_INSERT) == 0 ? "OUTBOX_INSERT"
						   : arena_format("\"%s\"", s->name);
}

/* A name that two tables have would look used. */
static int tables_with(const char *name)
{
	int n = 0;

	for (size_t i = 0; i < TABLE_COUNT; i++) {
		for (const struct pg_statement *s = tables[i].table; s->name; s++)
			n += strcmp(s->name, name) == 0;
	}
	return n;
}

Test(statements, are_run_by_some_code, .fini = arena_release)
{
	add_sources("common");
	add_sources("order-service");
	add_sources("delivery-service");
	add_sources("tools");
	for (size_t i = 0; i < TABLE_COUNT; i++) {
		for (const struct pg_statement *s = tables[i].table; s->name; s++) {
			cr_expect_gt(occurrences(literal_of(s)), 1, "no code runs %s of %s",
				     s->name, tables[i].name);
			cr_expect_eq(tables_with(s->name), 1, "%s is in two tables", s->name);
		}
	}
}

/* A table that is not in this file would not be tested. */
Test(statements, are_all_known_here, .fini = arena_release)
{
	static const char type[] = "const struct pg_statement ";
	size_t found = 0;

	add_sources("common");
	add_sources("order-service");
	add_sources("delivery-service");
	add_sources("tools");
	for (const char *at = sources; (at = strstr(at, type)); at++) {
		size_t len = strcspn(at + sizeof(type) - 1, "[]*,;=) ");
		const char *name = arena_copy(at + sizeof(type) - 1, len);
		bool known = false;

		if (strncmp(at + sizeof(type) - 1 + len, "[] = {", 6) != 0)
			continue;
		for (size_t i = 0; i < TABLE_COUNT; i++)
			known |= strcmp(tables[i].name, name) == 0;
		found += known;
		cr_expect(known || strcmp(name, "own") == 0, "%s is in no test", name);
	}
	cr_expect_eq(found, TABLE_COUNT);
}
