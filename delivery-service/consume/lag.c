#include "delivery-service/consume/lag.h"

#include <inttypes.h>
#include <stdio.h>

void lag_init(struct lag *lag, const char *topic)
{
	lag->topic = topic;
	(void)pthread_mutex_init(&lag->mu, NULL);
	lag->positions = rd_kafka_topic_partition_list_new(0);
}

void lag_fini(struct lag *lag)
{
	if (!lag->positions)
		return;
	rd_kafka_topic_partition_list_destroy(lag->positions);
	(void)pthread_mutex_destroy(&lag->mu);
}

void lag_set(struct lag *lag, int32_t partition, int64_t next)
{
	rd_kafka_topic_partition_t *p;

	(void)pthread_mutex_lock(&lag->mu);
	p = rd_kafka_topic_partition_list_find(lag->positions, lag->topic, partition);
	if (!p)
		p = rd_kafka_topic_partition_list_add(lag->positions, lag->topic, partition);
	p->offset = next;
	(void)pthread_mutex_unlock(&lag->mu);
}

void lag_remove(struct lag *lag, int32_t partition)
{
	(void)pthread_mutex_lock(&lag->mu);
	(void)rd_kafka_topic_partition_list_del(lag->positions, lag->topic, partition);
	(void)pthread_mutex_unlock(&lag->mu);
}

static rd_kafka_topic_partition_list_t *copy_positions(struct lag *lag)
{
	rd_kafka_topic_partition_list_t *copy;

	(void)pthread_mutex_lock(&lag->mu);
	copy = rd_kafka_topic_partition_list_copy(lag->positions);
	(void)pthread_mutex_unlock(&lag->mu);
	return copy;
}

void lag_metrics(struct lag *lag, struct kafka_consumer *consumer, struct metrics_out *out)
{
	static const char name[] = "delivery_partition_lag";
	rd_kafka_topic_partition_list_t *positions = copy_positions(lag);
	rd_kafka_topic_partition_list_t *ends = rd_kafka_topic_partition_list_copy(positions);
	char label[32];

	metrics_family(out, name, "gauge",
		       "Messages of the topic beyond the position, by partition owned.");
	kafka_consumer_high_watermarks(consumer, ends);
	for (int i = 0; i < positions->cnt; i++) {
		int64_t lag_now = ends->elems[i].offset - positions->elems[i].offset;

		if (ends->elems[i].offset < 0)
			continue;
		(void)snprintf(label, sizeof(label), "partition=\"%" PRId32 "\"",
			       positions->elems[i].partition);
		/* The position may be newer than an end that was remembered. */
		metrics_sample(out, name, label, lag_now > 0 ? lag_now : 0);
	}
	rd_kafka_topic_partition_list_destroy(ends);
	rd_kafka_topic_partition_list_destroy(positions);
}
