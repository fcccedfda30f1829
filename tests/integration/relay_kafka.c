/*
 * The relay against a Kafka that refuses, forgets and hangs: a mock cluster, so that each request's
 * answer is the test's choice. The rounds are the test's, too: no thread, no race.
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

#include "common/kafka/kafka_producer.h"
#include "common/outbox/relay.h"
#include "tests/integration/latest_handle.h"
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

static struct relay *open_relay(const char *instance, const char *extra)
{
	return relay_driver_open(instance, NULL, extra, NULL);
}

/* --- a producer that is lost --------------------------------------------------------------- */

/* Nothing is outstanding when it happens, and nothing can be sent from then on. */
LAB_TEST(relay_kafka, a_lost_producer_is_renewed_by_an_idle_relay, 1)
{
	struct relay *relay;
	struct tail *tail;

	(void)mock_kafka_open(1, 1);
	tail = tail_open(fixture.topic);
	relay = open_relay("idle", "");
	relay_driver_add(fixture.topic, "1", "First");
	cr_assert(rounds_until(relay, sql_number(ROWS) == 0));
	latest_handle_lose();
	relay_round(relay);
	relay_driver_add(fixture.topic, "1", "Second");
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
	relay_driver_add(fixture.topic, "1", "First");
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
		relay_driver_add(MISSING, "1", arena_format("%d", FIRST + i));
		relay_driver_add(fixture.topic, "1", arena_format("%d", i));
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
	relay_driver_add("other", "1", "First");
	cr_assert_eq(relay_start(relay, &err), ST_OK);
	cr_assert(wait_until(WAIT_MS, relay_driver_metric(relay, "relay_fetches_total") > 0));
	for (int i = 0; i < 3; i++) {
		relay_driver_add("other", "1", "Next");
		relay_driver_add(fixture.topic, "1", "Event");
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
	relay_driver_add(fixture.topic, "7", "Late");
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
