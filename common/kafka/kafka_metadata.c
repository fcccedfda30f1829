#include "common/kafka/kafka_metadata.h"

rd_kafka_resp_err_t kafka_metadata(rd_kafka_t *rk, const char *topic, int timeout_ms,
				   const struct rd_kafka_metadata **metadata)
{
	rd_kafka_topic_t *handle = rd_kafka_topic_new(rk, topic, NULL);
	rd_kafka_resp_err_t code;

	if (!handle)
		return RD_KAFKA_RESP_ERR__INVALID_ARG;
	code = rd_kafka_metadata(rk, 0, handle, metadata, timeout_ms);
	rd_kafka_topic_destroy(handle);
	return code;
}

bool kafka_metadata_has_leader(rd_kafka_t *rk, const char *topic, int32_t partition, int timeout_ms)
{
	const struct rd_kafka_metadata *metadata = NULL;
	bool has = false;

	if (kafka_metadata(rk, topic, timeout_ms, &metadata) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return false;
	for (int i = 0; metadata->topic_cnt == 1 && i < metadata->topics[0].partition_cnt; i++) {
		const struct rd_kafka_metadata_partition *p = &metadata->topics[0].partitions[i];

		has = has || (p->id == partition && p->leader >= 0);
	}
	rd_kafka_metadata_destroy(metadata);
	return has;
}

/* A broker that does not know the topic yet says so in other words than that it is not there. */
static int32_t count_of(const struct rd_kafka_metadata_topic *topic)
{
	if (topic->err && topic->err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		return -1;
	return topic->partition_cnt;
}

int32_t kafka_metadata_partitions(rd_kafka_t *rk, const char *topic, int timeout_ms)
{
	const struct rd_kafka_metadata *metadata = NULL;
	int32_t count;

	if (kafka_metadata(rk, topic, timeout_ms, &metadata) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return -1;
	count = metadata->topic_cnt == 1 ? count_of(&metadata->topics[0]) : 0;
	rd_kafka_metadata_destroy(metadata);
	return count;
}
