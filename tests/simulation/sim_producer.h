/*
 * The simulated common/kafka/kafka_producer.h, and its faults.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_PRODUCER_H
#define TESTS_SIMULATION_SIM_PRODUCER_H

#include "common/kafka/kafka_producer.h"
#include "tests/simulation/sim_plan.h"

/* One of FAULT_ACK_LOST, _REFUSE, _FULL, _DENY and _STATE, until that time. */
void sim_producer_fault(struct sim_node *node, enum sim_fault_kind kind, int64_t until_us);

#endif
