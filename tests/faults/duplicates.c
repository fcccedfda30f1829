#include "tests/faults/duplicates.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

#include "common/kafka/kafka_conf.h"
#include "common/kafka/kafka_metadata.h"
#include "common/runtime/clock.h"
#include "tools/order-clients/dice.h"

#define ANSWER_MS 5000
#define LOOK_BACK 4 /* messages read for one wanted: Delivery* are about half of them */

/* The latest Order* messages, oldest first. */
struct found {
	rd_kafka_message_t *messages[DUPLICATES_MAX]; /* owned */
	size_t count;
};

/* librdkafka's callback for what became of a message; opaque counts those that the broker has. */
static void count_delivered(rd_kafka_t *client, const rd_kafka_message_t *m, void *opaque)
{
	size_t *delivered = opaque;

	(void)client;
	*delivered += !m->err;
}

/* A client with the given pairs (name, value, ..., NULL). delivered: of a producer; borrowed until
 * it is destroyed. NULL: err says why. */
static rd_kafka_t *client_open(rd_kafka_type_t type, const char *const *pairs, size_t *delivered,
			       struct error *err)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	const char *extra = getenv("KAFKA_CONF");
	char why[200] = "";
	rd_kafka_t *client = NULL;
	bool good = kafka_conf_extra(conf, extra ? extra : "", err) == ST_OK;

	for (; good && *pairs; pairs += 2)
		good = rd_kafka_conf_set(conf, pairs[0], pairs[1], why, sizeof(why)) ==
		       RD_KAFKA_CONF_OK;
	if (type == RD_KAFKA_PRODUCER) {
		rd_kafka_conf_set_dr_msg_cb(conf, count_delivered);
		rd_kafka_conf_set_opaque(conf, delivered);
	}
	if (good)
		client = rd_kafka_new(type, conf, why, sizeof(why));
	if (!client) {
		rd_kafka_conf_destroy(conf);
		(void)error_set(err, ST_INTERNAL, "Kafka client: %s", why);
	}
	return client;
}

static int partition_count(rd_kafka_t *client, const char *topic)
{
	const struct rd_kafka_metadata *metadata = NULL;
	int count = 0;

	if (kafka_metadata(client, topic, ANSWER_MS, &metadata) == RD_KAFKA_RESP_ERR_NO_ERROR) {
		if (metadata->topic_cnt == 1 && !metadata->topics[0].err)
			count = metadata->topics[0].partition_cnt;
		rd_kafka_metadata_destroy(metadata);
	}
	return count;
}

/* --- reading ------------------------------------------------------------------------------- */

static bool is_order_event(const rd_kafka_message_t *m)
{
	rd_kafka_headers_t *headers = NULL;
	const void *value = NULL;
	size_t len = 0;

	return rd_kafka_message_headers(m, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
	       rd_kafka_header_get_last(headers, "type", &value, &len) ==
		       RD_KAFKA_RESP_ERR_NO_ERROR &&
	       len > 5 && memcmp(value, "Order", 5) == 0;
}

/* Keeps the latest count of them. */
static void take(struct found *found, size_t count, rd_kafka_message_t *m)
{
	if (found->count == count) {
		rd_kafka_message_destroy(found->messages[0]);
		memmove(&found->messages[0], &found->messages[1],
			(count - 1) * sizeof(found->messages[0]));
		found->count--;
	}
	found->messages[found->count++] = m;
}

/* Points the client at the last messages of the partition; *end: the offset behind them. */
static enum status assign(rd_kafka_t *client, const struct duplicates_config *config,
			  int32_t partition, int64_t *end, struct error *err)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	int64_t low = 0, high = 0, from;
	rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
		client, config->topic, partition, &low, &high, ANSWER_MS);

	from = high - (int64_t)config->count * LOOK_BACK;
	rd_kafka_topic_partition_list_add(list, config->topic, partition)->offset =
		from > low ? from : low;
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		code = rd_kafka_assign(client, list);
	rd_kafka_topic_partition_list_destroy(list);
	*end = high;
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		return ST_OK;
	return error_set(err, ST_UNAVAILABLE, "partition %" PRId32 ": %s", partition,
			 rd_kafka_err2str(code));
}

/* Reads from where the client is assigned up to the offset end, or, where the last offsets are no
 * messages, to the end of the partition. */
