/*
 * Who relays: one of several, as the lease's row says, and not one that Kafka takes nothing from. A
 * mock cluster, and the rounds are the test's: no thread, no race.
 */
#include <librdkafka/rdkafka.h>
#include <string.h>

#include "common/outbox/relay.h"
#include "tests/integration/latest_handle.h"
#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/mock_kafka.h"
#include "tests/support/relay_driver.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(relay_lease, .timeout = 600);

#define ROWS    "select count(*) from orders.outbox"
#define WAIT_MS 60000

static struct relay *open_relay(const char *instance, const char *extra)
{
	return relay_driver_open(instance, NULL, extra, NULL);
}

/* --- who relays ---------------------------------------------------------------------------- */

#define HOLDER "select split_part(holder, '/', 1) from orders.outbox_lease"

static bool holds(const char *instance)
{
	return strcmp(sql_text(HOLDER), instance) == 0;
}

/* Somebody else has locks, and the rights to end nobody's session: none is needed. */
LAB_TEST(relay_lease, no_lock_of_others_is_in_the_way, 1)
{
	struct relay *relay;

	(void)mock_kafka_open(1, 1);
	relay = open_relay("alone", "");
	sql_run("select pg_advisory_lock(hashtext('outbox'), hashtext('orders'))");
	relay_driver_add(fixture.topic, "1", "First");
	cr_expect(rounds_until(relay, sql_number(ROWS) == 0), "the outbox stands for ever");
	relay_close(relay);
}

/* The lease's row is locked: a relay that cannot take it says so. */
LAB_TEST(relay_lease, who_cannot_take_the_lease_is_not_well, 1)
{
	struct relay *relay;

	(void)mock_kafka_open(1, 1);
	relay = open_relay("standby", "");
	sql_run("insert into orders.outbox_lease (holder, backend_pid, heartbeat_at) "
		"values ('gone', 0, '-infinity') on conflict (one) do nothing");
	sql_run("begin");
	sql_run("select from orders.outbox_lease for update");
	cr_assert(rounds_until(relay, relay_driver_stands_still(relay, "database")),
		  "it says nothing");
	sql_run("commit");
	cr_expect(rounds_until(relay, !relay_driver_stands_still(relay, "")));
	cr_expect_eq(relay_driver_metric(relay, "relay_active"), 1);
	relay_close(relay);
}

LAB_TEST(relay_lease, a_fresh_lease_is_left_alone, 1)
{
	struct relay *active, *standby;
	int64_t session;

	(void)mock_kafka_open(1, 1);
	active = open_relay("active", "");
	standby = open_relay("standby", "");
	cr_assert(rounds_until(active, holds("active")));
	session = sql_number("select backend_pid from orders.outbox_lease");
	for (int i = 0; i < 10; i++) {
		relay_round(standby);
		relay_round(active);
		cr_assert_eq(relay_driver_metric(standby, "relay_active"), 0,
			     "two relays are active");
		cr_assert_eq(relay_driver_metric(active, "relay_active"), 1,
			     "the active one was replaced");
	}
	cr_expect_eq(sql_number("select backend_pid from orders.outbox_lease"), session,
		     "the active one's session was ended");
	relay_close(active);
	cr_expect(rounds_until(standby, holds("standby")));
	relay_close(standby);
}

/* What it has sent waits for Kafka when it loses the lease: that is the new holder's to publish. */
LAB_TEST(relay_lease, who_loses_the_lease_publishes_nothing_late, 1)
{
	rd_kafka_mock_cluster_t *kafka = mock_kafka_open(1, 1);
	struct relay *relay = open_relay("late", "");
	struct tail *tail = tail_open(fixture.topic);
	struct error err;

	cr_assert(rounds_until(relay, holds("late")));
	cr_assert_eq(rd_kafka_mock_broker_set_down(kafka, -1), 0);
	relay_driver_add(fixture.topic, "1", "First");
	cr_assert_eq(relay_start(relay, &err), ST_OK);
	/* The row, and perhaps the news that no broker is there. */
	cr_assert(wait_until(WAIT_MS, rd_kafka_outq_len(latest_handle()) >= 1));
	sql_run("update orders.outbox_lease set holder = 'another'");
	cr_assert(wait_until(WAIT_MS,
			     (sql_run("update orders.outbox_lease set heartbeat_at = now()"),
			      relay_driver_metric(relay, "relay_active") == 0)),
		  "it does not let go");
	cr_assert_eq(rd_kafka_mock_broker_set_up(kafka, -1), 0);
	for (int i = 0; i < 30; i++) {
		sql_run("update orders.outbox_lease set heartbeat_at = now()");
		cr_assert_eq(tail_read(tail), 0, "published without the lease");
		wait_interval();
	}
	relay_close(relay);
}

/* --- a Kafka that only others reach -------------------------------------------------------- */

static struct relay *open_relay_at(const char *instance, const char *bootstraps)
{
	return open_relay(instance, arena_format("bootstrap.servers=%s", bootstraps));
}

LAB_TEST(relay_lease, who_cannot_publish_gives_the_lease_up, 1)
{
	struct relay *cut_off, *standby;

	(void)mock_kafka_open(1, 1);
	cut_off = open_relay_at("cut-off", "127.0.0.1:1");
	cr_assert(rounds_until(cut_off, holds("cut-off")));
	standby = open_relay("standby", "");
	relay_round(standby);
	relay_driver_add(fixture.topic, "1", "First");
	relay_round(cut_off);
	cr_expect(holds(""), "it kept the lease, or its name in it");
	cr_expect(rounds_until(standby, sql_number(ROWS) == 0), "nobody publishes");
	cr_expect(holds("standby"));
	cr_expect_eq(relay_driver_metric(cut_off, "relay_given_up_total"), 1);
	relay_close(cut_off);
	relay_close(standby);
}

