/*
 * Strict parsers for outside text. Pure.
 *
 * Threads: any.
 */
#ifndef COMMON_BASE_PARSE_H
#define COMMON_BASE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The whole of text[0..len) as a decimal integer in [min, max]: an optional '-', digits, nothing
 * else (no spaces, no '+', no exponent). *out is written only on true.
 */
bool parse_i64(const char *text, size_t len, int64_t min, int64_t max, int64_t *out);

/* True if text[0..len) is well-formed UTF-8 (RFC 3629) without NUL; *chars gets the code points. */
bool utf8_count(const char *text, size_t len, size_t *chars);

/* The length of the longest prefix of at most max bytes that does not end inside a character. */
size_t utf8_cut(const char *text, size_t max);

#endif
