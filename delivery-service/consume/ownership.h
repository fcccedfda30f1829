/*
 * The partitions that are ours: claimed when the group assigns them, claimed again when another
 * replica fenced us and the group still counts us as the owner, or when the database went back, and
 * read again when their log went back. Invariant: a partition in the list was
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

/* Returns the offset to read from; -1: stopping, out of memory, or the database has been silent, or
 * has refused the claim, for DELIVERY_SILENCE_MAX_MS (membership.h). If the database has forgotten
 * what this replica committed of it before it was released, that is said loudly. */
int64_t ownership_claim(struct ownership *ownership, int32_t partition);

/* It is no longer ours. */
void ownership_release(struct ownership *ownership, int32_t partition);

/*
 * Its position is not as we left it, and its work is dropped. If another replica has claimed it, we
 * claim it again after a while, if the group still gives it to us. If the database has forgotten
 * what was committed (a restore, a standby that was behind), that is said loudly, and we claim it
 * at once and go on from what the database knows. Where it has given our epoch to another since, we
 * wait as well. Where it does not answer, the next claim says which of them it was.
 */
void ownership_lost(struct ownership *ownership, struct partition *partition);

/* To be called each round, without a write in progress: looks now and then whether the positions
 * are as we left them, or an owner without events would not notice. */
void ownership_verify(struct ownership *ownership);

/* To be called each round: what ownership_lost postponed. False: the database has refused a claim
 * for DELIVERY_SILENCE_MAX_MS, and goes on to. */
bool ownership_reclaim_fenced(struct ownership *ownership);

/*
 * The log of a partition that is read went back to offset (intake_goes_back). No write is in
 * progress. If the log only gives offsets again, the database goes back at once, and the message is
 * to be received. Else nothing is received of the partition until it restarts. May wait for the
 * brokers for half a second, and for the database.
 */
void ownership_go_back(struct ownership *ownership, struct partition *partition, int64_t offset);

/* To be called each round: partitions whose log went back restart, once the events that were
 * received of it are done. */
void ownership_restart_gone_back(struct ownership *ownership);

#endif
