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

struct delivery_position {
	int32_t partition;
	int64_t epoch; /* the fencing token of this assignment */
	struct progress_plan plan;
	bool fenced; /* written by delivery_store_write on ST_FENCED */
};

struct delivery_positions {
	struct delivery_position *list; /* owned */
	size_t count;
};

/*
 * With events done, and with what was passed. What is passed before the write has ended goes with
 * the next. ST_UNAVAILABLE: out of memory.
 */
MUST_CHECK enum status positions_plan(struct delivery_positions *positions,
				      struct partitions *partitions, struct inbound *const *events,
				      size_t event_count, struct error *err);

/* They are committed: the partitions take them over. */
void positions_take(struct delivery_positions *positions, struct partitions *partitions);

void positions_fini(struct delivery_positions *positions);

#endif
