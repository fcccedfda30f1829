/*
 * The simulated brokers.
 */
#include <stdio.h>
#include <string.h>

#include "tests/differential/dif_broker.h"
#include "tests/differential/dif_world.h"
#include "tests/simulation/sim_kafka.h"
#include "tests/simulation/sim_topic.h"
#include "tests/simulation/sim_world.h"

void dif_broker_run(uint64_t seed, void (*body)(void *), void *argument)
{
	dif_world_run(seed, body, argument);
}

const char *dif_broker_servers(void)
{
	return "simulated:9092";
}

const char *dif_broker_name(const char *word)
{
	return word;
}

void dif_broker_create(const char *topic, int32_t partitions, bool compacted)
{
	sim_topic_partitions(sim_topic_find(topic), partitions);
	if (!compacted)
		sim_kafka_begin(sim_topic_find(topic));
}

void dif_broker_recreate(const char *topic, int32_t partitions)
{
	struct sim_topic *t = sim_topic_find(topic);

	for (int32_t p = 0; p < t->partition_count; p++)
		t->partitions[p].count = t->partitions[p].start = 0;
	sim_topic_partitions(t, partitions);
}

void dif_broker_add_partitions(const char *topic, int32_t count)
{
	sim_topic_partitions(sim_topic_find(topic), count);
}

void dif_broker_delete_records(const char *topic, int32_t partition, int64_t before)
{
	sim_topic_find(topic)->partitions[partition].start = before;
}

struct dif_ends dif_broker_ends(const char *topic, int32_t partition)
{
	const struct sim_topic *t = sim_topic_find(topic);
	const struct sim_partition *p = &t->partitions[partition];

	if (partition >= t->partition_count)
		return (struct dif_ends){ -1, -1, -1 };
	return (struct dif_ends){ p->start, sim_topic_stable_end(p), p->count };
}

int64_t dif_broker_committed(const char *name, const char *topic, int32_t partition)
{
	(void)name;
	(void)topic;
	return sim_kafka_committed(partition);
}
