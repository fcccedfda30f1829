/*
 * What waits for its turn and what is in work. Pure: the caller brings the time.
 *
 * The items of one lane are processed strictly one after the other, in the order they came;
 * different lanes side by side, up to max_concurrency at once. Work is a due time, not a thread: an
 * item that is started is done when its due time has come; one with LANE_UNTIL_FINISHED when
 * whoever was told of its start says so. Lanes take turns in the order in which they became ready.
 * A turn is one item with work, and the items without work that wait behind it, or a run of items
 * without work: they come out together, up to run_max of them. So no lane waits longer than for
 * one run of each other lane.
 *
 * Items are intrusive: the caller owns their memory; while pushed they belong to the lanes.
 *
 * Threads: one owner.
 */
#ifndef DELIVERY_SERVICE_CORE_LANES_H
#define DELIVERY_SERVICE_CORE_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

struct lane_item {
	int64_t lane;    /* which lane: the partition, say */
	int64_t work_ms; /* how long it is in work */
	void *work;      /* of whoever was told of its start */
	size_t before;   /* items of its lane when it was pushed */
	/* the lanes' own: */
	struct lane_item *next;
	int64_t due_mono_ms;
};

struct lanes;

/* Of work_ms: as long as somebody else takes for it. */
#define LANE_UNTIL_FINISHED INT64_MAX

/* Told of each item with LANE_UNTIL_FINISHED that is started. It may not call the lanes. */
typedef void lanes_started(struct lane_item *item, void *context);

/* run_max: at least 1. started NULL: there are no such items. Returns owned; NULL: out of memory.
 */
struct lanes *lanes_open(size_t max_concurrency, size_t run_max, lanes_started *started,
			 void *context);
/* Items still inside are forgotten, not freed: see lanes_remove. */
void lanes_close(struct lanes *lanes);

/* Puts item at the end of its lane; sets how many are before it. False: out of memory, item stays
 * the caller's. */
MUST_CHECK bool lanes_push(struct lanes *lanes, struct lane_item *item);

/*
 * Starts what may start, then takes out one item whose work is done at now; NULL: none. An item
 * without work is done as it starts, so a loop drains any number of those at one instant.
 */
struct lane_item *lanes_pop_done(struct lanes *lanes, int64_t now_mono_ms);

/* item, with LANE_UNTIL_FINISHED and started, is done. */
void lanes_finish(struct lanes *lanes, const struct lane_item *item);

/* When the next item in work is done, INT64_MIN: something can start now; INT64_MAX: nothing is in
 * work. */
int64_t lanes_next_due(const struct lanes *lanes);

/* Takes out all items that match and hands each to drop; interrupted work frees its slot. */
void lanes_remove(struct lanes *lanes, bool (*match)(const struct lane_item *, void *context),
		  void (*drop)(struct lane_item *, void *context), void *context);

/* Calls take for items in work, up to most of them, the one due first at first. */
void lanes_each_in_work(const struct lanes *lanes, size_t most,
			void (*take)(const struct lane_item *, void *context), void *context);

size_t lanes_in_work(const struct lanes *lanes);
size_t lanes_waiting(const struct lanes *lanes); /* all items inside, those in work too */

#endif
