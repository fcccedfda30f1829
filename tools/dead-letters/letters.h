/*
 * The dead-letter topic as it was when it was opened, and how far it has been replayed: the
 * committed offsets of the consumer group, where every Kafka tool shows them. Letters that arrive
 * later are not seen, so that a replay ends although letters that fail again come back.
 *
 * Threads: one owner.
 */
#ifndef TOOLS_DEAD_LETTERS_LETTERS_H
#define TOOLS_DEAD_LETTERS_LETTERS_H

#include "common/base/error.h"
#include "common/kafka/kafka_settings.h"
#include "tools/dead-letters/letter.h"

#define DEAD_LETTERS_GROUP "dead-letters"

struct letters;

/*
 * settings are borrowed for its lifetime; settings->topic: only letters that came from this topic,
 * remembered in a group of its own ("dead-letters.TOPIC"); empty: all.
 * ST_UNAVAILABLE: no broker answers. ST_NOT_FOUND: there is no dead-letter topic.
 */
MUST_CHECK enum status letters_open(struct letters **out, const struct kafka_settings *settings,
				    struct error *err);
void letters_close(struct letters *l);

/* Numbered from 0. */
int32_t letters_partition_count(const struct letters *l);

/* The letters of a partition that are there: from first up to before end. */
int64_t letters_first(const struct letters *l, int32_t partition);
int64_t letters_end(const struct letters *l, int32_t partition);

/* Where the group stands: all before it is replayed. */
int64_t letters_position(const struct letters *l, int32_t partition);

/* What is read next: the partition on from the offset. */
MUST_CHECK enum status letters_seek(struct letters *l, int32_t partition, int64_t offset,
				    struct error *err);

/* The next letter, to be ended with letter_fini; out->raw is NULL behind the last one.
 * ST_UNAVAILABLE: the broker does not go on. */
MUST_CHECK enum status letters_next(struct letters *l, struct letter *out, struct error *err);

/* Reads the letter of that number. ST_NOT_FOUND: there is none; ST_INVALID: it does not say which
 * of several partitions. */
MUST_CHECK enum status letters_find(struct letters *l, const struct letter_number *number,
				    struct letter *out, struct error *err);

/* Moves the group's position, in memory and with letters_commit on the broker. */
void letters_move(struct letters *l, int32_t partition, int64_t position);
MUST_CHECK enum status letters_commit(struct letters *l, struct error *err);

#endif
