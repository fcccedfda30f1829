/*
 * PostgreSQL's binary array format, so that a batch of any size is one parameter of one statement
 * (`insert ... select * from unnest($1::int8[], $2::text[])`). Pure: bytes only, no libpq.
 * Format: array_recv() in PostgreSQL's src/backend/utils/adt/arrayfuncs.c.
 *
 * Elements are copied. Running out of memory is sticky and shows in pg_array_finish.
 *
 * Threads: one owner.
 */
#ifndef COMMON_PG_PG_ARRAY_H
#define COMMON_PG_PG_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pg_array_type {
	PG_ARRAY_INT4 = 23,
	PG_ARRAY_INT8 = 20,
	PG_ARRAY_TEXT = 25,
	PG_ARRAY_BYTEA = 17,
	PG_ARRAY_TIMESTAMPTZ = 1184,
}; /* the elements' type oids */

struct pg_array {
	enum pg_array_type type;
	uint32_t count;
	bool has_null;
	bool failed;
	unsigned char *data; /* owned */
	size_t len, capacity;
};

void pg_array_init(struct pg_array *a, enum pg_array_type type);
void pg_array_fini(struct pg_array *a);

void pg_array_i32(struct pg_array *a, int32_t value);
void pg_array_i64(struct pg_array *a, int64_t value);
void pg_array_bytes(struct pg_array *a, const void *bytes, size_t len); /* text and bytea */
void pg_array_text(struct pg_array *a, const char *text);               /* NULL: an SQL null */
void pg_array_wall_ms(struct pg_array *a, int64_t wall_ms);
void pg_array_null(struct pg_array *a);

/* Completes the header; false if memory ran out. May be called again after further elements. */
bool pg_array_finish(struct pg_array *a);

#endif
