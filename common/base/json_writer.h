/*
 * Writes JSON (RFC 8259) as compact text. Pure.
 *
 * For what is written many thousand times a second: jansson allocates several blocks for a value
 * before it writes any. The bytes are the same as jansson's.
 *
 * A name is NULL in an array and at the root. Members come in the order of the calls. Too little
 * memory and a text that is not UTF-8 are sticky, and show at the end.
 *
 * Threads: one owner.
 */
#ifndef COMMON_BASE_JSON_WRITER_H
#define COMMON_BASE_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_writer {
	char *text; /* owned */
	size_t len, capacity;
	bool comma; /* before the next member */
	bool failed;
};

/* expected: the text's length, as a guess. */
void json_writer_init(struct json_writer *w, size_t expected);

/* Returns owned text (free); NULL: out of memory, or a text was not UTF-8. */
char *json_writer_take(struct json_writer *w);

/* Names need no escapes. */
void json_writer_object(struct json_writer *w, const char *name);
void json_writer_object_end(struct json_writer *w);
void json_writer_array(struct json_writer *w, const char *name);
void json_writer_array_end(struct json_writer *w);
void json_writer_text(struct json_writer *w, const char *name, const char *value);
void json_writer_number(struct json_writer *w, const char *name, int64_t value);

#endif
