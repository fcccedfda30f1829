/*
 * A relay with transactions, against the real broker: whoever reads committed sees each event once
 * and in order, wherever the relay ends.
 */
#include <dlfcn.h>
#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/outbox/relay.h"
#include "tests/support/arena.h"
#include "tests/support/database.h"
#include "tests/support/fixture.h"
#include "tests/support/relay_driver.h"
#include "tests/support/sql.h"
#include "tests/support/stack.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(relay_transactional, .timeout = 600);

#define ROWS "select count(*) from orders.outbox"

/* --- what happens around a commit ---------------------------------------------------------- */

static void (*before_commit)(void), (*after_commit)(void);

rd_kafka_error_t *rd_kafka_commit_transaction(rd_kafka_t *rk, int timeout_ms)
{
	rd_kafka_error_t *(*commit)(rd_kafka_t *, int) = (rd_kafka_error_t * (*)(rd_kafka_t *, int))
		dlsym(RTLD_NEXT, "rd_kafka_commit_transaction");
	void (*before)(void) = before_commit, (*after)(void) = after_commit;
	rd_kafka_error_t *error;

	before_commit = NULL;
	if (before)
		before();
	error = commit(rk, timeout_ms);
	if (!error && after) {
		after_commit = NULL;
		after();
	}
	return error;
}

static void die(void)
{
	(void)raise(SIGKILL);
}

/* --- relays -------------------------------------------------------------------------------- */

static const char *states(void)
{
	return arena_format("states.%s", fixture.name);
}

static struct relay *open_relay(const char *instance)
{
	return relay_driver_open(instance, NULL, "", states());
}

static int64_t rows_left(void)
{
	return database_number(stack_database_url("lab", fixture.database), ROWS);
}

/* Events of one key, numbered from first on. */
static void add_rows(const char *topic, int first, int count)
{
	sql_run("insert into orders.outbox (topic, key, type, payload) "
		"select '%s', '7', n::text, '{}' from generate_series(%d, %d) n",
		topic, first, first + count - 1);
}

/* The topic has them once each, in order, for who reads committed. */
static void expect_once(const char *topic, size_t count)
{
	struct tail *tail = tail_open(topic);

	cr_assert_eq(tail_read(tail), count, "%zu events of %zu", tail->count, count);
	for (size_t i = 0; i < count; i++)
		cr_assert_str_eq(message_header(&tail->messages[i], "type"),
				 arena_format("%zu", i));
}

/* --- kill -9 ------------------------------------------------------------------------------- */

/* A process that publishes until it is killed where the hook says. */
static void publish_until_killed(void (**hook)(void))
{
	pid_t child = fork();
	int status;

	cr_assert_geq(child, 0);
	if (child == 0) {
		struct relay *relay = open_relay("victim");

		*hook = die;
		for (;;)
			relay_round(relay);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "status %d", status);
}

static void kill_and_go_on(void (**hook)(void), int published)
{
	struct relay *relay;

	topic_create_compacted(states());
	add_rows(fixture.topic, 0, 5);
	publish_until_killed(hook);
	cr_assert_eq(rows_left(), 5, "it was killed too late");
	add_rows(fixture.topic, 5, 5);
	publish_until_killed(hook);
	relay = open_relay("survivor");
	add_rows(fixture.topic, 10, 5);
	cr_assert(rounds_until(relay, rows_left() == 0));
	cr_expect_eq(relay_driver_metric(relay, "relay_recovered_total"), published);
	relay_close(relay);
	expect_once(fixture.topic, 15);
}

LAB_TEST(relay_transactional, killed_between_sending_and_commit, 1)
{
	kill_and_go_on(&before_commit, 0);
}

LAB_TEST(relay_transactional, killed_between_the_commit_and_the_deletion, 1)
{
	kill_and_go_on(&after_commit, 5);
}

/* --- a zombie ------------------------------------------------------------------------------ */

static struct relay *successor;
static int taken_over;
static int recovered; /* by the successor, when it took over */

/* The lease has run out: the successor ends the old holder's session, and publishes all. */
static void take_over(void)
{
	taken_over++;
	(void)database_do(stack_database_url("lab", fixture.database),
			  "update orders.outbox_lease set heartbeat_at = '-infinity'");
	cr_assert(rounds_until(successor, rows_left() == 0), "the successor does not publish");
	recovered = relay_driver_metric(successor, "relay_recovered_total");
}

