#include "common/kafka/kafka_ends.h"

#include <stdbool.h>

struct range {
	int64_t low, high;
};

/* As the latest fetch said: of a paused partition an old one. */
static struct range heard(rd_kafka_t *rk, const char *topic, int32_t partition)
{
	struct range range = { 0 };

	return rd_kafka_get_watermark_offsets(rk, topic, partition, &range.low, &range.high) == 0
		       ? range
		       : (struct range){ -1, -1 };
}

int64_t kafka_ends_start(rd_kafka_t *rk, const char *topic, int32_t partition)
{
	return heard(rk, topic, partition).low;
}

void kafka_ends_find(rd_kafka_t *rk, const char *topic, struct topic_offset *list, size_t count,
		     int timeout_ms)
{
	rd_kafka_topic_partition_list_t *asked = rd_kafka_topic_partition_list_new((int)count);
	bool answered;

	for (size_t i = 0; i < count; i++)
		rd_kafka_topic_partition_list_add(asked, topic, list[i].partition)->offset =
			RD_KAFKA_OFFSET_END;
	answered = timeout_ms > 0 &&
		   rd_kafka_offsets_for_times(rk, asked, timeout_ms) == RD_KAFKA_RESP_ERR_NO_ERROR;
	for (size_t i = 0; i < count; i++) {
		const rd_kafka_topic_partition_t *p = &asked->elems[i];

		list[i].offset = answered && !p->err && p->offset >= 0
					 ? p->offset
					 : heard(rk, topic, list[i].partition).high;
	}
	rd_kafka_topic_partition_list_destroy(asked);
}
