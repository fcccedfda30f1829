/*
 * Topics, read from their beginning to the end that they have now, without a consumer group:
 * nothing is committed and nobody is disturbed.
 *
 * Threads: one owner.
 */
#ifndef TOOLS_VERIFY_HISTORY_TOPIC_H
#define TOOLS_VERIFY_HISTORY_TOPIC_H

#include "common/base/error.h"
#include "common/event/message.h"
#include "common/kafka/kafka_settings.h"

struct topic;

/* Where the partitions of a topic end. */
struct topic_ends {
	int32_t count;
	int64_t *next_offset; /* owned: free */
};

/* A handle on a topic; settings are borrowed for its lifetime. ST_INVALID: a bad setting. */
MUST_CHECK enum status topic_open(struct topic **out, const struct kafka_settings *settings,
				  struct error *err);
void topic_close(struct topic *topic);

/* Borrowed from the settings. */
const char *topic_name(const struct topic *topic);

/*
 * ends is written on ST_OK. ST_NOT_FOUND: there is no such topic. ST_UNAVAILABLE: the broker
 * cannot be had. ST_CONFLICT: the topic's beginning is gone, so that its history is not whole.
 */
MUST_CHECK enum status topic_find_ends(struct topic *topic, struct topic_ends *ends,
				       struct error *err);

typedef void topic_take(void *context, const struct message *message);

/* Gives every message up to the ends to take: within a partition by offset. */
MUST_CHECK enum status topic_read(struct topic *topic, const struct topic_ends *ends,
				  topic_take *take, void *context, struct error *err);

#endif
