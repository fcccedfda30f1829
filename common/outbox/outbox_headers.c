#include "common/outbox/outbox_headers.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define HEX_MEMBER "hex"

/* --- encoding ------------------------------------------------------------------------------ */

/* {"hex": "..."} */
static json_t *hex_of(const unsigned char *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char *text = malloc(2 * len + 1);
	json_t *hex;

	if (!text)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	hex = json_stringn(text, 2 * len);
	free(text);
	return json_pack("{s:o}", HEX_MEMBER, hex);
}

static json_t *item_of(const void *bytes, size_t len)
{
	json_t *text = bytes ? json_stringn(bytes, len) : json_null();

	return text ? text : hex_of(bytes, len);
}

static bool put_member(json_t *root, const struct message_header *h)
{
	return h->value && !json_object_get(root, h->name) &&
	       json_object_set_new(root, h->name, json_stringn(h->value, h->len)) == 0;
}

/* NULL: an object cannot say it (or out of memory, which shows in the other form). */
static json_t *object_of(const struct message_header *headers, size_t count)
{
	json_t *root = json_object();

	for (size_t i = 0; i < count; i++) {
		if (!put_member(root, &headers[i])) {
			json_decref(root);
			return NULL;
		}
	}
	return root;
}

static json_t *array_of(const struct message_header *headers, size_t count)
{
	json_t *root = json_array();

	for (size_t i = 0; i < count; i++) {
		const struct message_header *h = &headers[i];
		json_t *name = item_of(h->name, strlen(h->name));
		json_t *pair = json_pack("[o, o]", name, item_of(h->value, h->len));

		if (json_array_append_new(root, pair)) {
			json_decref(root);
			return NULL;
		}
	}
	return root;
}

char *outbox_headers_encode(const struct message_header *headers, size_t count)
{
	json_t *root = object_of(headers, count);
	char *text;

	if (!root)
		root = array_of(headers, count);
	text = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	return text;
}

char *outbox_headers_of_trace(const struct trace *trace)
{
	const size_t state_len = strlen(trace->state);
	char parent[TRACE_PARENT_SIZE];
	const struct message_header headers[] = {
		{ TRACE_PARENT_HEADER, parent, sizeof(parent) - 1 },
		{ TRACE_STATE_HEADER, trace->state, state_len },
	};

	trace_parent_write(&trace->at, parent);
	return outbox_headers_encode(headers, state_len > 0 ? 2 : 1);
}

/* --- decoding ------------------------------------------------------------------------------ */

/* The block that is filled: the headers, then their bytes. */
struct decoding {
	struct message_header *list;
	size_t count;
	char *at;
};

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* Whole bytes in hexadecimal; false: text is something else. */
static bool put_hex(const char *text, size_t len, char *to)
{
	if (len % 2 != 0)
		return false;
	for (size_t i = 0; i < len; i += 2) {
		int high = digit(text[i]), low = digit(text[i + 1]);

		if (high < 0 || low < 0)
			return false;
		to[i / 2] = (char)(high << 4 | low);
	}
	return true;
}

/* Puts the bytes of a string or {"hex": ...} into the block, and a NUL. False: item is neither. */
static bool put_item(struct decoding *d, const json_t *item, const char **bytes, size_t *len)
{
	const json_t *hex = json_object_get(item, HEX_MEMBER);
	const char *text = json_string_value(hex ? hex : item);
	size_t size = json_string_length(hex ? hex : item);

	if (!text)
		return false;
	if (!hex)
		memcpy(d->at, text, size);
	else if (!put_hex(text, size, d->at))
		return false;
	*len = hex ? size / 2 : size;
	*bytes = d->at;
	d->at[*len] = '\0';
	d->at += *len + 1;
	return true;
}

/* value: a string, {"hex": ...}, or anything else: a null value. A name ends at its first NUL. */
static void put_value(struct decoding *d, const char *name, const json_t *value)
{
	const char *bytes = NULL;
	size_t len = 0;

	if (!put_item(d, value, &bytes, &len))
		bytes = NULL;
	d->list[d->count++] = (struct message_header){ name, bytes, len };
}

static void put_pair(struct decoding *d, const json_t *pair)
{
	const char *name;
	size_t len;

	if (put_item(d, json_array_get(pair, 0), &name, &len))
		put_value(d, name, json_array_get(pair, 1));
}

static void put_all(struct decoding *d, json_t *root)
{
	const char *name;
	json_t *value;

	json_object_foreach (root, name, value) {
		char *copy = d->at;

		d->at = stpcpy(copy, name) + 1;
		put_value(d, copy, value);
	}
	for (size_t i = 0; i < json_array_size(root); i++)
		put_pair(d, json_array_get(root, i));
}

struct message_header *outbox_headers_decode(const char *text, size_t *count)
{
	json_t *root = json_loads(text, JSON_ALLOW_NUL, NULL);
	size_t most = json_object_size(root) + json_array_size(root);
	/* What a header's bytes take in the text is more than they take here. */
	struct message_header *list = malloc(most * sizeof(*list) + strlen(text) + 1);
	struct decoding d = { .list = list, .at = (char *)(list + most) };

	*count = 0;
	if (list)
		put_all(&d, root);
	if (list)
		*count = d.count;
	json_decref(root);
	return list;
}
