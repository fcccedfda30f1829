#include "common/pg/pg_array.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES 20           /* dimensions, has-null flag, element oid, length, lower bound */
#define PG_EPOCH_MS  946684800000 /* 2000-01-01 UTC, where PostgreSQL's timestamps start */

static void put_be(unsigned char *at, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (unsigned char)(value >> (8 * (bytes - 1 - i)));
}

static unsigned char *grow(struct pg_array *a, size_t more)
{
	if (a->failed)
		return NULL;
	if (a->capacity - a->len < more) {
		size_t capacity = (a->capacity + more) * 2;
		unsigned char *data = realloc(a->data, capacity);

		if (!data) {
			a->failed = true;
			return NULL;
		}
		a->data = data;
		a->capacity = capacity;
	}
	a->len += more;
	return a->data + a->len - more;
}

void pg_array_init(struct pg_array *a, enum pg_array_type type)
{
	*a = (struct pg_array){ .type = type };
	(void)grow(a, HEADER_BYTES);
}

void pg_array_fini(struct pg_array *a)
{
	free(a->data);
	*a = (struct pg_array){ 0 };
}

static void put_integer(struct pg_array *a, uint64_t value, size_t bytes)
{
	unsigned char *at = grow(a, 4 + bytes);

	if (!at)
		return;
	put_be(at, bytes, 4);
	put_be(at + 4, value, bytes);
	a->count++;
}

void pg_array_i32(struct pg_array *a, int32_t value)
{
	put_integer(a, (uint64_t)value, 4);
}

void pg_array_i64(struct pg_array *a, int64_t value)
{
	put_integer(a, (uint64_t)value, 8);
}

void pg_array_wall_ms(struct pg_array *a, int64_t wall_ms)
{
	put_integer(a, (uint64_t)((wall_ms - PG_EPOCH_MS) * 1000), 8);
}

void pg_array_bytes(struct pg_array *a, const void *bytes, size_t len)
{
	unsigned char *at = grow(a, 4 + len);

	if (!at)
		return;
	put_be(at, len, 4);
	if (len > 0)
		memcpy(at + 4, bytes, len);
	a->count++;
}

void pg_array_text(struct pg_array *a, const char *text)
{
	if (text)
		pg_array_bytes(a, text, strlen(text));
	else
		pg_array_null(a);
}

void pg_array_null(struct pg_array *a)
{
	unsigned char *at = grow(a, 4);

	if (!at)
		return;
	put_be(at, UINT32_MAX, 4);
	a->has_null = true;
	a->count++;
}

bool pg_array_finish(struct pg_array *a)
{
	if (a->failed)
		return false;
	put_be(a->data, 1, 4);
	put_be(a->data + 4, a->has_null, 4);
	put_be(a->data + 8, (uint64_t)a->type, 4);
	put_be(a->data + 12, a->count, 4);
	put_be(a->data + 16, 1, 4);
	return true;
}
