/*
 * A message of librdkafka, read as the plain one that everything above works with, and the headers
 * of one that is sent.
 *
 * Threads: one owner.
 */
#ifndef COMMON_KAFKA_KAFKA_MESSAGE_H
#define COMMON_KAFKA_KAFKA_MESSAGE_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "common/base/error.h"
#include "common/event/message.h"

/* Begins as {0}. One can read many messages, one after the other. */
struct kafka_message {
	struct message plain;           /* borrowed from the message and from headers */
	struct message_header *headers; /* owned */
	size_t capacity;
};

/* Reads raw, which has no error and is borrowed while plain is used. False: out of memory. */
MUST_CHECK bool kafka_message_read(struct kafka_message *m, const rd_kafka_message_t *raw);

void kafka_message_fini(struct kafka_message *m);

/* Copies of them. Owned: librdkafka's, once it has taken the message. */
rd_kafka_headers_t *kafka_message_headers(const struct message_header *headers, size_t count);

#endif
