/*
 * The effect of one order event that came over HTTP: delivery and history are written in one
 * transaction. No outbox, no position: in the history the event's partition and offset are -1.
 *
 * Threads: any.
 */
#ifndef DELIVERY_SERVICE_API_SYNC_DELIVERY_STORE_H
#define DELIVERY_SERVICE_API_SYNC_DELIVERY_STORE_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/error.h"
#include "common/event/event.h"
#include "common/pg/pg.h"

extern const struct pg_statement sync_delivery_store_statements[];

/* The sessions that sync_delivery_store_apply runs on. url is borrowed. */
struct pg_config sync_delivery_store_database(const char *url);

struct sync_delivery {
	bool is_new;
	json_t *json; /* owned by the caller: as the delivery API shows it; NULL: out of memory */
};

/*
 * The same event again has no second effect. ST_NOT_FOUND: nothing to change or cancel.
 * ST_CONFLICT: the version was applied before, as another change, or somebody is at this order.
 * ST_UNAVAILABLE: no connection; or the outcome of the commit is unknown. Whatever it returns, a
 * transaction may be open, with nothing to be kept.
 */
MUST_CHECK enum status sync_delivery_store_apply(struct pg *pg, const char *replica,
						 const struct order_event *event,
						 int64_t received_wall_ms,
						 struct sync_delivery *delivery, struct error *err);

#endif
