/*
 * One statement on the database of a stack, on a connection of its own, for programs that break the
 * server now and then. No Criterion.
 *
 * Threads: any.
 */
#ifndef TESTS_SUPPORT_DATABASE_H
#define TESTS_SUPPORT_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first column of the first row as text, cut to size; "" without a row. False: no answer. */
bool database_text(const char *url, const char *statement, char *text, size_t size);

/* The same as a number; -1: no answer, or none that is a number from 0 upwards. */
int64_t database_number(const char *url, const char *statement);

/* A statement whose answer does not matter; false: it failed, or there was no answer. */
bool database_do(const char *url, const char *statement);

#endif
