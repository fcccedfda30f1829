/*
 * Numbers of JSON, which has one kind of them.
 *
 * Threads: any; pure.
 */
#ifndef COMMON_BASE_JSON_NUMBER_H
#define COMMON_BASE_JSON_NUMBER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* An integer, also one that is written with a fraction of zeros or an exponent. *out is written if
 * it is one. */
bool json_number_whole(const json_t *value, int64_t *out);

#endif
