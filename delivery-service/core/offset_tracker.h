/*
 * How far one partition is: everything below next is done, and the ranges above it. With work in
 * key order many events behind an unfinished one are done; each is remembered, without a limit, so
 * that a crash replays nothing that was done. Pure.
 *
 * Progress changes in two steps, as the database does: offset_tracker_plan says what it would be
 * with more offsets done, and which ranges change; when that is committed, offset_tracker_apply
 * makes it so. A plan that is not taken may be in the database all the same, for the answer to a
 * commit can be lost. Until one is taken, each plan says all ranges anew as far as those before it
 * may have changed them. It is right either way, with more done than they had or with less.
 *
 * Threads: one owner.
 */
#ifndef DELIVERY_SERVICE_CORE_OFFSET_TRACKER_H
#define DELIVERY_SERVICE_CORE_OFFSET_TRACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

/* Offsets first to end - 1. */
struct offset_range {
	int64_t first, end;
};

struct offset_tracker {
	int64_t next;
	struct offset_range *ranges; /* owned; ascending, apart from each other, all above next */
	size_t count, capacity;
	int64_t uncertain_end; /* below it the database may have other ranges; 0: it has these */
	int64_t commits;       /* how often it has committed progress, at least; the caller's */
};

void offset_tracker_init(struct offset_tracker *tracker, int64_t next);
void offset_tracker_fini(struct offset_tracker *tracker);

/* A range that the database remembers, in ascending order. False: out of memory. */
MUST_CHECK bool offset_tracker_restore(struct offset_tracker *tracker, struct offset_range range);

bool offset_tracker_is_done(const struct offset_tracker *tracker, int64_t offset);

/* How many offsets of range are not done. */
int64_t offset_tracker_missing(const struct offset_tracker *tracker, struct offset_range range);

/* Nothing from offset on is done any more. The database has that already. */
void offset_tracker_set_back(struct offset_tracker *tracker, int64_t offset);

/* What progress becomes. */
struct offset_tracker_plan {
	struct offset_tracker after;
	/* Owned. First the database has to remove the ranges that begin in one of cleared, then to
	 * set those of put, by first, to this end. */
	struct offset_range *cleared;
	struct offset_range *put;
	size_t cleared_count, put_count;
};

/*
 * With these ranges done too (sorted by first; they may touch or overlap each other and what is
 * done). False: out of memory, and plan is empty.
 */
MUST_CHECK bool offset_tracker_plan(struct offset_tracker *tracker, const struct offset_range *done,
				    size_t count, struct offset_tracker_plan *plan);
void offset_tracker_plan_fini(struct offset_tracker_plan *plan);

/* The plan is committed; it is empty afterwards. */
void offset_tracker_apply(struct offset_tracker *tracker, struct offset_tracker_plan *plan);

#endif
