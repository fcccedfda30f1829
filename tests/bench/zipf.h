/*
 * Orders by Zipf's law with s = 1: the k-th is drawn 1/k as often as the first. The same count
 * gives the same draws.
 *
 * Threads: one.
 */
#ifndef TESTS_BENCH_ZIPF_H
#define TESTS_BENCH_ZIPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zipf {
	double *until;     /* the part of the draws that falls on this order or an earlier one */
	int32_t *versions; /* drawn so often */
	size_t count;
	uint64_t state;
};

/* False: out of memory. zipf_fini has to follow if not. */
bool zipf_init(struct zipf *zipf, size_t count);
void zipf_fini(struct zipf *zipf);

/* Returns an order from 0 to count - 1. version: how often it was drawn, this time included. */
size_t zipf_draw(struct zipf *zipf, int32_t *version);

#endif
