/*
 * Makes the order events of a run without order-services, straight on the topic: orders and their
 * versions, repeats, versions that come late, events without a version, unreadable ones, events of
 * others, control records.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_FEED_H
#define TESTS_SIMULATION_SIM_FEED_H

#include "tests/simulation/sim_setup.h"
#include "tests/simulation/sim_topic.h"

/* Feeds until the setup's duration is over. setup is borrowed. */
void sim_feed_begin(const struct sim_setup *setup, struct sim_topic *topic);

/* Nothing is to come any more. */
bool sim_feed_is_done(void);

/* Calls look for each order that was fed: its highest version, and the content of that; 0: its
 * events carry none. */
void sim_feed_each(void (*look)(void *context, int64_t order, int32_t version, int64_t content),
		   void *context);

#endif
