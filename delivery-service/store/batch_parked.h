/*
 * A batch's further round trips: parked events come back, between batch_load and batch_save.
 *
 * Threads: one owner.
 */
#ifndef DELIVERY_SERVICE_STORE_BATCH_PARKED_H
#define DELIVERY_SERVICE_STORE_BATCH_PARKED_H

#include "common/pg/pg.h"
#include "delivery-service/core/delivery_batch.h"

/* For the store's session. */
extern const struct pg_statement batch_parked_statements[];

/*
 * Within the transaction that batch_load began: brings back parked events of the orders that are
 * asked, from next_parked on, at most limit of each: behind batch->fetched, by order and version.
 * On an error the transaction is over.
 */
MUST_CHECK enum status batch_parked_load(struct pg *pg, struct delivery_batch *batch, int32_t limit,
					 struct error *err);

#endif
