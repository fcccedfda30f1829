#include "common/kafka/kafka_idempotent.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "common/kafka/kafka_conf.h"

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

/* A transaction has a time of its own, and no message of it lives longer. */
static enum status set_transactional(rd_kafka_conf_t *conf, const char *id, struct error *err)
{
	/* clang-format off */
	const char *const pairs[] = {
		"transactional.id", id,
		"transaction.timeout.ms", KAFKA_TRANSACTION_TIMEOUT_MS,
		"message.timeout.ms", KAFKA_TRANSACTION_TIMEOUT_MS,
		NULL,
	};
	/* clang-format on */

	return kafka_conf_set(conf, pairs, err);
}

enum status kafka_idempotent_new(rd_kafka_t **out, const struct kafka_settings *settings,
				 kafka_idempotent_report *on_report, void *opaque,
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
		/* A leader that hangs is asked once, and its successor then. */
		"socket.timeout.ms", "7000",
		"socket.connection.setup.timeout.ms", "5000",
		/* A topic that is missing holds up whoever waits for it, not the others. */
		"topic.metadata.propagation.max.ms", "1000",
		NULL,
	};
	/* clang-format on */
	rd_kafka_conf_t *conf = NULL;

	if (kafka_conf(&conf, settings, pairs, kafka_fixed_producer, err) != ST_OK)
		return err->status;
	if (settings->transactional_id &&
	    set_transactional(conf, settings->transactional_id, err) != ST_OK) {
		rd_kafka_conf_destroy(conf);
		return err->status;
	}
	rd_kafka_conf_set_dr_msg_cb(conf, on_report);
	rd_kafka_conf_set_opaque(conf, opaque);
	set_partitioner(conf, turn);
	return kafka_conf_client(out, RD_KAFKA_PRODUCER, conf, err);
}
