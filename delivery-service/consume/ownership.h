/*
 * The partitions that are ours: claimed when the group assigns them, claimed again when another
 * replica fenced us and the group still counts us as the owner, or when the database went back, and
 * read from the beginning when their topic was re-created. Invariant: a partition in the list was
 * claimed under the epoch that stands there.
 *
 * Threads: the delivery loop's.
 */
#ifndef DELIVERY_SERVICE_CONSUME_OWNERSHIP_H
#define DELIVERY_SERVICE_CONSUME_OWNERSHIP_H

#include <stdatomic.h>

#include "common/kafka/kafka_consumer.h"
#include "delivery-service/consume/delivery_metrics.h"
#include "delivery-service/consume/lag.h"
#include "delivery-service/core/partitions.h"
#include "delivery-service/store/delivery_store.h"

struct ownership {
	/* All borrowed. */
	struct delivery_store *store;
	struct kafka_consumer *consumer;
	struct lag *lag;
	struct delivery_metrics *metrics;
	const _Atomic bool *stopping; /* ends a claim that waits for the database */
	/* Its work is to be dropped: another replica does it. */
	void (*fenced)(void *context, struct partition *partition);
	void *context;
	/* its own: */
	struct partitions partitions;
	int64_t next_log_mono_ms;
	int64_t next_verify_mono_ms;
};

/* Returns the offset to read from; -1: stopping, out of memory, or the database has been silent for
 * too long (membership.h). If the database has forgotten what this replica committed of it before
 * it was released, that is said loudly. */
int64_t ownership_claim(struct ownership *ownership, int32_t partition);

/* It is no longer ours. */
void ownership_release(struct ownership *ownership, int32_t partition);

/*
 * Its position is not as we left it, and its work is dropped. If another replica has claimed it, we
 * claim it again after a while, if the group still gives it to us. If the database has forgotten
 * what was committed (a restore, a standby that was behind), that is said loudly, and we claim it
 * at once and go on from what the database knows. Where it has given our epoch to another since, we
 * wait as well.
 */
void ownership_lost(struct ownership *ownership, struct partition *partition);

/* To be called each round, without a write in progress: looks now and then whether the positions
 * are as we left them, or an owner without events would not notice. */
void ownership_verify(struct ownership *ownership);

/* To be called each round: what ownership_lost postponed. */
void ownership_reclaim_fenced(struct ownership *ownership);

/* To be called each round: partitions whose topic was re-created restart, once the events that were
 * received of the old one are done. */
void ownership_restart_replaced(struct ownership *ownership);

#endif
