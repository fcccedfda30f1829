/*
 * The parts of a stack, as stack/process.sh notes them.
 *
 * Threads: any.
 */
#ifndef TOOLS_DEMO_PART_H
#define TOOLS_DEMO_PART_H

#include <stddef.h>

#define PART_NUMBERS_MAX 101

/* The numbers of those of a kind that run ("delivery": 1, 2 of delivery-1, delivery-2; a name
 * without a number is 1), ascending; returns how many there are. */
size_t part_numbers(const char *run_dir, const char *kind, int numbers[PART_NUMBERS_MAX]);

#endif
