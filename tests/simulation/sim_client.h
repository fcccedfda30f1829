/*
 * The customers of the order-services: they place, change and cancel orders, and repeat what had no
 * answer. What they were told is judged: sim_judge_client.h.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_CLIENT_H
#define TESTS_SIMULATION_SIM_CLIENT_H

#include "order-service/order_writer.h"
#include "tests/simulation/sim_node.h"
#include "tests/simulation/sim_setup.h"

/* Sends commands until the setup's duration is over. setup is borrowed. */
void sim_client_begin(const struct sim_setup *setup);

/* The node takes commands from now on. NULL: no more. */
void sim_client_open(const struct sim_node *node, struct order_writer *writer);

bool sim_client_is_done(void);

#endif
