/*
 * A topic, followed: all its partitions from a place on, and those that are added later, without a
 * consumer group. Nothing is committed and nobody is disturbed. A broker that is away is waited
 * for; a topic that was re-created is read from its beginning.
 *
 * Threads: one owner.
 */
#ifndef COMMON_KAFKA_KAFKA_TAIL_H
#define COMMON_KAFKA_KAFKA_TAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/event/message.h"
#include "common/kafka/kafka_settings.h"

struct kafka_tail;

/* settings are borrowed for its lifetime. last: so many messages of each partition, and what comes
 * then; negative: all of them. ST_INVALID: a bad setting. */
MUST_CHECK enum status kafka_tail_open(struct kafka_tail **out,
				       const struct kafka_settings *settings, int64_t last,
				       struct error *err);
void kafka_tail_close(struct kafka_tail *tail);

/* The next message, borrowed until the next call; NULL: none came within timeout_ms. Looks for new
 * partitions once a second, which takes half a second more where no broker answers. */
const struct message *kafka_tail_next(struct kafka_tail *tail, int timeout_ms);

/* As it was when partitions were looked for. */
bool kafka_tail_up(const struct kafka_tail *tail); /* a broker answers */
int32_t kafka_tail_partitions(const struct kafka_tail *tail);
int64_t kafka_tail_asked_mono_ms(const struct kafka_tail *tail); /* when the answer was asked for */

/* The end of a partition that is read, as far as it is known: at least what was read. */
int64_t kafka_tail_end(struct kafka_tail *tail, int32_t partition);

#endif
