/*
 * The simulated Kafka, seen from the log: topics, partitions, messages, control records (holes).
 * What is appended stays. Memory is the world's.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_TOPIC_H
#define TESTS_SIMULATION_SIM_TOPIC_H

#include <stdbool.h>

#include "common/event/event.h"
#include "common/event/message.h"

#define SIM_PARTITIONS 8

struct sim_message {
	struct message plain;
	int64_t visible_us; /* consumers have it from then on */
	bool hole;          /* a control record */
	/* What it says, for the judges. */
	bool ours, readable; /* an order event, as far as its type tells; and one that is valid */
	enum event_type type;
	int64_t order_id;
	int32_t version;
	int64_t content;
};

struct sim_partition {
	struct sim_message *messages; /* by offset */
	int64_t count, capacity;
};

struct sim_topic {
	const char *name;
	int32_t partition_count;
	struct sim_partition partitions[SIM_PARTITIONS];
};

/* Made if it is not there. */
struct sim_topic *sim_topic_find(const char *name);
void sim_topic_partitions(struct sim_topic *topic, int32_t count);

/* Copies message; its place is written by the log. Returns it: valid until the next append. */
struct sim_message *sim_topic_append(struct sim_topic *topic, int32_t partition,
				     const struct message *message);
/* Fills in what a message says. */
void sim_topic_read(struct sim_message *message);
void sim_topic_append_hole(struct sim_topic *topic, int32_t partition);

#endif
