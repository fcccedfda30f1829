/*
 * One dead letter: a message of the dead-letter topic, and what its headers say about where it
 * came from. Its number is its offset, with "partition:" before it if the topic has several
 * partitions.
 *
 * Threads: any; a letter has one owner.
 */
#ifndef TOOLS_DEAD_LETTERS_LETTER_H
#define TOOLS_DEAD_LETTERS_LETTER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/kafka/kafka_message.h"

#define TOPIC_NAME_MAX 249 /* Kafka's own bound */

struct letter_number {
	int32_t partition; /* -1: not said */
	int64_t offset;
};

struct letter {
	rd_kafka_message_t *raw;        /* owned; NULL: there is no letter */
	struct kafka_message message;   /* raw, read */
	char topic[TOPIC_NAME_MAX + 1]; /* where it came from; empty: it does not say */
	int32_t partition;              /* likewise; -1: it does not say */
	int64_t offset;                 /* likewise */
	bool replayed;                  /* the group's position is past it */
};

/* "5" or "0:5"; false for anything else. */
bool letter_parse_number(const char *text, struct letter_number *out);

#define LETTER_NUMBER_SIZE 40
/* A number as letter_parse_number takes it; several: the topic has several partitions. */
void letter_number_write(struct topic_offset at, bool several, char text[LETTER_NUMBER_SIZE]);
void letter_number_text(const struct letter *letter, bool several, char text[LETTER_NUMBER_SIZE]);

/* What the headers of message say about where it came from. */
void letter_read_origin(struct letter *letter, const struct message *message);

/* Takes raw, and reads the origin from its headers. False: out of memory. */
MUST_CHECK bool letter_init(struct letter *letter, rd_kafka_message_t *raw);
void letter_fini(struct letter *letter);

#endif
