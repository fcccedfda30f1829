/*
 * A message as it came: what a dead letter is made of, and what is parked. Its headers are packed
 * into one block of bytes, which messages share: most of a topic's have the same ones. Pure.
 *
 * Threads: one owner of a block's references and of the latest blocks.
 */
#ifndef DELIVERY_SERVICE_CORE_RAW_MESSAGE_H
#define DELIVERY_SERVICE_CORE_RAW_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/event/message.h"

struct raw_message_headers {
	size_t references, size, count;
	char bytes[]; /* see raw_message_header */
};

/* Key and payload stand behind each other in a block of the owner's. */
struct raw_message {
	const char *key;                     /* NULL: none */
	const char *payload;                 /* NULL: none */
	struct raw_message_headers *headers; /* a reference */
	int64_t timestamp_ms;
	uint32_t key_len, payload_len; /* Kafka's messages have less than 2 GB */
};

/* The blocks that came lately, of which there are few: one per type of event, say. Begins as {0}.
 */
#define RAW_MESSAGE_RECENT 8
struct raw_message_recent {
	struct raw_message_headers *blocks[RAW_MESSAGE_RECENT]; /* a reference each */
	size_t next;
};

/* A block of that size, to be filled by raw_message_put_header. Returns a reference; NULL: out of
 * memory. */
struct raw_message_headers *raw_message_headers_new(size_t size, size_t count);
void raw_message_headers_release(struct raw_message_headers *headers);

/* Gives back the block among the latest that is the same as headers, else headers itself, which is
 * one of the latest then if it is small. Takes headers' reference, returns one. */
struct raw_message_headers *raw_message_headers_share(struct raw_message_recent *latest,
						      struct raw_message_headers *headers);
void raw_message_recent_fini(struct raw_message_recent *latest);

/* The bytes that key and payload of message take. */
static inline size_t raw_message_body_size(const struct message *message)
{
	return message->key_len + message->payload_len;
}

/*
 * Copies message: key and payload into body, which has room for raw_message_body_size, the headers
 * into a block shared with the latest. False: out of memory.
 */
MUST_CHECK bool raw_message_copy(struct raw_message *copy, char *body,
				 const struct message *message, struct raw_message_recent *latest);

/* The bytes that a header takes. value NULL: a null value. */
size_t raw_message_header_size(const char *name, const void *value, size_t len);

/* Packs a header; returns where the next one goes. */
char *raw_message_put_header(char *at, const char *name, const void *value, size_t len);

/* Unpacks one: walk through count of them, from bytes on; returns where the next one is. name
 * and value point into the block; value is not aligned, and NULL for a null value. */
const char *raw_message_header(const char *at, const char **name, const void **value, size_t *len);

#endif
