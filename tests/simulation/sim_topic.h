/*
 * The simulated Kafka, seen from the log: topics, partitions, messages, control records (holes).
 * What is appended stays in memory, which is the world's; what was deleted is not given out.
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
	int64_t visible_us;   /* consumers have it from then on */
	bool hole;            /* a control record */
	uint64_t transaction; /* that it is of; 0: none */
	bool open, aborted;   /* that one has not ended here; was aborted */
	/* What it says, for the judges. */
	bool ours, readable; /* an order event, as far as its type tells; and one that is valid */
	enum event_type type;
	int64_t order_id;
	int32_t version;
	int64_t content;
};

#define SIM_TWICE_MAX 3

struct sim_partition {
	struct sim_message *messages; /* by offset */
	int64_t count, capacity;
	int64_t start; /* what was before it is deleted */
	int64_t open;  /* messages of transactions that have not ended here */
	/* Those of the topic that had this name before. */
	struct sim_message *old;
	int64_t old_count;
	/* What the broker keeps twice; ascending, apart from each other, not from the beginning. */
	struct {
		int64_t first, end;
	} twice[SIM_TWICE_MAX];
	int twice_count;
};

struct sim_topic {
	const char *name;
	int32_t partition_count;
	int64_t away_until_us; /* there is no such topic */
	struct sim_partition partitions[SIM_PARTITIONS];
};

/* Made if it is not there. */
struct sim_topic *sim_topic_find(const char *name);
void sim_topic_partitions(struct sim_topic *topic, int32_t count);
bool sim_topic_is_away(const struct sim_topic *topic);

/* The partition of a key, of so many. */
int32_t sim_topic_partition_of(int32_t partition_count, const void *key, size_t len);

/* Key, payload and headers. */
void sim_topic_copy(struct message *to, const struct message *from);

/* Copies message; its place is written by the log. Returns it: valid until the next append.
 * transaction: that it is of, 0: none. */
struct sim_message *sim_topic_append(struct sim_topic *topic, int32_t partition,
				     const struct message *message, uint64_t transaction);
/* Fills in what a message says. */
void sim_topic_read(struct sim_message *message);
void sim_topic_append_hole(struct sim_topic *topic, int32_t partition);

/* The transaction ends in the partition: with a control record. */
void sim_topic_end_transaction(struct sim_topic *topic, int32_t partition, uint64_t transaction,
			       bool commits);
/* Calls look for each message of the transaction, which is open, in the partition. */
void sim_topic_each(const struct sim_topic *topic, int32_t partition, uint64_t transaction,
		    void (*look)(const struct sim_message *message));

/* Where who reads committed has to stop: at the first message of an open transaction. */
int64_t sim_topic_stable_end(const struct sim_partition *partition);

#endif
