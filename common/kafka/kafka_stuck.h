/*
 * Whether a client of Kafka asks no broker for a partition that it is to read, although the brokers
 * answer. From 2.1 on librdkafka remembers the epoch of a partition's leader, and ignores what has
 * a lower one: of a topic that was re-created it may never learn the leader, for that begins with
 * epoch 0 again. Nothing else tells of it; only a new client recovers. Pure.
 *
 * Threads: one owner.
 */
#ifndef COMMON_KAFKA_KAFKA_STUCK_H
#define COMMON_KAFKA_KAFKA_STUCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KAFKA_STUCK_SINCE_VERSION 0x02010000 /* of librdkafka, which heeds epochs then */
#define KAFKA_STUCK_AFTER_MS      10000
#define KAFKA_STUCK_ASK_MS        5000

struct kafka_stuck {
	int32_t partition;     /* the first one without a broker */
	int64_t since_mono_ms; /* 0: each has one */
	int64_t asked_mono_ms; /* when the brokers were asked whether it has a leader */
};

/* What librdkafka's statistics (JSON) say. answered: a broker is connected; without one it is no
 * wonder. */
void kafka_stuck_read(struct kafka_stuck *stuck, const char *json, bool answered,
		      int64_t now_mono_ms);

/* It lasts: the brokers are to be asked now. True once every KAFKA_STUCK_ASK_MS. */
bool kafka_stuck_is_suspect(struct kafka_stuck *stuck, int64_t now_mono_ms);

#endif