static void be_replaced_around_a_commit(void (**hook)(void), int published)
{
	struct relay *zombie;

	topic_create_compacted(states());
	zombie = open_relay("zombie");
	add_rows(fixture.topic, 0, 3);
	cr_assert(rounds_until(zombie, rows_left() == 0));
	successor = open_relay("successor");
	relay_round(successor);
	add_rows(fixture.topic, 3, 3);
	*hook = take_over;
	cr_assert(rounds_until(zombie, taken_over > 0));
	add_rows(fixture.topic, 6, 3);
	for (int i = 0; i < 10; i++)
		relay_round(zombie);
	cr_assert(rounds_until(successor, rows_left() == 0));
	cr_expect_eq(recovered, published);
	relay_close(zombie);
	relay_close(successor);
	expect_once(fixture.topic, 9);
}

LAB_TEST(relay_transactional, a_zombie_cannot_commit, 1)
{
	be_replaced_around_a_commit(&before_commit, 0);
}

LAB_TEST(relay_transactional, what_a_zombie_has_committed_is_not_repeated, 1)
{
	be_replaced_around_a_commit(&after_commit, 3);
}

/* --- rows that are not taken --------------------------------------------------------------- */

/* The broker says so, in the middle of a transaction. */
LAB_TEST(relay_transactional, a_refused_event_holds_up_no_other, 1)
{
	struct relay *relay;

	topic_create_compacted(states());
	relay = open_relay("refused");
	add_rows(fixture.topic, 0, 2);
	sql_run("insert into orders.outbox (topic, key, type, payload) "
		"values ('%s', '7', 'large', convert_to(repeat('x', 1200000), 'UTF8'))",
		fixture.topic);
	add_rows(fixture.topic, 2, 2);
	cr_assert(rounds_until(relay, rows_left() == 0));
	cr_expect_eq(sql_number("select count(*) from orders.outbox_dead"), 1);
	relay_close(relay);
	expect_once(fixture.topic, 4);
}

LAB_TEST(relay_transactional, a_missing_topic_holds_up_no_other, 1)
{
	const char *missing = arena_format("missing.%s", fixture.name);
	struct relay *relay;

	topic_create_compacted(states());
	relay = open_relay("missing");
	for (int i = 0; i < 3; i++) {
		add_rows(missing, i, 1);
		add_rows(fixture.topic, i, 1);
		cr_assert(rounds_until(relay,
				       sql_number(ROWS " where topic = '%s'", fixture.topic) == 0),
			  "event %d waits", i);
	}
	cr_expect_eq(sql_number(ROWS), 3);
	topic_create(missing, 1);
	cr_assert(rounds_until(relay, sql_number(ROWS) == 0), "it is not tried again");
	relay_close(relay);
	expect_once(fixture.topic, 3);
	expect_once(missing, 3);
}

/* --- the state topic ----------------------------------------------------------------------- */

/* What Kafka might delete, or what is not there, is no memory: nothing is published. */
LAB_TEST(relay_transactional, nothing_is_published_without_a_state_topic, 1)
{
	struct relay *relay = open_relay("careful");

	add_rows(fixture.topic, 0, 1);
	cr_assert(rounds_until(relay, relay_driver_stands_still(relay, "there is no topic")));
	topic_create(states(), 1);
	cr_assert(rounds_until(relay, relay_driver_stands_still(relay, "cleanup.policy=delete")));
	cr_expect_eq(rows_left(), 1);
	relay_close(relay);
	expect_once(fixture.topic, 0);
}

/* Ids of a restored database come again, for other events. */
LAB_TEST(relay_transactional, an_id_of_another_time_is_not_deleted, 1)
{
	struct relay *relay;

	topic_create_compacted(states());
	relay = open_relay("before");
	add_rows(fixture.topic, 0, 2);
	cr_assert(rounds_until(relay, rows_left() == 0));
	relay_close(relay);
	sql_run("alter sequence orders.outbox_id_seq restart");
	add_rows(fixture.topic, 2, 2);
	relay = open_relay("after");
	cr_assert(rounds_until(relay, rows_left() == 0));
	cr_expect_eq(relay_driver_metric(relay, "relay_recovered_total"), 0);
	relay_close(relay);
	expect_once(fixture.topic, 4);
}
