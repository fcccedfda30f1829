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

#endif
