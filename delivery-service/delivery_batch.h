/*
 * The orders that a batch of events touches, in memory: loaded, decided event by event, then
 * written. Pure but for the arrays it fills; the statements are delivery_store's.
 *
 * Threads: one owner.
 */
#ifndef DELIVERY_SERVICE_DELIVERY_BATCH_H
#define DELIVERY_SERVICE_DELIVERY_BATCH_H

#include "common/error.h"
#include "delivery-service/inbound.h"

/* One order, as the batch leaves it. */
struct batch_order {
	int64_t order_id;
	int64_t delivery_id; /* 0: there is no row yet */
	int32_t version;
	enum delivery_state state;
	const struct order_event *content; /* of the last applied event; NULL: unchanged */
};

struct batch_key {
	int64_t order_id;
	int32_t version;
	bool seen; /* applied earlier, or earlier in this batch */
};

struct delivery_batch {
	struct inbound **events; /* borrowed, in the order of the effects */
	size_t event_count;
	struct batch_order *orders; /* sorted by order_id, distinct */
	size_t order_count;
	struct batch_key *keys; /* sorted by (order_id, version), distinct, version > 0 */
	size_t key_count;
	size_t new_ids; /* at most this many deliveries are new */
};

MUST_CHECK enum status delivery_batch_init(struct delivery_batch *batch, struct inbound **events,
					   size_t event_count, struct error *err);
void delivery_batch_fini(struct delivery_batch *batch);

/* NULL: no event of the batch is about it. */
struct batch_order *delivery_batch_order(struct delivery_batch *batch, int64_t order_id);
struct batch_key *delivery_batch_key(struct delivery_batch *batch, int64_t order_id,
				     int32_t version);

/*
 * Decides event i (which is an order event, the ones before it are decided) and updates its
 * order. Returns the order if the event has an effect, else NULL; the decision is in the event.
 */
struct batch_order *delivery_batch_apply(struct delivery_batch *batch, size_t i);

#endif
