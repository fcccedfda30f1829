/*
 * The parts of a stack, as stack/process.sh notes them: RUN_DIR/pid/NAME holds a process id and
 * when that process started, so that an id which the system gave to somebody else counts as gone.
 *
 * Threads: any.
 */
#ifndef TOOLS_DEMO_PART_H
#define TOOLS_DEMO_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PART_NUMBERS_MAX 101

/* The process id of a part; 0: it does not run. */
int64_t part_pid(const char *run_dir, const char *name);

/* The numbers of those of a kind that run ("delivery": 1, 2 of delivery-1, delivery-2; a name
 * without a number is 1), ascending; returns how many there are. */
size_t part_numbers(const char *run_dir, const char *kind, int numbers[PART_NUMBERS_MAX]);

/* Whether text, a line of /proc/PID/stat, is of a process that started at start and has not ended.
 * Pure. */
bool part_is_alive(const char *stat, const char *start);

#endif
