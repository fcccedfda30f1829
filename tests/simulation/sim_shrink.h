/*
 * The shortest fault plan that still fails: faults are left out, many at first, as long as some
 * violation remains (Zeller, Hildebrandt: delta debugging).
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_SHRINK_H
#define TESTS_SIMULATION_SIM_SHRINK_H

#include "tests/simulation/sim_run.h"

/* left_out, of fault_count, is written; a run with it fails. */
void sim_shrink(const struct sim_wish *wish, size_t fault_count, bool *left_out);

#endif
