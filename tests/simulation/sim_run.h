/*
 * One run: a seed, how long, and which of the plan's faults. It ends the process that it has to
 * itself; what it found comes back in a block of memory that both share.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_RUN_H
#define TESTS_SIMULATION_SIM_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_FAULTS_MAX 40000

struct sim_wish {
	uint64_t seed;
	int64_t duration_us; /* 0: of the seed's choice */
	int64_t most_per_s;  /* events; 0: as many as the seed draws */
	bool verbose;        /* prints the trace as it goes */
	bool print_on_violation;
	const bool *left_out; /* by number of the fault; NULL: none */
};

struct sim_outcome {
	char violation[512]; /* "": none */
	uint64_t hash;
	int64_t virtual_us;
	long effects;
	size_t fault_count;
	char setup[240];
};

/* Runs it in a process of its own. */
struct sim_outcome sim_run(const struct sim_wish *wish);

#endif
