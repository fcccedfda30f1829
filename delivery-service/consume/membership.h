/*
 * Whether this replica takes part in its group. One that the database does not answer leaves, so
 * that another replica has its partitions within 10 s, and joins again when the database takes its
 * writes: at once after a long outage, and later each time that it had to leave without a commit in
 * between. One that could not claim a partition leaves too: the group counts it as the owner, and
 * nobody would read it. One whose client of Kafka is stuck leaves, and comes again with another.
 * One that the group refuses, or does not answer, goes on trying. Who does not take part says why.
 *
 * Threads: the delivery loop's.
 */
#ifndef DELIVERY_SERVICE_CONSUME_MEMBERSHIP_H
#define DELIVERY_SERVICE_CONSUME_MEMBERSHIP_H

#include "common/base/backoff.h"
#include "common/kafka/kafka_consumer.h"
#include "common/runtime/progress.h"
#include "delivery-service/consume/delivery_metrics.h"
#include "delivery-service/store/delivery_store.h"

struct membership {
	/* All borrowed. */
	struct delivery_store *store;
	struct kafka_consumer *consumer;
	struct delivery_metrics *metrics;
	struct progress *progress; /* of the consumer: made while the replica takes part */
	/* its own: */
	bool away;            /* it has left */
	const char *why_away; /* static text */
	bool unclaimed;       /* it is to leave */
	int64_t joined_mono_ms;
	int64_t next_try_mono_ms; /* to join again */
	int64_t next_log_mono_ms;
	struct backoff backoff;
};

void membership_init(struct membership *membership);

/* To be called each round, without a write in progress: leaves or joins as the database answers.
 * False: away, nothing is to be asked of the database. */
bool membership_keep(struct membership *membership);

/* A partition that the group has given was not claimed. Whatever the database answers by then, the
 * next membership_keep leaves. Returns -1, which gives the partition back. */
int64_t membership_unclaimed(struct membership *membership);

/* Something was committed: the database is worth joining for. */
void membership_committed(struct membership *membership);

#endif
