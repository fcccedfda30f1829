/*
 * A topic that is followed, on the real broker.
 */
#include <string.h>

#include "common/kafka/kafka_sender.h"
#include "common/kafka/kafka_tail.h"
#include "tests/support/fixture.h"
#include "tests/support/stack.h"
#include "tests/support/wait.h"

TestSuite(topic_tail, .timeout = 300);

static void send_to(const struct kafka_settings *settings, int32_t partition)
{
	struct message message = { .at.partition = partition,
				   .payload = "hello",
				   .payload_len = 5 };
	struct kafka_sender *sender;
	struct error err = { 0 };

	cr_assert_eq(kafka_sender_open(&sender, settings, &err), ST_OK, "%s", err.msg);
	cr_assert_eq(kafka_sender_send(sender, settings->topic, &message, &err), ST_OK, "%s",
		     err.msg);
	kafka_sender_close(sender);
}

/* More than a learner makes. */
LAB_TEST(topic_tail, reads_every_partition, 70)
{
	const struct kafka_settings settings = { .bootstrap_servers = stack_kafka(),
						 .topic = fixture.topic,
						 .extra = "",
						 .client_id = "topic-tail" };
	const struct message *m = NULL;
	struct kafka_tail *tail;
	struct error err = { 0 };

	send_to(&settings, 69);
	cr_assert_eq(kafka_tail_open(&tail, &settings, -1, &err), ST_OK, "%s", err.msg);
	cr_assert(wait_until(60000, (m = kafka_tail_next(tail, 100)) != NULL));
	cr_expect_eq(m->at.partition, 69);
	cr_expect_eq(kafka_tail_partitions(tail), 70);
	cr_expect_eq(kafka_tail_end(tail, 69), 1);
	kafka_tail_close(tail);
}
