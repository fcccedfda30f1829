/*
 * A set of numbers: what a judge has seen. Open addressing; memory is the world's.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_SET_H
#define TESTS_SIMULATION_SIM_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_set {
	int64_t *places; /* 0: free */
	size_t count, capacity;
	bool has_zero;
};

/* True: it was not in it. */
bool sim_set_add(struct sim_set *set, int64_t number);
bool sim_set_has(const struct sim_set *set, int64_t number);

#endif
