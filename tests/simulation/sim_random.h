/*
 * Pseudo-random numbers (splitmix64): the same seed gives the same numbers on every machine.
 *
 * Threads: one owner.
 */
#ifndef TESTS_SIMULATION_SIM_RANDOM_H
#define TESTS_SIMULATION_SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct sim_random {
	uint64_t state;
};

uint64_t sim_random_next(struct sim_random *random);

/* From 0 to n - 1; n > 0. */
int64_t sim_random_below(struct sim_random *random, int64_t n);

/* From low to high, both included. */
int64_t sim_random_between(struct sim_random *random, int64_t low, int64_t high);

/* True in per_mille of 1000 cases. */
bool sim_random_chance(struct sim_random *random, int per_mille);

#endif
