#include "delivery-service/core/raw_message.h"

#include <stdlib.h>
#include <string.h>

#define NULL_VALUE      SIZE_MAX
#define RECENT_MAX_SIZE 1024 /* larger blocks are not remembered */

/* A header is its name and NUL, the value's length, and the value. */
size_t raw_message_header_size(const char *name, const void *value, size_t len)
{
	return strlen(name) + 1 + sizeof(len) + (value ? len : 0);
}

char *raw_message_put_header(char *at, const char *name, const void *value, size_t len)
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

const char *raw_message_header(const char *at, const char **name, const void **value, size_t *len)
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

struct raw_message_headers *raw_message_headers_new(size_t size, size_t count)
{
	struct raw_message_headers *headers = malloc(sizeof(*headers) + size);

	if (headers)
		*headers = (struct raw_message_headers){ 1, size, count };
	return headers;
}

void raw_message_headers_release(struct raw_message_headers *headers)
{
	if (headers && --headers->references == 0)
		free(headers);
}

static bool same(const struct raw_message_headers *a, const struct raw_message_headers *b)
{
	return a && a->size == b->size && a->count == b->count &&
	       memcmp(a->bytes, b->bytes, b->size) == 0;
}

struct raw_message_headers *raw_message_headers_share(struct raw_message_recent *latest,
						      struct raw_message_headers *headers)
{
	for (size_t i = 0; i < RAW_MESSAGE_RECENT; i++) {
		if (same(latest->blocks[i], headers)) {
			raw_message_headers_release(headers);
			latest->blocks[i]->references++;
			return latest->blocks[i];
		}
	}
	if (headers->size <= RECENT_MAX_SIZE) {
		struct raw_message_headers **oldest =
			&latest->blocks[latest->next++ % RAW_MESSAGE_RECENT];

		raw_message_headers_release(*oldest);
		*oldest = headers;
		headers->references++;
	}
	return headers;
}

void raw_message_recent_fini(struct raw_message_recent *latest)
{
	for (size_t i = 0; i < RAW_MESSAGE_RECENT; i++)
		raw_message_headers_release(latest->blocks[i]);
	*latest = (struct raw_message_recent){ 0 };
}

/* --- messages ------------------------------------------------------------------------------ */

static struct raw_message_headers *pack_headers(const struct message *m)
{
	struct raw_message_headers *headers;
	size_t size = 0;
	char *at;

	for (size_t i = 0; i < m->header_count; i++)
		size += raw_message_header_size(m->headers[i].name, m->headers[i].value,
						m->headers[i].len);
	headers = raw_message_headers_new(size, m->header_count);
	at = headers ? headers->bytes : NULL;
	for (size_t i = 0; at && i < m->header_count; i++)
		at = raw_message_put_header(at, m->headers[i].name, m->headers[i].value,
					    m->headers[i].len);
	return headers;
}

bool raw_message_copy(struct raw_message *copy, char *body, const struct message *m,
		      struct raw_message_recent *latest)
{
	struct raw_message_headers *headers = pack_headers(m);

	if (!headers)
		return false;
	*copy = (struct raw_message){
		.key = m->key ? body : NULL,
		.payload = m->payload ? body + m->key_len : NULL,
		.headers = raw_message_headers_share(latest, headers),
		.timestamp_ms = m->timestamp_ms,
		.key_len = (uint32_t)m->key_len,
		.payload_len = (uint32_t)m->payload_len,
	};
	if (m->key_len > 0)
		memcpy(body, m->key, m->key_len);
	if (m->payload_len > 0)
		memcpy(body + m->key_len, m->payload, m->payload_len);
	return true;
}
