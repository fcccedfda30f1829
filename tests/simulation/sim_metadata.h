/*
 * What a client knows of the topics: as many partitions as there were when it last asked, which it
 * does once a second unless it is cut off.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_METADATA_H
#define TESTS_SIMULATION_SIM_METADATA_H

#include "tests/simulation/sim_node.h"
#include "tests/simulation/sim_topic.h"

#define SIM_METADATA_TOPICS 4

/* All zero: it knows nothing. */
struct sim_metadata {
	struct {
		const struct sim_topic *topic;
		int32_t partitions;
		int64_t refresh_us; /* when it asks next */
	} known[SIM_METADATA_TOPICS];
};

/* How many the topic has, as far as the client on node knows. */
int32_t sim_metadata_partitions(struct sim_metadata *metadata, const struct sim_node *node,
				const struct sim_topic *topic);

#endif
