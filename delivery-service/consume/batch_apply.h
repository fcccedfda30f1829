/*
 * One batch from its events to its commit: the store loads, the resequencer decides, the store
 * saves. In two steps: decided and sent, and committed. Between them the database works, and the
 * caller receives messages; the events are borrowed that long.
 *
 * Threads: the delivery loop's.
 */
#ifndef DELIVERY_SERVICE_CONSUME_BATCH_APPLY_H
#define DELIVERY_SERVICE_CONSUME_BATCH_APPLY_H

#include "delivery-service/store/delivery_store.h"

#define BATCH_APPLY_MAX 1000 /* events of one batch */

struct batch_apply {
	struct delivery_store *store; /* borrowed */
	bool in_sequence;             /* SEQUENCING=enforce */
	struct otlp *otlp;            /* borrowed; NULL: no spans */
	/* Called for each event of the batch, and for each parked one that was decided at last,
	 * when that is committed. */
	void (*decided)(void *context, const struct batch_event *event);
	void *context;
	bool leaves_parked; /* parked events whose turn has come stay parked: one may be refused */
	/* its own: */
	struct delivery_batch batch; /* in progress */
};

/* What a batch did besides deciding its events. */
struct batch_applied {
	size_t resumed; /* parked events that were decided now */
	bool more;      /* further ones can be: batch_apply_resume */
};

/*
 * Decides events, which may be none, and sends their effects with the new positions of plan.
 * ST_OK: batch_apply_finish comes next. Statuses as delivery_store's.
 */
MUST_CHECK enum status batch_apply_begin(struct batch_apply *apply, struct commit_plan *plan,
					 struct event_record *const *events, size_t event_count,
					 struct error *err);
/* Waits for the commit. */
MUST_CHECK enum status batch_apply_finish(struct batch_apply *apply, struct batch_applied *applied,
					  struct error *err);

/* Applies parked events whose turn has come without an event that says so; both steps. all: see
 * delivery_store_resumable. ST_INVALID: the database refuses an event of the order that *err names,
 * which stays parked; those of other orders were applied. */
MUST_CHECK enum status batch_apply_resume(struct batch_apply *apply, bool all,
					  struct batch_applied *applied, struct error *err);

#endif
