/*
 * The operator of delivery-service, who sees what waits for an event that will never come, and says
 * that nobody is to wait. A fail-over may forget that, or the effect that made it needless, so they
 * look again each minute.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_OPERATOR_H
#define TESTS_SIMULATION_SIM_OPERATOR_H

#include <stdint.h>

/* The event will never come, as far as anybody knows. Once for each. */
void sim_operator_gap(int64_t order, int64_t version);

#endif
