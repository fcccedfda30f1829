/*
 * Topics, read from their beginning to the end that they have now, without a consumer group:
 * nothing is committed and nobody is disturbed. Memory is bounded, whatever the topic holds.
 *
 * Threads: one owner; kafka_topic_stop any.
 */
#ifndef COMMON_KAFKA_KAFKA_TOPIC_H
#define COMMON_KAFKA_KAFKA_TOPIC_H

#include "common/base/error.h"
#include "common/event/message.h"
#include "common/kafka/kafka_settings.h"

struct kafka_topic;

/* Where the partitions of a topic begin and end. Both arrays are owned: kafka_topic_ends_fini. */
struct kafka_topic_ends {
	int32_t count;
	int64_t *first_offset, *next_offset;
};

void kafka_topic_ends_fini(struct kafka_topic_ends *ends);

/*
 * What is read of transactions. The end is that of what is read: before the first transaction that
 * is open, or behind every message.
 */
enum kafka_isolation { KAFKA_READ_COMMITTED, KAFKA_READ_UNCOMMITTED };

/* A handle on a topic; settings are borrowed for its lifetime. ST_INVALID: a bad setting. */
MUST_CHECK enum status kafka_topic_open(struct kafka_topic **out,
					const struct kafka_settings *settings,
					enum kafka_isolation isolation, struct error *err);
void kafka_topic_close(struct kafka_topic *topic);

/* Borrowed from the settings. */
const char *kafka_topic_name(const struct kafka_topic *topic);

/* From now on the two functions below end within half a second, with ST_UNAVAILABLE. */
void kafka_topic_stop(struct kafka_topic *topic);

/* ends is written on ST_OK. ST_NOT_FOUND: there is no such topic. ST_UNAVAILABLE: the broker
 * cannot be had. */
MUST_CHECK enum status kafka_topic_find_ends(struct kafka_topic *topic,
					     struct kafka_topic_ends *ends, struct error *err);

typedef void kafka_topic_take(void *context, const struct message *message);

/* Gives every message between the ends to take: within a partition by offset. ST_UNAVAILABLE: the
 * broker sends nothing for half a minute; some have been taken then. */
MUST_CHECK enum status kafka_topic_read(struct kafka_topic *topic,
					const struct kafka_topic_ends *ends, kafka_topic_take *take,
					void *context, struct error *err);

#endif
