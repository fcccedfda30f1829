/*
 * The relay against a Kafka that refuses, forgets and hangs: a mock cluster, so that each request's
 * answer is the test's choice. The rounds are the test's, too: no thread, no race.
 */
#include <dlfcn.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

#include "common/kafka/kafka_producer.h"
#include "common/outbox/relay.h"
#include "tests/support/arena.h"
#include "tests/support/database.h"
#include "tests/support/fixture.h"
#include "tests/support/mock_kafka.h"
#include "tests/support/relay_driver.h"
#include "tests/support/sql.h"
#include "tests/support/stack.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(relay_kafka, .timeout = 600);

#define ROWS    "select count(*) from orders.outbox"
#define WAIT_MS 60000

/* The handle that was made last: the relay's, which keeps it to itself. */
static rd_kafka_t *latest_handle;

rd_kafka_t *rd_kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, char *text, size_t size)
{
	rd_kafka_t *(*make)(rd_kafka_type_t, rd_kafka_conf_t *, char *, size_t) =
		(rd_kafka_t * (*)(rd_kafka_type_t, rd_kafka_conf_t *, char *, size_t))
			dlsym(RTLD_NEXT, "rd_kafka_new");

	return latest_handle = make(type, conf, text, size);
}

static struct relay *open_relay(const char *instance, const char *extra)
{
	return relay_driver_open(instance, NULL, extra, NULL);
}

static void add_row(const char *topic, const char *key, const char *type)
{
	sql_run("insert into orders.outbox (topic, key, type, payload) "
		"values ('%s', '%s', '%s', '{\"id\":1}')",
		topic, key, type);
}

/* --- a producer that is lost --------------------------------------------------------------- */

static void lose_producer(void)
{
	cr_assert_eq(rd_kafka_test_fatal_error(latest_handle,
					       RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
					       "the test says so"),
		     0);
}

/* Nothing is outstanding when it happens, and nothing can be sent from then on. */
LAB_TEST(relay_kafka, a_lost_producer_is_renewed_by_an_idle_relay, 1)
{
	struct relay *relay;
	struct tail *tail;

	(void)mock_kafka_open(1, 1);
	tail = tail_open(fixture.topic);
	relay = open_relay("idle", "");
	add_row(fixture.topic, "1", "First");
	cr_assert(rounds_until(relay, sql_number(ROWS) == 0));
	lose_producer();
	relay_round(relay);
	add_row(fixture.topic, "1", "Second");
	cr_expect(rounds_until(relay, sql_number(ROWS) == 0), "the outbox stands for ever");
	cr_expect_eq(tail_read(tail), 2);
	relay_close(relay);
}

