/*
 * Where the log of a partition begins and ends, as librdkafka knows it.
 *
 * Threads: any.
 */
#ifndef COMMON_KAFKA_KAFKA_ENDS_H
#define COMMON_KAFKA_KAFKA_ENDS_H

#include <librdkafka/rdkafka.h>
#include <stddef.h>
#include <stdint.h>

#include "common/event/message.h"

/* As the latest fetch said; negative: not known. */
int64_t kafka_ends_start(rd_kafka_t *rk, const char *topic, int32_t partition);

/* Writes the end of each partition of list as its offset: the brokers' answer, which is waited for
 * timeout_ms at most (0: they are not asked), or what was last heard; negative: not known. */
void kafka_ends_find(rd_kafka_t *rk, const char *topic, struct topic_offset *list, size_t count,
		     int timeout_ms);

#endif
