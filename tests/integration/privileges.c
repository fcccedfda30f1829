/*
 * Least privilege: what each role is refused, in a database made by the migrations.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/arena.h"
#include "tests/support/database.h"
#include "tests/support/fixture.h"
#include "tests/support/program.h"
#include "tests/support/sql.h"
#include "tests/support/stack.h"

#define DENIED "42501"

#define LARGE_OBJECTS                                                                              \
	"select lo_creat(-1)", "select lo_create(0)", "select lo_from_bytea(0, 'mine')"

TestSuite(privileges, .timeout = 600);

/* Expects every statement to be refused to the role. */
static void expect_denied(const char *role, const char *const *statements)
{
	for (; *statements; statements++)
		cr_expect_str_eq(sql_refusal(role, *statements), DENIED, "%s may do: %s", role,
				 *statements);
}

static void expect_allowed(const char *role, const char *const *statements)
{
	for (; *statements; statements++)
		cr_expect_str_empty(sql_refusal(role, *statements), "%s may not do: %s (%s)", role,
				    *statements, sql_refusal(role, *statements));
}

LAB_TEST(privileges, order_service_stays_at_home, 1)
{
	static const char *const denied[] = {
		"select * from delivery.delivery",
		"select * from delivery.history",
		"select * from delivery.position",
		"select * from delivery.outbox",
		"insert into delivery.outbox (topic) values ('x')",
		"select * from public.delivery_table",
		"delete from orders.orders",
		"truncate orders.orders",
		"alter table orders.orders add column x int",
		"drop table orders.orders",
		"drop trigger outbox_notify on orders.outbox",
		"update orders.outbox set payload = null",
		"select * from orders.outbox_dead",
		"create table orders.mine (x int)",
		"create table public.mine (x int)",
		"create schema mine",
		"create role mine",
		"set role lab",
		"alter role delivery_service password 'x'",
		"copy orders.orders to '/tmp/x'",
		"select pg_read_file('/etc/passwd')",
		"delete from public.schema_migration",
		LARGE_OBJECTS,
		NULL,
	};
	static const char *const allowed[] = {
		"select count(*) from orders",
		"select count(*) from outbox",
		"select count(*) from outbox_lease",
		NULL,
	};

	expect_denied("order_service", denied);
	expect_allowed("order_service", allowed);
}

LAB_TEST(privileges, delivery_service_stays_at_home, 1)
{
	static const char *const denied[] = {
		"select * from orders.orders",
		"select * from orders.outbox",
		"insert into orders.outbox (topic) values ('x')",
		"select * from public.order_table",
		"delete from delivery.delivery",
		"truncate delivery.delivery",
		"delete from delivery.history",
		"update delivery.history set version = 7",
		"delete from delivery.position",
		"drop index delivery.history_once",
		"update delivery.outbox set payload = null",
		"select * from delivery.outbox_dead",
		"create table delivery.mine (x int)",
		"create table public.mine (x int)",
		"create schema mine",
		"set role order_service",
		"set role lab",
		"select pg_terminate_backend(pg_backend_pid()) from pg_read_file('/etc/passwd')",
		LARGE_OBJECTS,
		NULL,
	};
	static const char *const allowed[] = {
		"select count(*) from delivery",
		"select count(*) from history",
		"select count(*) from position",
		NULL,
	};

	expect_denied("delivery_service", denied);
	expect_allowed("delivery_service", allowed);
}

LAB_TEST(privileges, page_reader_only_reads, 1)
{
	static const char *const denied[] = {
		"select * from orders.orders",
		"select * from delivery.outbox",
		"select * from delivery.parked",
		"insert into delivery.history (order_id) values (1)",
		"update delivery.delivery set status = 'DELIVERY CANCELLED'",
		"delete from delivery.position",
		"create table public.mine (x int)",
		"set role delivery_service",
		LARGE_OBJECTS,
		NULL,
	};
	static const char *const allowed[] = {
		"select count(*) from delivery.delivery",
		"select count(*) from delivery.history",
		"select count(*) from delivery.position",
		NULL,
	};

	expect_denied("page_reader", denied);
	expect_allowed("page_reader", allowed);
}

/* The migrations' own database is asked about from here: it is the template of the tests' ones, and
 * a copy has the rights of a new database. */