/* The only row of its batch is reported along with the loss: the batch is settled. */
LAB_TEST(relay_kafka, a_producer_lost_with_the_only_row_of_a_batch_is_renewed, 1)
{
	struct relay *relay;
	struct tail *tail;
	rd_kafka_mock_cluster_t *kafka = mock_kafka_open(1, 1);

	tail = tail_open(fixture.topic);
	relay = open_relay("busy", "");
	rd_kafka_mock_push_request_errors(kafka, MOCK_PRODUCE, 1,
					  RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
	add_row(fixture.topic, "1", "First");
	cr_expect(rounds_until(relay, sql_number(ROWS) == 0), "the outbox stands for ever");
	cr_expect_eq(tail_read(tail), 1);
	relay_close(relay);
}

/* --- rows that Kafka does not take --------------------------------------------------------- */

#define MISSING "missing"

static int64_t rows_of(const char *topic)
{
	return sql_number(ROWS " where topic = '%s'", topic);
}

/* Each batch has rows that are acknowledged and rows that are to be retried, and the latter alone
 * would fill more than one. */
LAB_TEST(relay_kafka, a_missing_topic_holds_up_no_other, 1)
{
	enum { FIRST = 2500, ALL = FIRST + 5 };
	rd_kafka_mock_cluster_t *kafka = mock_kafka_open(1, 1);
	struct relay *relay = open_relay("missing", "");
	struct tail *tail = tail_open(fixture.topic);

	rd_kafka_mock_topic_set_error(kafka, MISSING, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
	sql_run("insert into orders.outbox (topic, key, type, payload) "
		"select '" MISSING "', '1', n::text, '{}' from generate_series(0, %d) n",
		FIRST - 1);
	for (int i = 0; i < 5; i++) {
		add_row(MISSING, "1", arena_format("%d", FIRST + i));
		add_row(fixture.topic, "1", arena_format("%d", i));
		cr_assert(rounds_until(relay, rows_of(fixture.topic) == 0), "event %d waits", i);
	}
	cr_assert_eq(rows_of(MISSING), ALL, "a row that Kafka does not have is gone");
	cr_expect_eq(relay_driver_metric(relay, "relay_topics_failing"), 1);
	cr_expect(rounds_until(relay, relay_driver_stands_still(relay, MISSING ": ")),
		  "it says nothing");
	rd_kafka_mock_topic_set_error(kafka, MISSING, RD_KAFKA_RESP_ERR_NO_ERROR);
	cr_assert(rounds_until(relay, sql_number(ROWS) == 0), "it is not tried again");
	cr_expect(rounds_until(relay, !relay_driver_stands_still(relay, "")));
	cr_expect_eq(relay_driver_metric(relay, "relay_topics_failing"), 0);
	cr_expect_eq(tail_read(tail), 5);
	tail = tail_open(MISSING);
	cr_assert_eq(tail_read(tail), ALL);
	for (int i = 0; i < ALL; i++)
		cr_assert_str_eq(message_header(&tail->messages[i], "type"), arena_format("%d", i));
	relay_close(relay);
}

/* One batch, in which every second row is acknowledged: only those may be deleted. */
LAB_TEST(relay_kafka, what_comes_again_stays_beside_what_was_taken, 1)
{
	enum { EACH = 3 };
	rd_kafka_mock_cluster_t *kafka = mock_kafka_open(1, 1);
	struct relay *relay = open_relay("mixed", "");
	struct tail *tail = tail_open(fixture.topic);

	rd_kafka_mock_topic_set_error(kafka, MISSING, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
	sql_run("insert into orders.outbox (topic, key, type, payload) "
		"select case n %% 2 when 0 then '" MISSING "' else '%s' end, '1', n::text, '{}' "
		"from generate_series(1, %d) n",
		fixture.topic, 2 * EACH);
	cr_assert(rounds_until(relay, rows_of(fixture.topic) == 0));
	cr_assert_eq(rows_of(MISSING), EACH, "a row that Kafka does not have is gone");
	rd_kafka_mock_topic_set_error(kafka, MISSING, RD_KAFKA_RESP_ERR_NO_ERROR);
	cr_assert(rounds_until(relay, sql_number(ROWS) == 0), "it is not tried again");
	cr_expect_eq(tail_read(tail), EACH);
	cr_expect_eq(tail_read(tail_open(MISSING)), EACH);
	relay_close(relay);
}

/* The rows of a topic without a leader are with librdkafka, which waits for one. */
LAB_TEST(relay_kafka, a_topic_without_a_leader_holds_up_no_other, 1)
{
	rd_kafka_mock_cluster_t *kafka = mock_kafka_open(1, 1);
	struct relay *relay = open_relay("leaderless", "");
	struct error err;

	cr_assert_eq(rd_kafka_mock_topic_create(kafka, "other", 1, 1), 0);
	cr_assert_eq(rd_kafka_mock_partition_set_leader(kafka, "other", 0, -1), 0);
	add_row("other", "1", "First");
	cr_assert_eq(relay_start(relay, &err), ST_OK);
	cr_assert(wait_until(WAIT_MS, relay_driver_metric(relay, "relay_fetches_total") > 0));
	for (int i = 0; i < 3; i++) {
		add_row("other", "1", "Next");
		add_row(fixture.topic, "1", "Event");
		cr_assert(wait_until(WAIT_MS, rows_of(fixture.topic) == 0), "event %d waits", i);
	}
	cr_expect_eq(rows_of("other"), 4);
	cr_expect_eq(relay_driver_metric(relay, "relay_topics_failing"), 1);
	cr_assert_eq(rd_kafka_mock_partition_set_leader(kafka, "other", 0, 1), 0);
	cr_assert(wait_until(WAIT_MS, sql_number(ROWS) == 0), "it is not tried again");
	relay_close(relay);
}

/* The second row finds no room in librdkafka's queue, the third one would. */
LAB_TEST(relay_kafka, no_row_goes_before_one_that_comes_again, 1)
{
	struct relay *relay;
	struct tail *tail;

	(void)mock_kafka_open(1, 1);
	tail = tail_open(fixture.topic);
	relay = open_relay("order", "queue.buffering.max.kbytes=1");
	sql_run("insert into orders.outbox (topic, key, type, payload) "
		"select '%s', '1', n::text, convert_to(repeat('x', bytes), 'UTF8') "
		"from (values (1, 600), (2, 600), (3, 10)) v (n, bytes) order by n",
		fixture.topic);
	cr_assert(rounds_until(relay, sql_number(ROWS) == 0));
	cr_assert_eq(tail_read(tail), 3);
	for (int i = 0; i < 3; i++)
		cr_expect_str_eq(message_header(&tail->messages[i], "type"),
				 arena_format("%d", i + 1));
	relay_close(relay);
}

/* --- who relays ---------------------------------------------------------------------------- */

#define HOLDER "select split_part(holder, '/', 1) from orders.outbox_lease"

static bool holds(const char *instance)
{
	return strcmp(sql_text(HOLDER), instance) == 0;
}

/* Somebody else has locks, and the rights to end nobody's session: none is needed. */
LAB_TEST(relay_kafka, no_lock_of_others_is_in_the_way, 1)
{
	struct relay *relay;

	(void)mock_kafka_open(1, 1);
	relay = open_relay("alone", "");
	sql_run("select pg_advisory_lock(hashtext('outbox'), hashtext('orders'))");
	add_row(fixture.topic, "1", "First");
	cr_expect(rounds_until(relay, sql_number(ROWS) == 0), "the outbox stands for ever");
	relay_close(relay);
}

/* The lease's row is locked: a relay that cannot take it says so. */
LAB_TEST(relay_kafka, who_cannot_take_the_lease_is_not_well, 1)
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

LAB_TEST(relay_kafka, a_fresh_lease_is_left_alone, 1)
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
LAB_TEST(relay_kafka, who_loses_the_lease_publishes_nothing_late, 1)
{
	rd_kafka_mock_cluster_t *kafka = mock_kafka_open(1, 1);
	struct relay *relay = open_relay("late", "");
	struct tail *tail = tail_open(fixture.topic);
	struct error err;

	cr_assert(rounds_until(relay, holds("late")));
	cr_assert_eq(rd_kafka_mock_broker_set_down(kafka, -1), 0);
	add_row(fixture.topic, "1", "First");
	cr_assert_eq(relay_start(relay, &err), ST_OK);
	/* The row, and perhaps the news that no broker is there. */
	cr_assert(wait_until(WAIT_MS, rd_kafka_outq_len(latest_handle) >= 1));
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

LAB_TEST(relay_kafka, who_cannot_publish_gives_the_lease_up, 1)
{
	struct relay *cut_off, *standby;

	(void)mock_kafka_open(1, 1);
	cut_off = open_relay_at("cut-off", "127.0.0.1:1");
	cr_assert(rounds_until(cut_off, holds("cut-off")));
	standby = open_relay("standby", "");
	relay_round(standby);
	add_row(fixture.topic, "1", "First");
	relay_round(cut_off);
	cr_expect(holds(""), "it kept the lease, or its name in it");
	cr_expect(rounds_until(standby, sql_number(ROWS) == 0), "nobody publishes");
	cr_expect(holds("standby"));
	cr_expect_eq(relay_driver_metric(cut_off, "relay_given_up_total"), 1);
	relay_close(cut_off);
	relay_close(standby);
}

/* The rows of one partition wait, those of the other go on, and are deleted. */
LAB_TEST(relay_kafka, who_is_cut_off_from_one_leader_gives_the_lease_up, 1)
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
		add_row(fixture.topic, arena_format("%d", i), "Event");
	relay_round(cut_off);
	cr_expect_eq(relay_driver_metric(cut_off, "relay_given_up_total"), 1);
	cr_expect_lt(sql_number(ROWS), 20, "what was acknowledged is not deleted");
	cr_expect_gt(sql_number(ROWS), 0);
	cr_assert_eq(rd_kafka_mock_broker_set_up(kafka, 2), 0);
	cr_expect(rounds_until(standby, sql_number(ROWS) == 0), "nobody publishes");
	relay_close(cut_off);
	relay_close(standby);
}

/* Nobody is there to give the lease to. */
LAB_TEST(relay_kafka, who_is_alone_keeps_the_lease, 1)
{
	struct relay *relay;
	struct error err;

	(void)mock_kafka_open(1, 1);
	relay = open_relay_at("alone", "127.0.0.1:1");
	add_row(fixture.topic, "1", "First");
	cr_assert_eq(relay_start(relay, &err), ST_OK);
	cr_assert(wait_until(WAIT_MS, progress_age_ms(relay_progress(relay)) > 14000));
	cr_expect_eq(relay_driver_metric(relay, "relay_given_up_total"), 0);
	cr_expect(holds("alone"));
	relay_close(relay);
}

/* The leader takes the request and never answers; its successor is there. By librdkafka's own
 * settings it would be asked after a minute. */
LAB_TEST(relay_kafka, a_leader_that_hangs_is_left_soon, 1)
{
	rd_kafka_mock_cluster_t *kafka = mock_kafka_open(2, 1);
	struct relay *relay = open_relay("patient", "");
	struct error err;
	size_t errors = 1;

	cr_assert_eq(rd_kafka_mock_partition_set_leader(kafka, fixture.topic, 0, 1), 0);
	cr_assert_eq(rd_kafka_mock_broker_push_request_error_rtts(
			     kafka, 1, MOCK_PRODUCE, 1, RD_KAFKA_RESP_ERR_NO_ERROR, 600000),
		     0);
	add_row(fixture.topic, "1", "First");
	cr_assert_eq(relay_start(relay, &err), ST_OK);
	cr_assert(wait_until(WAIT_MS,
			     (rd_kafka_mock_broker_error_stack_cnt(kafka, 1, MOCK_PRODUCE, &errors),
			      errors == 0)));
	cr_assert_eq(rd_kafka_mock_partition_set_leader(kafka, fixture.topic, 0, 2), 0);
	cr_expect(wait_until(40000, sql_number(ROWS) == 0), "the old leader is waited for");
	relay_close(relay);
}

/* --- rows that were committed late, and rows that are dead --------------------------------- */

/* On a session of its own. */
static int64_t elsewhere(const char *statement)
{
	return database_number(stack_database_url("lab", fixture.database), statement);
}

static void add_rows(int count)
{
	(void)elsewhere(arena_format("insert into orders.outbox (topic, key, type, payload) "
				     "select '%s', '7', 'Flow', '{}' "
				     "from generate_series(1, %d) returning 1",
				     fixture.topic, count));
}

/* Its id is far below where the reads begin, unless they wait for it. */
LAB_TEST(relay_kafka, a_row_that_is_committed_very_late_is_published, 1)
{
	struct relay *relay;
	struct tail *tail;

	(void)mock_kafka_open(1, 1);
	tail = tail_open(fixture.topic);
	relay = open_relay("late", "");
	add_rows(5000);
	cr_assert(rounds_until(relay, elsewhere(ROWS) == 0));
	sql_run("begin");
	add_row(fixture.topic, "7", "Late");
	for (int i = 0; i < 5; i++) {
		add_rows(5000);
		cr_assert(rounds_until(relay, elsewhere(ROWS) == 0));
	}
	sql_run("commit");
	cr_assert(rounds_until(relay, elsewhere(ROWS) == 0), "the late row is not published");
	(void)tail_read(tail);
	cr_expect_eq(tail_count(tail, "Late"), 1);
	relay_close(relay);
}

#define STATISTICS "from pg_stat_user_tables where schemaname = 'orders' and relname = 'outbox'"
#define VISITED                                                                                    \
	"select sum(idx_tup_read) from pg_stat_user_indexes "                                      \
	"where schemaname = 'orders' and relname = 'outbox'"

/* While a transaction is open that might see them, deleted rows stay. From the beginning each read
 * would visit all of them: 50 for each row here. Those deleted since the last look at how far the
 * outbox is empty are visited: how many that are, is a matter of speed. */
LAB_TEST(relay_kafka, a_read_does_not_visit_the_dead, 1)
{
	enum { EVENTS = 200000 };
	struct relay *relay;

	(void)mock_kafka_open(1, 1);
	relay = open_relay("reader", "");
	sql_run("begin isolation level repeatable read");
	(void)sql_number(ROWS);
	for (int i = 0; i < 10; i++)
		add_rows(EVENTS / 10);
	cr_assert(rounds_until(relay, elsewhere("select n_tup_del " STATISTICS) == EVENTS));
	cr_expect_lt(elsewhere(VISITED), 25 * EVENTS);
	sql_run("commit");
	relay_close(relay);
}

/* Each read takes the next rows from the index; it does not collect and sort all that wait, which
 * would be 100 for each row here. */
LAB_TEST(relay_kafka, a_full_outbox_is_read_once, 1)
{
	enum { EVENTS = 200000 };
	struct relay *relay;

	(void)mock_kafka_open(1, 1);
	relay = open_relay("reader", "");
	for (int i = 0; i < 10; i++)
		add_rows(EVENTS / 10);
	cr_assert(rounds_until(relay, elsewhere("select n_tup_del " STATISTICS) == EVENTS));
	cr_expect_lt(elsewhere(VISITED), 25 * EVENTS);
	relay_close(relay);
}

/* --- a producer that cannot be replaced ---------------------------------------------------- */

enum { SENT = 3 };
static int reports[SENT];

static void count_report(void *context, void *opaque, enum kafka_producer_verdict verdict, int code)
{
	(void)context;
	(void)verdict;
	(void)code;
	reports[(int *)opaque - reports]++;
}

/* Who sent a message forgets it at the abandon, and uses its memory for others. */
LAB_TEST(relay_kafka, an_abandoned_message_has_no_late_report, 1)
{
	char extra[64] = "";
	rd_kafka_mock_cluster_t *kafka = mock_kafka_open(1, 1);
	const struct kafka_settings settings = { .bootstrap_servers = stack_kafka(),
						 .topic = fixture.topic,
						 .extra = extra,
						 .client_id = "abandoned" };
	struct kafka_producer *producer = NULL;
	struct error err;

	cr_assert_eq(kafka_producer_open(&producer, &settings, count_report, NULL, &err), ST_OK);
	cr_assert_eq(rd_kafka_mock_broker_set_down(kafka, -1), 0);
	for (int i = 0; i < SENT; i++)
		kafka_producer_send(producer,
				    &(struct kafka_producer_message){ .topic = fixture.topic,
								      .payload = "{}",
								      .payload_len = 2 },
				    &reports[i]);
	(void)snprintf(extra, sizeof(extra), "no.such.property=1");
	cr_assert_eq(kafka_producer_abandon(producer, &err), ST_INVALID);
	for (int i = 0; i < SENT; i++)
		cr_expect_eq(reports[i], 1, "message %d has %d reports", i, reports[i]);
	cr_assert_eq(rd_kafka_mock_broker_set_up(kafka, -1), 0);
	extra[0] = '\0';
	cr_assert(!kafka_producer_poll(producer, 5000));
	cr_assert_eq(kafka_producer_abandon(producer, &err), ST_OK);
	for (int i = 0; i < SENT; i++)
		cr_expect_eq(reports[i], 1, "message %d has %d reports", i, reports[i]);
	kafka_producer_close(producer);
}
