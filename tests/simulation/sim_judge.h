/*
 * Judges what delivery-service commits, before each commit becomes visible, and the end. It knows
 * the topic and the tables, nothing of the code under test.
 *
 * Invariants, at each commit:
 *  - an order's effects come in the order of its versions, without a gap (where the setup says so);
 *  - an effect is that of the event that stands at its place on the topic;
 *  - as many effects as events in the outbox;
 *  - the transaction of an effect covers its event's offset, and a delivery never goes back;
 *  - a position or range never covers an event that is not finished: applied, parked, or a dead
 *    letter;
 *  - a position only rises; only its partition's latest claimer moves it, and applies its events,
 *    unless they were parked;
 *  - ranges lie above the position, apart from each other.
 * (At most one effect for each (order, version) is the table's unique index, as in PostgreSQL: who
 * tries makes no progress, and fails the end.)
 *
 * At the end: each position is the end of the log, nothing is parked, each order has had all its
 * versions, and the delivery says what the last one says.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_JUDGE_H
#define TESTS_SIMULATION_SIM_JUDGE_H

#include "tests/simulation/sim_setup.h"
#include "tests/simulation/sim_topic.h"

/* Judges each commit from now on. Both are borrowed. */
void sim_judge_begin(const struct sim_setup *setup, const struct sim_topic *topic);

/* True if everything has arrived; else text says what has not. */
bool sim_judge_is_complete(char *text, unsigned long size);

/* What is wrong once everything has arrived is a violation. */
void sim_judge_end(void);

/* How many effects there were. */
long sim_judge_effects(void);

#endif
