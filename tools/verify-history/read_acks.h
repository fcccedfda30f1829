/*
 * The file in which clients noted what they were promised, one line per 2xx answer:
 *   <wall_ms> <POST|PATCH|DELETE> <order_id> <version>
 * version 0: unknown, the 204 of a DELETE names none.
 *
 * Threads: one owner.
 */
#ifndef TOOLS_VERIFY_HISTORY_READ_ACKS_H
#define TOOLS_VERIFY_HISTORY_READ_ACKS_H

#include "common/base/error.h"
#include "tools/verify-history/history.h"

/* ST_NOT_FOUND: the file cannot be read. ST_INVALID: a line is not of that form; which one. */
MUST_CHECK enum status read_acks(const char *path, struct history *h, struct error *err);

#endif
