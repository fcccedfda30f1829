/*
 * The effects of order events that came over HTTP together: the same group commit as that of the
 * events from Kafka (store/batch_load.h, batch_save.h), without positions and without outbox. In
 * the history their partition and offset are -1.
 *
 * Threads: any.
 */
#ifndef DELIVERY_SERVICE_API_SYNC_BATCH_STORE_H
#define DELIVERY_SERVICE_API_SYNC_BATCH_STORE_H

#include "common/pg/pg.h"
#include "delivery-service/core/event_record.h"

/* The sessions that sync_batch_store_apply runs on. url is borrowed. */
struct pg_config sync_batch_store_database(const char *url);

/*
 * All or none. Events that were applied before have no second effect. ST_NOT_FOUND: nothing to
 * change or cancel for one of them. ST_CONFLICT: a version was applied before, as another change,
 * or somebody is at one of the orders. ST_UNAVAILABLE: no connection; or the outcome of the commit
 * is unknown.
 */
MUST_CHECK enum status sync_batch_store_apply(struct pg *pg, const char *replica,
					      struct event_record *const *events, size_t count,
					      struct error *err);

#endif
