/*
 * UTF-8 text from outside: is it well-formed, and where may it be cut? Pure.
 *
 * Threads: any.
 */
#ifndef COMMON_BASE_UTF8_H
#define COMMON_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* True if text[0..len) is well-formed UTF-8 (RFC 3629) without NUL; *chars gets the code points. */
bool utf8_count(const char *text, size_t len, size_t *chars);

/* The length of the character that text[0..len) begins with; 0: it begins with no character, or
 * with NUL. len > 0. */
size_t utf8_first(const char *text, size_t len);

/* The length of the longest prefix of at most max bytes that does not end inside a character. */
size_t utf8_cut(const char *text, size_t max);

#endif
