/*
 * What librdkafka 2.0.2 needs besides its API. Everything here is bound to that version; each part
 * says in kafka_workarounds.c when it can go.
 *
 * Threads: the consumer's owner.
 */
#ifndef COMMON_KAFKA_KAFKA_WORKAROUNDS_H
#define COMMON_KAFKA_KAFKA_WORKAROUNDS_H

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "common/kafka/kafka_group.h"

/* How often statistics have to come: how long a leave waits for the state of the join. */
#define KAFKA_WORKAROUNDS_STATISTICS_MS "100"

/* A consumer on its way out. The memory stays valid for ever if it does not leave in time. */
struct kafka_workarounds {
	rd_kafka_t *rk;
	_Atomic bool left;
};

/* Takes out of a list to be unassigned what is not assigned, since it could not be claimed: for one
 * such partition librdkafka refuses the whole list, and joins no more. */
void kafka_workarounds_keep_assigned(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *partitions);

/* To be called at the end of each rebalance: partitions that stay are fetched on at once. */
void kafka_workarounds_wake_fetchers(rd_kafka_t *rk);

/* Leaves the group of rk, if it is subscribed, within about 3 seconds; callbacks run in that time.
 */
void kafka_workarounds_leave(struct kafka_workarounds *w, const struct kafka_group *group,
			     bool subscribed);

/* Destroys a client, of any kind, that is in no group. False: it has not ended within 2 s and goes
 * on, with what its callbacks use. Any thread. */
bool kafka_workarounds_destroy(rd_kafka_t *rk);

#endif
