#include "delivery-service/core/raw_message.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NULL_VALUE      SIZE_MAX
#define LATEST_MAX_SIZE 1024 /* larger blocks are not remembered */

/* A header is its name and NUL, the value's length, and the value. */
size_t original_header_size(const char *name, const void *value, size_t len)
{
	return strlen(name) + 1 + sizeof(len) + (value ? len : 0);
}

char *original_put_header(char *at, const char *name, const void *value, size_t len)
{
	size_t name_size = strlen(name) + 1, kept = value ? len : NULL_VALUE;

	memcpy(at, name, name_size);
	at += name_size;
	memcpy(at, &kept, sizeof(kept));
	at += sizeof(kept);
	if (!value || len == 0)
		return at;
	memcpy(at, value, len);
	return at + len;
}

const char *original_header(const char *at, const char **name, const void **value, size_t *len)
{
	*name = at;
	at += strlen(at) + 1;
	memcpy(len, at, sizeof(*len));
	at += sizeof(*len);
	*value = *len == NULL_VALUE ? NULL : at;
	if (!*value)
		*len = 0;
	return at + *len;
}

/* --- blocks that are shared ---------------------------------------------------------------- */

struct original_headers *original_headers_new(size_t size, size_t count)
{
	struct original_headers *headers = malloc(sizeof(*headers) + size);

	if (headers)
		*headers = (struct original_headers){ 1, size, count };
	return headers;
}

void original_headers_release(struct original_headers *headers)
{
	if (headers && --headers->references == 0)
		free(headers);
}

static bool same(const struct original_headers *a, const struct original_headers *b)
{
	return a && a->size == b->size && a->count == b->count &&
	       memcmp(a->bytes, b->bytes, b->size) == 0;
}

struct original_headers *original_headers_share(struct original_latest *latest,
						struct original_headers *headers)
{
	for (size_t i = 0; i < ORIGINAL_LATEST; i++) {
		if (same(latest->blocks[i], headers)) {
			original_headers_release(headers);
			latest->blocks[i]->references++;
			return latest->blocks[i];
		}
	}
	if (headers->size <= LATEST_MAX_SIZE) {
		struct original_headers **oldest =
			&latest->blocks[latest->next++ % ORIGINAL_LATEST];

		original_headers_release(*oldest);
		*oldest = headers;
		headers->references++;
	}
	return headers;
}

void original_latest_fini(struct original_latest *latest)
{
	for (size_t i = 0; i < ORIGINAL_LATEST; i++)
		original_headers_release(latest->blocks[i]);
	*latest = (struct original_latest){ 0 };
}
