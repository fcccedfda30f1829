#include "tests/simulation/sim_metadata.h"

#include <stdlib.h>

#include "tests/simulation/sim_world.h"

#define REFRESH_S 1

int32_t sim_metadata_partitions(struct sim_metadata *metadata, const struct sim_node *node,
				const struct sim_topic *topic)
{
	int64_t now = sim_world_now_us();
	int i = 0;

	while (metadata->known[i].topic && metadata->known[i].topic != topic) {
		if (++i == SIM_METADATA_TOPICS)
			abort();
	}
	if (!metadata->known[i].topic ||
	    (now >= metadata->known[i].refresh_us && !sim_node_kafka_is_cut(node))) {
		metadata->known[i].topic = topic;
		metadata->known[i].partitions = topic->partition_count;
		metadata->known[i].refresh_us = now + REFRESH_S * SIM_S;
	}
	return metadata->known[i].partitions;
}
