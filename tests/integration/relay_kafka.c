/*
 * The relay against a Kafka that refuses, forgets and hangs: a mock cluster, so that each request's
 * answer is the test's choice. The rounds are the test's, too: no thread, no race.
 */
#include <dlfcn.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>

#include "common/kafka/kafka_producer.h"
#include "common/outbox/relay.h"
#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/mock_kafka.h"
#include "tests/support/sql.h"
#include "tests/support/stack.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(relay_kafka, .timeout = 120);

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
	const struct relay_config config = {
		.database_url = stack_database_url("order_service", fixture.database),
		.instance = instance,
		.kafka = { .bootstrap_servers = stack_kafka(),
			   .topic = fixture.topic,
			   .extra = extra,
			   .client_id = instance },
		.keyed = true,
	};
	struct relay *relay = NULL;
	struct error err;

	cr_assert_eq(relay_open(&relay, &config, &err), ST_OK, "%s", err.msg);
	return relay;
}

/* Rounds of the relay until condition holds. */
#define rounds_until(relay, condition)                                                             \
	({                                                                                         \
		const int64_t end_ = mono_ms() + WAIT_MS;                                          \
		bool holds_;                                                                       \
		while (!(holds_ = (condition)) && mono_ms() < end_)                                \
			relay_round(relay);                                                        \
		holds_;                                                                            \
	})

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
	const struct kafka_settings settings = { stack_kafka(), fixture.topic, extra, "abandoned" };
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
