/*
 * A message as it came: what a dead letter is made of, and what is parked. Its headers are packed
 * into one block of bytes, which messages share: most of a topic's have the same ones. Pure.
 *
 * Threads: one owner of a block's references and of the latest blocks.
 */
#ifndef DELIVERY_SERVICE_CORE_RAW_MESSAGE_H
#define DELIVERY_SERVICE_CORE_RAW_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

/* Everything is borrowed. */
struct original {
	const void *key; /* NULL: none */
	size_t key_len;
	const void *payload; /* NULL: none */
	size_t payload_len;
	const struct original_headers *headers;
	int64_t timestamp_ms;
};

struct original_headers {
	size_t references, size, count;
	char bytes[]; /* see original_header */
};

/* The blocks that came lately, of which there are few: one per type of event, say. Begins as {0}.
 */
#define ORIGINAL_LATEST 8
struct original_latest {
	struct original_headers *blocks[ORIGINAL_LATEST]; /* a reference each */
	size_t next;
};

/* A block of that size, to be filled by original_put_header. Returns a reference; NULL: out of
 * memory. */
struct original_headers *original_headers_new(size_t size, size_t count);
void original_headers_release(struct original_headers *headers);

/* Gives back the block among the latest that is the same as headers, else headers itself, which is
 * one of the latest then if it is small. Takes headers' reference, returns one. */
struct original_headers *original_headers_share(struct original_latest *latest,
						struct original_headers *headers);
void original_latest_fini(struct original_latest *latest);

/* The bytes that a header takes. value NULL: a null value. */
size_t original_header_size(const char *name, const void *value, size_t len);

/* Packs a header; returns where the next one goes. */
char *original_put_header(char *at, const char *name, const void *value, size_t len);

/* Unpacks one: walk through count of them, from bytes on; returns where the next one is. name
 * and value point into the block; value is not aligned, and NULL for a null value. */
const char *original_header(const char *at, const char **name, const void **value, size_t *len);

#endif
