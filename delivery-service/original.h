/*
 * A message as it came: what a dead letter is made of, and what is parked. Its headers are packed
 * into one block of bytes. Pure.
 *
 * Threads: any; values only.
 */
#ifndef DELIVERY_SERVICE_ORIGINAL_H
#define DELIVERY_SERVICE_ORIGINAL_H

#include <stddef.h>
#include <stdint.h>

/* Everything is borrowed. */
struct original {
	const void *key; /* NULL: none */
	size_t key_len;
	const void *payload; /* NULL: none */
	size_t payload_len;
	const char *headers; /* see original_header */
	size_t header_count;
	int64_t timestamp_ms;
};

/* The bytes that a header takes. value NULL: a null value. */
size_t original_header_size(const char *name, const void *value, size_t len);

/* Packs a header; returns where the next one goes. */
char *original_put_header(char *at, const char *name, const void *value, size_t len);

/* Unpacks one: walk through header_count of them, from headers on; returns where the next one is.
 * name and value point into the block; value is not aligned, and NULL for a null value. */
const char *original_header(const char *at, const char **name, const void **value, size_t *len);

#endif
