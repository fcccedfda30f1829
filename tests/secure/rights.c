/* What each principal of Kafka may do: kafka/acls.txt, asked of the broker. */
#include <stddef.h>
#include <string.h>

#include "tests/secure/secure.h"
#include "tests/support/arena.h"

/* Who may not gets no answer at all to some requests, however long it waits. */
#define REFUSED_MS  3000
#define ANSWERED_MS 60000

enum what { READS, WRITES, SEES_GROUP };

static const char *const words[] = { "reads", "writes to", "sees the group" };

static const struct {
	const char *principal, *name; /* NULL: the topic */
	enum what what;
	bool may;
} rights[] = {
	{ "order-service", NULL, READS, true },
	{ "order-service", "outbox-state.orders", WRITES, true },
	{ "order-service", "dlq-kafka.delivery", WRITES, false },
	{ "order-service", "outbox-state.delivery", WRITES, false },
	{ "order-service", "outbox-state.delivery", READS, false },
	{ "order-service", "delivery", SEES_GROUP, false },
	{ "delivery-service", NULL, READS, true },
	{ "delivery-service", "delivery", SEES_GROUP, true },
	{ "delivery-service", "outbox-state.delivery", WRITES, true },
	{ "delivery-service", "dlq-kafka.delivery", READS, false },
	{ "delivery-service", "outbox-state.orders", WRITES, false },
	{ "delivery-service", "dead-letters", SEES_GROUP, false },
	{ "page", NULL, READS, true },
	{ "page", NULL, WRITES, false },
	{ "page", "dlq-kafka.delivery", READS, false },
	{ "page", "delivery", SEES_GROUP, false },
	{ "operator", "dlq-kafka.delivery", READS, true },
	{ "operator", "outbox-state.orders", WRITES, false },
};

static bool sees_group(const struct secure *secure, const char *properties, const char *group,
		       int timeout_ms)
{
	rd_kafka_t *client = secure_client(secure, properties, group);
	rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t code;

	(void)rd_kafka_topic_partition_list_add(one, secure->topic, 0);
	code = rd_kafka_committed(client, one, timeout_ms);
	rd_kafka_topic_partition_list_destroy(one);
	rd_kafka_destroy(client);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* The next that has to do with the topic; that the group may not be seen is no answer here. */
static rd_kafka_resp_err_t next_of_topic(rd_kafka_t *client, int timeout_ms)
{
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
	rd_kafka_message_t *message;

	while (code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED &&
	       (message = rd_kafka_consumer_poll(client, timeout_ms))) {
		code = message->err;
		rd_kafka_message_destroy(message);
	}
	return code;
}

static bool reads(const struct secure *secure, const char *properties, const char *topic,
		  int timeout_ms)
{
	rd_kafka_t *client = secure_client(
		secure,
		arena_format("%s;enable.partition.eof=true;auto.offset.reset=error", properties),
		strstr(properties, "/page.") ? "tail"
					     : "state"); /* seen by it: else a look for 45 s */
	rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t code;

	rd_kafka_topic_partition_list_add(one, topic, 0)->offset = 0;
	(void)rd_kafka_assign(client, one);
	code = next_of_topic(client, timeout_ms);
	rd_kafka_topic_partition_list_destroy(one);
	(void)rd_kafka_consumer_close(client);
	rd_kafka_destroy(client);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__PARTITION_EOF;
}

/* A tombstone: nothing where a log is compacted, a dead letter or nothing to the lab elsewhere. */
static bool writes(const struct secure *secure, const char *properties, const char *topic,
		   int timeout_ms)
{
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
	rd_kafka_t *client = secure_client(secure, properties, NULL);
	rd_kafka_queue_t *queue = rd_kafka_queue_get_main(client);
	const rd_kafka_message_t *report = NULL;
	rd_kafka_event_t *event = NULL;

	if (rd_kafka_producev(client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_KEY("secure", 6),
			      RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR_NO_ERROR)
		event = rd_kafka_queue_poll(queue, timeout_ms);
	report = event ? rd_kafka_event_message_next(event) : NULL;
	if (report)
		code = report->err;
	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	rd_kafka_destroy(client);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

void rights_expect(struct secure *secure)
{
	static bool (*const tries[])(
		const struct secure *secure, const char *properties, const char *name,
		int timeout_ms) = { [READS] = reads, [WRITES] = writes, [SEES_GROUP] = sees_group };

	for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
		const char *properties = secure_setting(secure, rights[i].principal, "KAFKA_CONF");
		const char *name = rights[i].name ? rights[i].name : secure->topic;
		bool does = tries[rights[i].what](secure, properties, name,
						  rights[i].may ? ANSWERED_MS : REFUSED_MS);

		secure_expect(secure, does == rights[i].may, "%s %s %s: %s", rights[i].principal,
			      words[rights[i].what], name, does ? "yes" : "no");
	}
}