static enum status read_up_to(rd_kafka_t *client, int64_t end, size_t count, struct found *found,
			      struct error *err)
{
	int64_t deadline = clock_mono_ms() + ANSWER_MS, next = 0;

	while (next < end && clock_mono_ms() < deadline) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(client, 100);

		if (!m)
			continue;
		if (!m->err)
			next = m->offset + 1;
		else if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
			next = end;
		if (!m->err && is_order_event(m))
			take(found, count, m);
		else
			rd_kafka_message_destroy(m);
	}
	if (next >= end)
		return ST_OK;
	return error_set(err, ST_UNAVAILABLE, "the topic cannot be read to its end");
}

/* --- writing ------------------------------------------------------------------------------- */

static rd_kafka_resp_err_t produce(rd_kafka_t *client, const struct duplicates_config *config,
				   const rd_kafka_message_t *m, int32_t partition)
{
	rd_kafka_headers_t *headers = NULL;
	rd_kafka_resp_err_t code;

	(void)rd_kafka_message_headers(m, &headers);
	headers = headers ? rd_kafka_headers_copy(headers) : rd_kafka_headers_new(0);
	code = rd_kafka_producev(client, RD_KAFKA_V_TOPIC(config->topic),
				 RD_KAFKA_V_PARTITION(partition),
				 RD_KAFKA_V_KEY(m->key, m->key_len),
				 RD_KAFKA_V_VALUE(m->payload, m->len),
				 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
				 RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_headers_destroy(headers);
	return code;
}

/* All of them, in their order. */
static enum status produce_all(const struct duplicates_config *config, const struct found *found,
			       struct dice *dice, int partitions, struct error *err)
{
	const char *const pairs[] = { "bootstrap.servers",  config->brokers, "log_level", "2",
				      "enable.idempotence", "true",          NULL };
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
	size_t delivered = 0;
	rd_kafka_t *client = client_open(RD_KAFKA_PRODUCER, pairs, &delivered, err);

	if (!client)
		return err->status;
	for (size_t i = 0; i < found->count && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
		const rd_kafka_message_t *m = found->messages[i];
		int32_t any = (int32_t)dice_roll(dice, (uint32_t)partitions);

		code = produce(client, config, m, config->to_any ? any : m->partition);
	}
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		code = rd_kafka_flush(client, 2 * ANSWER_MS);
	(void)rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	rd_kafka_destroy(client);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR && delivered == found->count)
		return ST_OK;
	return error_set(err, ST_UNAVAILABLE, "the broker has %zu of %zu messages: %s", delivered,
			 found->count, rd_kafka_err2str(code));
}

/* Reads from a partition that the seed decides, and produces. */
static enum status read_and_produce(const struct duplicates_config *config, rd_kafka_t *consumer,
				    struct found *found, int32_t *partition, struct error *err)
{
	struct dice dice = { .state = config->seed };
	int partitions = partition_count(consumer, config->topic);
	int64_t end = 0;

	if (partitions == 0)
		return error_set(err, ST_UNAVAILABLE, "topic %s cannot be seen on %s",
				 config->topic, config->brokers);
	*partition = (int32_t)dice_roll(&dice, (uint32_t)partitions);
	if (assign(consumer, config, *partition, &end, err) != ST_OK ||
	    read_up_to(consumer, end, config->count, found, err) != ST_OK)
		return err->status;
	return produce_all(config, found, &dice, partitions, err);
}

enum status duplicates_produce(const struct duplicates_config *config,
			       struct duplicates_result *result, struct error *err)
{
	const char *const pairs[] = { "bootstrap.servers",
				      config->brokers,
				      "log_level",
				      "2",
				      "group.id",
				      "fault-duplicates",
				      "enable.auto.commit",
				      "false",
				      "enable.partition.eof",
				      "true",
				      NULL };
	struct found found = { .count = 0 };
	rd_kafka_t *consumer = client_open(RD_KAFKA_CONSUMER, pairs, NULL, err);
	enum status st;

	if (!consumer)
		return err->status;
	st = read_and_produce(config, consumer, &found, &result->partition, err);
	result->count = found.count;
	while (found.count > 0)
		rd_kafka_message_destroy(found.messages[--found.count]);
	(void)rd_kafka_consumer_close(consumer);
	rd_kafka_destroy(consumer);
	return st;
}