LAB_TEST(privileges, no_role_leaves_its_database, 1)
{
	static const char *const roles[] = { "order_service", "delivery_service", "page_reader" };
	static const char *const others[] = { "postgres", "template1" };

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		const char *role = roles[i];

		cr_expect_str_eq(sql_text("select has_database_privilege('%s', 'lab', 'TEMP')",
					  role),
				 "f", "%s may make temporary tables", role);
		cr_expect_str_eq(sql_text("select count(*) from pg_db_role_setting s join pg_roles "
					  "r on r.oid = "
					  "s.setrole join pg_database d on d.oid = s.setdatabase "
					  "where d.datname "
					  "= 'lab' and r.rolname = '%s' and s.setconfig::text like "
					  "'%%search_path%%'",
					  role),
				 "1", "%s has no search path of its own", role);
		for (size_t j = 0; j < sizeof(others) / sizeof(others[0]); j++)
			cr_expect_not(database_do(stack_database_url(role, others[j]), "select 1"),
				      "%s connects to %s", role, others[j]);
		cr_expect(database_do(stack_database_url(role, fixture.database), "select 1"),
			  "%s does not connect where it may", role);
	}
}

/* What a superuser had taken away before is not theirs to take. */
LAB_TEST(privileges, an_owner_who_is_no_superuser_takes_temporary_tables_away, 1)
{
	const char *name = arena_format("owned_%d", (int)getpid());
	const char *url = stack_database_url(arena_format("%s:x", name), name);
	const char *const settings[] = { arena_format("DATABASE_URL=%s", url), NULL };
	struct program_run run;

	sql_run("create role %s login createrole password 'x'", name);
	sql_run("grant order_service, delivery_service, page_reader to %s with admin option", name);
	sql_run("create database %s owner %s template template0", name, name);
	cr_assert(database_do(stack_database_url("lab", name),
			      "revoke execute on function lo_creat(int) from public"));
	run = program_run("sql/migrate.sh", NULL, settings);
	cr_expect_eq(run.status, 0, "%s", run.output);
	cr_expect_str_eq(sql_text("select has_database_privilege('order_service', '%s', 'TEMP')",
				  name),
			 "f", "order_service may make temporary tables");
	sql_run("drop database %s", name);
	sql_run("drop role %s", name);
}

/* First in PATH: a psql that refuses to be told the password where all may read it. */
static const char *path_of_a_watchful_psql(const char *secret)
{
	const char *folder = arena_format("%s/watchful-psql", stack_run_dir());
	const char *program = arena_format("%s/psql", folder);
	FILE *out;

	(void)mkdir(folder, 0755);
	out = fopen(program, "we");
	cr_assert_not_null(out);
	(void)fprintf(out,
		      "#!/bin/sh\ncase \"$*\" in *%s*) echo seen: \"$@\"; exit 9;; esac\n"
		      "PATH=${PATH#*:}\nexec psql \"$@\"\n",
		      secret);
	(void)fclose(out);
	cr_assert_eq(chmod(program, 0755), 0);
	return arena_format("PATH=%s:%s", folder, getenv("PATH"));
}

LAB_TEST(privileges, a_migration_shows_no_password_in_a_command_line, 1)
{
	const char *role = arena_format("hidden_%d", (int)getpid());
	const char *url =
		stack_database_url(arena_format("%s:top%%20%%5csecret", role), fixture.database);
	const char *settings[] = { arena_format("DATABASE_URL=%s", url),
				   path_of_a_watchful_psql("secret"), NULL };
	struct program_run run;

	sql_run("create role %s login superuser password E'top \\\\secret'", role);
	run = program_run("sql/migrate.sh", NULL, settings);
	cr_expect_eq(run.status, 0, "%s", run.output);
	settings[0] = arena_format("DATABASE_URL=%s?password=x",
				   stack_database_url("lab", fixture.database));
	run = program_run("sql/migrate.sh", NULL, settings);
	cr_expect_eq(run.status, 1, "%s", run.output);
	cr_expect_not_null(strstr(run.output, "set PGPASSWORD"), "%s", run.output);
	sql_run("drop role %s", role);
}

/* What the lab's reader sees: these columns and no internals. */
LAB_TEST(privileges, the_labs_views_show_the_labs_columns, 1)
{
	static const char query[] =
		"select string_agg(column_name::text, ' ' order by ordinal_position) "
		"from information_schema.columns where table_schema = 'public' and table_name = "
		"'%s'";

	cr_expect_str_eq(sql_text(query, "delivery_table"),
			 "id order_id customer_id product_id product_name qty address status");
	cr_expect_str_eq(sql_text(query, "order_table"),
			 "id customer_id product_id product_name qty address status");
}
