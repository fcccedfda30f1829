/*
 * A producer's messages on their way to the brokers, and what these say to them. Messages of one
 * partition arrive in the order in which they were sent, each once (an idempotent producer). What
 * is outstanding at an abandon, or when the process dies, arrives up to some message of each
 * partition. With transactions nothing of a producer arrives after another has taken its id.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_BROKER_H
#define TESTS_SIMULATION_SIM_BROKER_H

#include "common/event/message.h"
#include "common/kafka/kafka_producer.h"
#include "tests/simulation/sim_metadata.h"
#include "tests/simulation/sim_plan.h"
#include "tests/simulation/sim_topic.h"
#include "tests/simulation/sim_transactions.h"
#include "tests/simulation/sim_world.h"

#define SIM_CODE_PURGED (-1)
#define SIM_CODE_BROKER 10 /* tells nothing of the topic */
#define SIM_CODE_TOPIC  20
#define SIM_CODE_LATE   30 /* longer outstanding than a message of a transaction may be */

/* A message until its report. */
struct sim_sent {
	struct sim_sent *next;
	struct kafka_producer *producer;
	struct sim_topic *topic;
	int32_t partition;
	struct message message; /* copied */
	void *opaque;
	int64_t epoch; /* of its transaction */
	int64_t sent_us;
	bool on_the_way, held, decided, arrived, acked, reported, fenced;
	enum kafka_producer_verdict verdict;
	int code;
};

struct sim_producer_faults {
	int64_t acks_lost_until_us, refuses_until_us, full_until_us;
	int code;
	bool denies;
};

struct kafka_producer {
	struct sim_node *node;
	int life;              /* of the node */
	struct sim_task *task; /* that polls */
	kafka_producer_report *report;
	void *context;
	struct sim_sent *first, **end; /* outstanding, in order */
	int held;                      /* of them: held back on their way */
	int64_t last_us[SIM_PARTITIONS];
	bool refused[SIM_PARTITIONS]; /* one was, so are those behind it */
	int32_t turn;
	bool lost_state;
	struct sim_metadata metadata;
	struct sim_transactions transactions;
};

/* By node; one set a world. */
extern struct sim_producer_faults sim_producer_faults[SIM_NODES_MAX];

/* What the producer has not sent yet is on its way. */
void sim_broker_transmit(struct kafka_producer *producer);

/* What is on its way arrives up to some message of each partition, now. */
void sim_broker_cut_off(struct kafka_producer *producer);

#endif
