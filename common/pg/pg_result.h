/*
 * What stands in a result of pg_run, which is binary.
 *
 * Threads: one owner.
 */
#ifndef COMMON_PG_PG_RESULT_H
#define COMMON_PG_PG_RESULT_H

#include <libpq-fe.h>
#include <stdint.h>

/* An integer of 2, 4 or 8 bytes. */
int64_t pg_i64(const PGresult *result, int row, int column);

/* The result's, NUL-terminated by libpq; NULL: an SQL null. */
const char *pg_text(const PGresult *result, int row, int column);

/* Rows that a statement changed, or brought. */
int64_t pg_affected(PGresult *result);

#endif
