#include "tests/simulation/sim_topic_change.h"

void sim_topic_grow(struct sim_topic *t, int32_t more)
{
	int32_t count = t->partition_count + more;

	sim_topic_partitions(t, count < SIM_PARTITIONS ? count : SIM_PARTITIONS);
}
