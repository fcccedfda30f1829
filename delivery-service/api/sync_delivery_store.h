/*
 * The effect of one order event that came over HTTP: a connection is opened, delivery and history
 * are written in one transaction, and it is closed. No outbox, no position: in the history the
 * event's partition and offset are -1.
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

/* For the connection that each call opens. */
extern const struct pg_statement sync_delivery_store_statements[];

struct sync_delivery {
	bool is_new;
	json_t *json; /* owned by the caller: as the delivery API shows it; NULL: out of memory */
};

/*
 * The same event again has no second effect. ST_NOT_FOUND: nothing to change or cancel.
 * ST_CONFLICT: the version was applied before, as another change, or somebody is at this order.
 * ST_UNAVAILABLE: no connection; or the outcome of the commit is unknown.
 */
MUST_CHECK enum status sync_delivery_store_apply(const char *database_url, const char *replica,
						 const struct order_event *event,
						 int64_t received_wall_ms,
						 struct sync_delivery *delivery, struct error *err);

#endif
