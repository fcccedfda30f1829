/*
 * How commits wake the relay: they notify it only while it sleeps, and it never sleeps past one.
 */
#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/outbox/relay.h"
#include "common/runtime/clock.h"
#include "tests/support/arena.h"
#include "tests/support/database.h"
#include "tests/support/fixture.h"
#include "tests/support/mock_kafka.h"
#include "tests/support/pooler.h"
#include "tests/support/relay_driver.h"
#include "tests/support/sql.h"
#include "tests/support/stack.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(relay_sleep, .timeout = 600);

#define WAIT_MS 60000
#define ROWS    "select count(*) from orders.outbox"
#define INSERT  "insert into orders.outbox (topic, key, type, payload) values ('%s', '7', 'T', '{}')"

static struct relay *open_relay(const char *instance, const char *url)
{
	return relay_driver_open(instance, url, "", NULL);
}

static struct relay *open_plain(const char *instance)
{
	return open_relay(instance, stack_database_url("order_service", fixture.database));
}

/* Somebody has the lock of who sleeps; on a session of its own, which is in no transaction. */
static bool asleep(void)
{
	return database_number(stack_database_url("lab", fixture.database),
			       "select count(*) from pg_locks l "
			       "join pg_database d on d.oid = l.database "
			       "where datname = current_database() and locktype = 'advisory' "
			       "and classid = 'orders.outbox'::regclass and granted "
			       "and mode = 'ExclusiveLock'") == 1;
}

static int64_t rows_left(void)
{
	return database_number(stack_database_url("lab", fixture.database), ROWS);
}

/* --- who is notified ----------------------------------------------------------------------- */

static PGconn *connect_as_owner(void)
{
	PGconn *conn = PQconnectdb(stack_database_url("lab", fixture.database));

	cr_assert_eq(PQstatus(conn), CONNECTION_OK, "%s", PQerrorMessage(conn));
	return conn;
}

static void run(PGconn *conn, const char *statement)
{
	PGresult *result = PQexec(conn, statement);
	ExecStatusType status = PQresultStatus(result);

	cr_assert(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%s",
		  PQerrorMessage(conn));
	PQclear(result);
}

/* Notifications of commits that came since the last call: they come in the order of the commits,
 * and the last is our own. */
static int count_notifications(PGconn *conn)
{
	int count = 0;
	bool end = false;

	sql_run("notify outbox_orders, 'end'");
	cr_assert(wait_until(WAIT_MS, ({
				     PGnotify *n;

				     run(conn, "select 1");
				     while ((n = PQnotifies(conn))) {
					     if (strcmp(n->extra, "end") == 0)
						     end = true;
					     else
						     count++;
					     PQfreemem(n);
				     }
				     end;
			     })));
	return count;
}

LAB_TEST(relay_sleep, a_commit_notifies_only_a_relay_that_sleeps, 1)
{
	PGconn *listener = connect_as_owner();
	struct relay *relay;

	(void)mock_kafka_open(1, 1);
	run(listener, "listen outbox_orders");
	relay = open_plain("sleeper");
	sql_run(INSERT, fixture.topic);
	cr_expect_eq(count_notifications(listener), 0, "nobody sleeps");
	cr_assert(rounds_until(relay, asleep()), "it does not sleep");
	cr_assert_eq(rows_left(), 0, "it sleeps before it has read all");
	sql_run(INSERT, fixture.topic);
	cr_expect_eq(count_notifications(listener), 1, "it is not woken");
	cr_assert(rounds_until(relay, !asleep()), "it does not wake");
	sql_run(INSERT, fixture.topic);
	cr_expect_eq(count_notifications(listener), 0, "it is awake");
	cr_assert(rounds_until(relay, rows_left() == 0));
	cr_expect_eq(relay_driver_metric(relay, "relay_unnotified_total"), 0);
	relay_close(relay);
	cr_expect(wait_until(WAIT_MS, !asleep()));
	PQfinish(listener);
}

/* Its trigger ran while nobody slept, so it will not notify; its row cannot be seen yet. */
LAB_TEST(relay_sleep, nobody_falls_asleep_before_an_undecided_writer, 1)
{
	struct relay *relay;

	(void)mock_kafka_open(1, 1);
	relay = open_plain("waiter");
	sql_run("begin");
	sql_run(INSERT, fixture.topic);
	for (int i = 0; i < 20; i++) {
		relay_round(relay);
		cr_assert_not(asleep(), "it sleeps, and nothing will wake it");
	}
	sql_run("commit");
	cr_assert(rounds_until(relay, rows_left() == 0));
	cr_expect_eq(relay_driver_metric(relay, "relay_unnotified_total"), 0,
		     "it slept past the commit");
	cr_expect(rounds_until(relay, asleep()));
	relay_close(relay);
}

/* --- many ---------------------------------------------------------------------------------- */

enum { WRITERS = 6, COMMITS = 150 };

struct writer {
	pthread_t thread;
	unsigned seed;
	const char *url, *topic;
	bool failed;
};

/* Between the insert and the commit, and between two commits, so that the relay falls asleep in any
 * of these places. */
static void *write_rows(void *arg)
{
	struct writer *w = arg;
	PGconn *conn = PQconnectdb(w->url);
	char insert[400];

	(void)snprintf(insert, sizeof(insert), INSERT, w->topic);
	for (int i = 0; i < COMMITS; i++) {
		const char *const steps[] = { "begin", insert, "commit" };

		for (int s = 0; s < 3; s++) {
			PGresult *result = PQexec(conn, steps[s]);

			w->failed |= PQresultStatus(result) != PGRES_COMMAND_OK;
			PQclear(result);
			clock_pause_ms(s == 0 ? 0 : rand_r(&w->seed) % (s == 1 ? 4 : 50));
		}
	}
	PQfinish(conn);
	return NULL;
}

static void write_beside(const char *url)
{
	struct writer writers[WRITERS];

	for (unsigned i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){ .seed = i + 1, .url = url, .topic = fixture.topic };
		cr_assert_eq(pthread_create(&writers[i].thread, NULL, write_rows, &writers[i]), 0);
	}
	for (unsigned i = 0; i < WRITERS; i++) {
		(void)pthread_join(writers[i].thread, NULL);
		cr_assert_not(writers[i].failed);
	}
}

/* Lost wake-ups would be dozens. One that the clock and the commit hit in the same moment is none,
 * and only a machine that stands still for half a second has it. */
static void expect_no_lost_wakeup(struct relay *relay)
{
	struct tail *tail = tail_open(fixture.topic);
	struct error err;

	cr_assert_eq(relay_start(relay, &err), ST_OK);
	write_beside(stack_database_url("lab", fixture.database));
	cr_assert(wait_until(WAIT_MS, rows_left() == 0));
	cr_expect_eq(tail_read(tail), WRITERS * COMMITS);
	cr_expect_leq(relay_driver_metric(relay, "relay_unnotified_total"), 2,
		      "%d commits were slept past",
		      relay_driver_metric(relay, "relay_unnotified_total"));
	relay_close(relay);
}

LAB_TEST(relay_sleep, no_commit_is_slept_past, 1)
{
	(void)mock_kafka_open(1, 1);
	expect_no_lost_wakeup(open_plain("many"));
}

LAB_TEST(relay_sleep, no_commit_is_slept_past_through_a_pooler, 1)
{
	(void)mock_kafka_open(1, 1);
	expect_no_lost_wakeup(
		open_relay("pooled", pooler_url("order_service", pooler_start("session"))));
}
