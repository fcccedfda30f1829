/*
 * The file in which clients noted what they were promised, one line per 2xx answer:
 *   <wall_ms> <POST|PATCH|DELETE> <order_id> <version>
 * version 0: unknown, the 204 of a DELETE names none.
 *
 * Threads: one owner.
 */
#ifndef LAB_CHECK_READ_ACKS_H
#define LAB_CHECK_READ_ACKS_H

#include "common/base/error.h"
#include "lab/check/history.h"

/* ST_NOT_FOUND: the file cannot be read. ST_INVALID: a line is not of that form; which one. */
MUST_CHECK enum status read_acks(const char *path, struct history *h, struct error *err);

#endif
