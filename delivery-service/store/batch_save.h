/*
 * A batch's second round trip: writes what was decided and commits. Deliveries, history, outgoing
 * events and dead letters, what is parked and what no longer is, and what is done past a gap.
 * It is sent and its end awaited in two steps, so that the database and the caller work at the
 * same time.
 *
 * Threads: one owner.
 */
#ifndef DELIVERY_SERVICE_STORE_BATCH_SAVE_H
#define DELIVERY_SERVICE_STORE_BATCH_SAVE_H

#include "common/outbox/outbox.h"
#include "common/pg/pg.h"
#include "delivery-service/core/commit_plan.h"
#include "delivery-service/core/delivery_batch.h"

/* For the store's session, with outbox_statements. */
extern const struct pg_statement batch_save_statements[];

#define DELIVERY_SAVE_CALLS_MAX 11

/* A save in progress. */
struct batch_saving {
	struct pg_call calls[DELIVERY_SAVE_CALLS_MAX];
	size_t count;
};

/* Sends. topic NULL: no Delivery* event is written. ST_OK: batch_save_finish comes next; else the
 * open transaction is over. */
MUST_CHECK enum status batch_save(struct pg *pg, const char *topic, const char *replica,
				  const struct commit_plan *plan, struct delivery_batch *batch,
				  struct batch_saving *saving, struct error *err);

/* The transaction is over, whatever comes of it. Statuses as delivery_store_finish; an order that
 * somebody changed since it was read is ST_UNAVAILABLE or ST_CONFLICT. */
MUST_CHECK enum status batch_save_finish(struct pg *pg, struct batch_saving *saving,
					 struct error *err);

#endif
