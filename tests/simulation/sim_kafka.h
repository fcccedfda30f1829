/*
 * The simulated consumer group's coordinator, and what the broker does to clients: who is a
 * member, who owns which partition, cooperative rebalances, sessions that time out.
 *
 * A partition that moves is first revoked in a poll of its owner, and then assigned in a poll of
 * the next one. A member that was silent for too long is expelled: its partitions go to others at
 * once, and it hears of it when it reaches the coordinator again. Until then it goes on: a zombie.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_KAFKA_H
#define TESTS_SIMULATION_SIM_KAFKA_H

#include <stdbool.h>

#include "common/kafka/kafka_consumer.h"
#include "tests/simulation/sim_node.h"
#include "tests/simulation/sim_topic.h"

/* Starts the coordinator of the topic's one group. */
void sim_kafka_begin(struct sim_topic *topic);

/* What a member has to do in its next polls. */
enum sim_kafka_order { SIM_ASSIGN, SIM_REVOKE };

struct sim_kafka_member {
	struct sim_kafka_member *next;
	struct sim_node *node;
	struct sim_task *task;         /* that polls */
	bool joined;                   /* the group counts it */
	bool wants;                    /* to be in it: subscribed */
	bool expelled;                 /* and has not heard of it */
	bool lost;                     /* has heard, and has not revoked all yet */
	int64_t heard_us;              /* its last heartbeat */
	bool owns[SIM_PARTITIONS];     /* as the group sees it */
	bool revoking[SIM_PARTITIONS]; /* it was asked to give it back */
	struct {
		enum sim_kafka_order order;
		int32_t partition;
	} orders[4 * SIM_PARTITIONS]; /* to be done, first in first out */
	int order_count;
	bool obeys; /* what it was last ordered is not done yet */
	/* Where it was when it found that the log is another one; 0: it has not, or has sought
	 * another place since. */
	int64_t replaced_at[SIM_PARTITIONS];
};

void sim_kafka_join(struct sim_kafka_member *member, struct sim_node *node);
void sim_kafka_leave(struct sim_kafka_member *member);
/* For good, without another poll: the group hears of it at once, or its session times out. */
void sim_kafka_leave_now(struct sim_kafka_member *member);
/* False: nothing to do. Else the first of its orders, which it does now. */
bool sim_kafka_take_order(struct sim_kafka_member *member, enum sim_kafka_order *order,
			  int32_t *partition);
/* The revocation is done. */
void sim_kafka_revoked(struct sim_kafka_member *member, int32_t partition);
void sim_kafka_node_died(const struct sim_node *node);

/* A member has read up to there: what one does that died may still be under way to the database. */
void sim_kafka_read(int32_t partition, int64_t end);
/* How far any has. The log is deleted: of the next one nobody has read anything. */
int64_t sim_kafka_take_read_end(int32_t partition);
/* Where node's member was when it found another log. */
int64_t sim_kafka_replaced_at(const struct sim_node *node, int64_t partition);

/* The offsets that Kafka has of the group; -1: none. */
void sim_kafka_commit(int32_t partition, int64_t offset);
int64_t sim_kafka_committed(int32_t partition);

/* Fault: a partition moves to another member, as when members come and go. */
void sim_kafka_move_some(void);

/* Called by the log. */
void sim_kafka_appended(struct sim_topic *topic, const struct sim_message *message);
/* The consumer's task waits for messages. */
void sim_kafka_wait(struct sim_kafka_member *member, int64_t until_us);

#endif
