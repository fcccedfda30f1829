/*
 * The positions as they will be once a batch is written: one plan for each partition that moves.
 * Pure.
 *
 * Threads: one owner.
 */
#ifndef DELIVERY_SERVICE_CORE_COMMIT_PLAN_H
#define DELIVERY_SERVICE_CORE_COMMIT_PLAN_H

#include "common/base/error.h"
#include "delivery-service/core/partitions.h"

struct commit_entry {
	int32_t partition;
	struct partition_claim claim;
	int64_t known; /* the position is committed up to here: the database has it, or forgot */
	struct offset_tracker_plan change;
	bool fenced; /* written by delivery_store_load on ST_FENCED */
};

struct commit_plan {
	struct commit_entry *list; /* owned */
	size_t count;
};

/*
 * With events done, and with what was skipped. What is skipped before the write has ended goes with
 * the next. ST_UNAVAILABLE: out of memory.
 */
MUST_CHECK enum status commit_plan_make(struct commit_plan *plan, struct partitions *partitions,
					struct event_record *const *events, size_t event_count,
					struct error *err);

/* They are committed: the partitions take them over. */
void commit_plan_apply(struct commit_plan *plan, struct partitions *partitions);

void commit_plan_fini(struct commit_plan *plan);

#endif
