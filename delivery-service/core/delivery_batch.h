/*
 * The orders that a batch of events touches, in memory: loaded (batch_load), decided event by
 * event (resequencer), then written (batch_save). Pure.
 *
 * Threads: one owner.
 */
#ifndef DELIVERY_SERVICE_CORE_DELIVERY_BATCH_H
#define DELIVERY_SERVICE_CORE_DELIVERY_BATCH_H

#include "common/base/error.h"
#include "delivery-service/core/delivery.h"
#include "delivery-service/core/event_record.h"

/* An event, and what becomes of it. */
struct batch_event {
	struct event_record *record;       /* without an event it is a dead letter ... */
	struct delivery_decision decision; /* ... else the resequencer decides it */
	bool seen;                         /* of a fetched one: it was applied before */
};

/* One order, as the batch leaves it. */
struct batch_order {
	int64_t order_id;
	bool has_row;
	int32_t row_version; /* as it was read */
	int64_t delivery_id; /* of its row, or drawn for it */
	int32_t version;     /* the highest one applied or skipped */
	enum delivery_state state;
	const struct order_event *content; /* of the last applied event; NULL: unchanged */
	bool has_parked;                   /* events of it are parked in the database ... */
	int64_t next_parked;               /* ... those not fetched yet from this version on */
	bool asked;                        /* the resequencer's: they are being fetched */
};

struct batch_key {
	int64_t order_id;
	int32_t version;
	bool seen;                   /* applied earlier, or earlier in this batch */
	int64_t content;             /* of what was applied, see event_content; 0: not known */
	struct batch_event *waiting; /* of events: its predecessor has not been applied */
};

/* The same for events without a version. */
struct batch_offset {
	struct topic_offset origin;
	bool seen;
};

struct batch_skipped {
	int64_t order_id;
	int32_t version;
};

/* Arrays are owned, what they point to is borrowed. */
struct delivery_batch {
	bool in_sequence;           /* SEQUENCING=enforce */
	struct batch_event *events; /* in the order in which their work was done */
	size_t event_count;
	struct batch_order *orders; /* sorted by order_id, distinct */
	size_t order_count;
	struct batch_key *keys; /* sorted by (order_id, version), distinct, version > 0 */
	size_t key_count;
	struct batch_offset *offsets; /* sorted, distinct: of the events without a version */
	size_t offset_count;
	struct batch_skipped *skipped; /* sorted */
	size_t skipped_count;
	struct batch_event *fetched; /* parked ones that came back; moves as it grows */
	size_t fetched_count;
	struct batch_event
		*applied; /* copies of those with an effect, in the order of the effects */
	size_t applied_count;
};

/* events, and orders without an event: both may be none. */
MUST_CHECK enum status delivery_batch_init(struct delivery_batch *batch, bool in_sequence,
					   struct event_record *const *events, size_t event_count,
					   const int64_t *order_ids, size_t order_id_count,
					   struct error *err);
void delivery_batch_fini(struct delivery_batch *batch);

/* NULL: the batch is not about it. */
struct batch_order *delivery_batch_order(struct delivery_batch *batch, int64_t order_id);
struct batch_key *delivery_batch_key(struct delivery_batch *batch, int64_t order_id,
				     int32_t version);
struct batch_offset *delivery_batch_offset(struct delivery_batch *batch,
					   struct topic_offset origin);
bool delivery_batch_skipped(const struct delivery_batch *batch, int64_t order_id, int32_t version);

/* Room for count fetched events more. ST_UNAVAILABLE: out of memory. */
MUST_CHECK enum status delivery_batch_reserve(struct delivery_batch *batch, size_t count,
					      struct error *err);

/* Adds a fetched event, which stays parked until it is decided. There must be room. */
void delivery_batch_add_fetched(struct delivery_batch *batch, struct event_record *record,
				bool seen);

#endif
