/*
 * Text built in the caller's fixed buffer. Appends never allocate; a text that does not fit sets
 * the sticky `overflow`, checked once at the end, and leaves the text NUL-terminated at the last
 * whole append.
 *
 * Threads: one owner.
 */
#ifndef COMMON_BASE_STRBUF_H
#define COMMON_BASE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>

struct strbuf {
	char *buf; /* borrowed */
	size_t size;
	size_t len;
	bool overflow;
};

#define STRBUF_ON(array)                                                                           \
	{                                                                                          \
		.buf = (array), .size = sizeof(array)                                              \
	}

void strbuf_add(struct strbuf *sb, const char *text, size_t len);
void strbuf_puts(struct strbuf *sb, const char *text);
void strbuf_printf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
