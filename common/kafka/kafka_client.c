#include "common/kafka/kafka_client.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/runtime/log.h"

/* Runs on librdkafka's threads. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	enum log_level ours = level <= 3 ? LOG_WARN : level <= 5 ? LOG_INFO : LOG_DEBUG;

	(void)rk;
	/* A broker that is away is librdkafka's business to mend: never our ERROR. */
	log_write(ours, "kafka", "librdkafka says", "fac=%s text=%s", facility, LOG_QUOTE(text));
}

/* Sets each name=value of text; values may hold anything but ';' and newline. */
static enum status set_extra(rd_kafka_conf_t *conf, const char *text, struct error *err)
{
	char pair[1024], why[200];

	while (*text) {
		size_t len = strcspn(text, ";\n");
		char *equals;

		if (len >= sizeof(pair))
			return error_set(err, ST_INVALID, "KAFKA_CONF: a property is too long");
		memcpy(pair, text, len);
		pair[len] = '\0';
		text += len + (text[len] != '\0');
		if (len == 0)
			continue;
		equals = strchr(pair, '=');
		if (!equals)
			return error_set(err, ST_INVALID,
					 "KAFKA_CONF: '%.40s' is not name=value (separate with ;)",
					 pair);
		*equals = '\0';
		if (rd_kafka_conf_set(conf, pair, equals + 1, why, sizeof(why)) != RD_KAFKA_CONF_OK)
			return error_set(err, ST_INVALID, "KAFKA_CONF: %s", why);
	}
	return ST_OK;
}

static enum status set_pairs(rd_kafka_conf_t *conf, const char *const *pairs, struct error *err)
{
	char why[200];

	for (size_t i = 0; pairs[i]; i += 2) {
		if (rd_kafka_conf_set(conf, pairs[i], pairs[i + 1], why, sizeof(why)) !=
		    RD_KAFKA_CONF_OK)
			return error_set(err, ST_INVALID, "%s", why);
	}
	return ST_OK;
}

enum status kafka_conf(rd_kafka_conf_t **out, const struct kafka_settings *settings,
		       const char *const *pairs, struct error *err)
{
	/* clang-format off */
	const char *const shared[] = {
		"bootstrap.servers", settings->bootstrap_servers,
		"client.id", settings->client_id,
		"message.max.bytes", KAFKA_MESSAGE_MAX_BYTES,
		/* New partitions are noticed within a second, not within the default 5 minutes. */
		"topic.metadata.refresh.interval.ms", "1000",
		"metadata.max.age.ms", "3000",
		"reconnect.backoff.ms", "50",
		"reconnect.backoff.max.ms", "1000",
		"socket.keepalive.enable", "true",
		"socket.nagle.disable", "true",
		"log.connection.close", "false",
		NULL,
	};
	/* clang-format on */
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	enum status st = set_pairs(conf, shared, err);

	rd_kafka_conf_set_log_cb(conf, on_log);
	if (st == ST_OK)
		st = set_pairs(conf, pairs, err);
	if (st == ST_OK)
		st = set_extra(conf, settings->extra, err);
	if (st != ST_OK) {
		rd_kafka_conf_destroy(conf);
		return st;
	}
	*out = conf;
	return ST_OK;
}

/* Runs on the producing thread, or on a librdkafka thread for messages sent before the topic's
 * partitions were known. Must not block. */
static int32_t choose_partition(const rd_kafka_topic_t *topic, const void *key, size_t key_len,
				int32_t partition_count, void *topic_opaque, void *message_opaque)
{
	_Atomic uint32_t *turn = topic_opaque;

	(void)message_opaque;
	if (key)
		return rd_kafka_msg_partitioner_murmur2(topic, key, key_len, partition_count, NULL,
							NULL);
	return (int32_t)(atomic_fetch_add(turn, 1) % (uint32_t)partition_count);
}

/* Keeps what the pairs made of the topic's properties, such as message.timeout.ms. */
static void set_partitioner(rd_kafka_conf_t *conf, _Atomic uint32_t *turn)
{
	rd_kafka_topic_conf_t *topic_conf = rd_kafka_conf_get_default_topic_conf(conf);

	rd_kafka_topic_conf_set_partitioner_cb(topic_conf, choose_partition);
	rd_kafka_topic_conf_set_opaque(topic_conf, turn);
}

enum status kafka_client_producer(rd_kafka_t **out, const struct kafka_settings *settings,
				  kafka_delivery_report *on_report, void *opaque,
				  _Atomic uint32_t *turn, struct error *err)
{
	/* clang-format off */
	static const char *const pairs[] = {
		"enable.idempotence", "true",
		"message.timeout.ms", "0", /* never: the outbox has no other plan than to wait */
		"linger.ms", "50", /* whoever has no more to send flushes: nothing waits that long */
		"queue.buffering.max.messages", "20000",
		"queue.buffering.max.kbytes", "32768",
		"sticky.partitioning.linger.ms", "0",
		NULL,
	};
	/* clang-format on */
	rd_kafka_conf_t *conf = NULL;
	char why[200];

	if (kafka_conf(&conf, settings, pairs, err) != ST_OK)
		return err->status;
	rd_kafka_conf_set_dr_msg_cb(conf, on_report);
	rd_kafka_conf_set_opaque(conf, opaque);
	set_partitioner(conf, turn);
	*out = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	if (!*out) {
		rd_kafka_conf_destroy(conf);
		return error_set(err, ST_INVALID, "Kafka producer: %s", why);
	}
	return ST_OK;
}

bool kafka_reachable(rd_kafka_t *rk, int timeout_ms)
{
	const struct rd_kafka_metadata *metadata = NULL;

	if (rd_kafka_metadata(rk, 0, NULL, &metadata, timeout_ms) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return false;
	rd_kafka_metadata_destroy(metadata);
	return true;
}

bool kafka_header(const rd_kafka_message_t *message, const char *name, const char **text,
		  size_t *len)
{
	rd_kafka_headers_t *headers = NULL;
	const void *value = NULL;
	size_t size = 0;

	if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
	    rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR ||
	    !value)
		return false;
	*text = value;
	*len = size;
	if (size >= 2 && (*text)[0] == '"' && (*text)[size - 1] == '"') {
		(*text)++;
		*len -= 2;
	}
	return true;
}