/* The rows of one partition wait, those of the other go on, and are deleted. */
LAB_TEST(relay_lease, who_is_cut_off_from_one_leader_gives_the_lease_up, 1)
{
	rd_kafka_mock_cluster_t *kafka = mock_kafka_open(2, 2);
	struct relay *cut_off = open_relay("cut-off", ""), *standby;

	for (int i = 0; i < 2; i++)
		cr_assert_eq(rd_kafka_mock_partition_set_leader(kafka, fixture.topic, i, i + 1), 0);
	cr_assert(rounds_until(cut_off, holds("cut-off")));
	standby = open_relay("standby", "");
	relay_round(standby);
	cr_assert_eq(rd_kafka_mock_broker_set_down(kafka, 2), 0);
	for (int i = 0; i < 20; i++)
		relay_driver_add(fixture.topic, arena_format("%d", i), "Event");
	relay_round(cut_off);
	cr_expect_eq(relay_driver_metric(cut_off, "relay_given_up_total"), 1);
	cr_expect_lt(sql_number(ROWS), 20, "what was acknowledged is not deleted");
	cr_expect_gt(sql_number(ROWS), 0);
	cr_assert_eq(rd_kafka_mock_broker_set_up(kafka, 2), 0);
	cr_expect(rounds_until(standby, sql_number(ROWS) == 0), "nobody publishes");
	relay_close(cut_off);
	relay_close(standby);
}

/* Nothing of it is in flight any more, and its topic is held back until Kafka says who leads it. */
LAB_TEST(relay_lease, who_finds_no_other_producer_gives_the_lease_up, 1)
{
	rd_kafka_mock_cluster_t *kafka = mock_kafka_open(1, 1);
	struct relay *standby = open_relay("standby", ""), *cut_off = open_relay("cut-off", "");

	cr_assert(rounds_until(cut_off, holds("cut-off")));
	relay_round(standby);
	cr_assert_eq(rd_kafka_mock_broker_set_down(kafka, 1), 0);
	latest_handle_lose();
	relay_driver_add(fixture.topic, "1", "Event");
	cr_expect(rounds_until(cut_off, relay_driver_metric(cut_off, "relay_given_up_total") == 1),
		  "it keeps the lease for ever");
	cr_assert_eq(rd_kafka_mock_broker_set_up(kafka, 1), 0);
	cr_expect(rounds_until(standby, sql_number(ROWS) == 0), "nobody publishes");
	relay_close(cut_off);
	relay_close(standby);
}

/* Nobody is there to give the lease to. */
LAB_TEST(relay_lease, who_is_alone_keeps_the_lease, 1)
{
	struct relay *relay;
	struct error err;

	(void)mock_kafka_open(1, 1);
	relay = open_relay_at("alone", "127.0.0.1:1");
	relay_driver_add(fixture.topic, "1", "First");
	cr_assert_eq(relay_start(relay, &err), ST_OK);
	cr_assert(wait_until(WAIT_MS, progress_age_ms(relay_progress(relay)) > 14000));
	cr_expect_eq(relay_driver_metric(relay, "relay_given_up_total"), 0);
	cr_expect(holds("alone"));
	relay_close(relay);
}

/* The leader takes the request and never answers; its successor is there. By librdkafka's own
 * settings it would be asked after a minute. */
LAB_TEST(relay_lease, a_leader_that_hangs_is_left_soon, 1)
{
	rd_kafka_mock_cluster_t *kafka = mock_kafka_open(2, 1);
	struct relay *relay = open_relay("patient", "");
	struct error err;
	size_t errors = 1;

	cr_assert_eq(rd_kafka_mock_partition_set_leader(kafka, fixture.topic, 0, 1), 0);
	cr_assert_eq(rd_kafka_mock_broker_push_request_error_rtts(
			     kafka, 1, MOCK_PRODUCE, 1, RD_KAFKA_RESP_ERR_NO_ERROR, 600000),
		     0);
	relay_driver_add(fixture.topic, "1", "First");
	cr_assert_eq(relay_start(relay, &err), ST_OK);
	cr_assert(wait_until(WAIT_MS,
			     (rd_kafka_mock_broker_error_stack_cnt(kafka, 1, MOCK_PRODUCE, &errors),
			      errors == 0)));
	cr_assert_eq(rd_kafka_mock_partition_set_leader(kafka, fixture.topic, 0, 2), 0);
	cr_expect(wait_for(40000, sql_number(ROWS) == 0), "the old leader is waited for");
	relay_close(relay);
}

/* --- a database that forgets --------------------------------------------------------------- */

/* The database forgets a row that was published, and gives its id to another one. */
static void forget_and_go_on(void)
{
	sql_run("select pg_terminate_backend(backend_pid) from orders.outbox_lease");
	sql_run("delete from orders.outbox");
	sql_run("select setval('orders.outbox_id_seq', 1, false)");
	relay_driver_add(fixture.topic, "2", "Second");
}

LAB_TEST(relay_lease, a_row_with_the_id_of_one_that_was_forgotten_is_published, 1)
{
	struct relay *relay;

	(void)mock_kafka_open(1, 1);
	relay = open_relay("relay", "");
	relay_driver_add(fixture.topic, "1", "First");
	relay_round(relay); /* publishes it; the next one takes it out of the outbox */
	cr_assert_eq(sql_number(ROWS), 1);
	forget_and_go_on();
	cr_assert_eq(sql_number("select id from orders.outbox"), 1);
	cr_expect(rounds_until(relay, sql_number(ROWS) == 0), "the outbox stands for ever");
	cr_expect_eq(relay_driver_metric(relay, "relay_published_total"), 2);
	relay_close(relay);
}
