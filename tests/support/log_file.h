/*
 * The log of a partition as it lies on the disk of a broker that is stopped, and damage that a full
 * disk has done to one: batches with offsets that others have.
 *
 * Threads: the test's own.
 */
#ifndef TESTS_SUPPORT_LOG_FILE_H
#define TESTS_SUPPORT_LOG_FILE_H

#include <stdint.h>

/* The n-th batch (from 0) of partition 0 gets another offset. */
void log_file_renumber(const char *topic, int n, int64_t offset);

/* A copy of it becomes the last one, at the same offset. */
void log_file_repeat(const char *topic, int n);

#endif
