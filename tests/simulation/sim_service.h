/*
 * The services in the world: each node runs the loops of one, from the same objects as the program.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_SERVICE_H
#define TESTS_SIMULATION_SIM_SERVICE_H

#include "tests/simulation/sim_node.h"
#include "tests/simulation/sim_setup.h"

/* Fills in nodes; returns how many. setup and nodes are borrowed for the run. */
int sim_service_make(const struct sim_setup *setup, struct sim_node nodes[SIM_NODES_MAX]);

/* A clean stop between two rounds, and a start ms after it. */
void sim_service_end(struct sim_node *node, int64_t ms);

#endif
