/*
 * The partitions that are ours: claimed when the group assigns them, claimed again when another
 * replica fenced us and the group still counts us as the owner, and read from the beginning when
 * their topic was re-created. Invariant: a partition in the list was claimed under the epoch that
 * stands there.
 *
 * Threads: the delivery loop's.
 */
#ifndef DELIVERY_SERVICE_CONSUME_OWNERSHIP_H
#define DELIVERY_SERVICE_CONSUME_OWNERSHIP_H

#include <stdatomic.h>

#include "common/kafka/kafka_consumer.h"
#include "delivery-service/consume/lag.h"
#include "delivery-service/core/partitions.h"
#include "delivery-service/store/delivery_store.h"

struct ownership {
	/* All borrowed. */
	struct delivery_store *store;
	struct kafka_consumer *consumer;
	struct lag *lag;
	const _Atomic bool *stopping; /* ends a claim that waits for the database */
	/* Its work is to be dropped: another replica does it. */
	void (*fenced)(void *context, struct partition *partition);
	void *context;
	/* its own: */
	struct partitions partitions;
	int64_t next_log_mono_ms;
};

/* Returns the offset to read from; -1: stopping, or out of memory. Waits for the database: nothing
 * can be done without it. */
int64_t ownership_claim(struct ownership *ownership, int32_t partition);

/* It is no longer ours. */
void ownership_release(struct ownership *ownership, int32_t partition);

/* Another replica has claimed it: after a while we claim it again, if the group still gives it to
 * us. */
void ownership_lost(struct partition *partition);

/* To be called each round: what ownership_lost postponed. */
void ownership_reclaim_fenced(struct ownership *ownership);

/* To be called each round: partitions whose topic was re-created restart, once the events that were
 * received of the old one are done. */
void ownership_restart_replaced(struct ownership *ownership);

#endif
