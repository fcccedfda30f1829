/*
 * What becomes of a topic itself while it is used.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_TOPIC_CHANGE_H
#define TESTS_SIMULATION_SIM_TOPIC_CHANGE_H

#include "tests/simulation/sim_topic.h"

/* The beginning of each partition is deleted: per_mille of what may be, which is what is behind the
 * position of deliveries, or, with unread, all that consumers can see. */
void sim_topic_delete(struct sim_topic *topic, int64_t per_mille, bool unread);

/* The topic with its messages is deleted, and re-created, empty, after some time. */
void sim_topic_recreate(struct sim_topic *topic, int64_t away_until_us);

/* The latest messages of each partition, so many, are kept twice from now on. */
void sim_topic_repeat(struct sim_topic *topic, int64_t messages);

/* So many partitions are added, as far as there may be any. */
void sim_topic_grow(struct sim_topic *topic, int32_t more);

#endif
