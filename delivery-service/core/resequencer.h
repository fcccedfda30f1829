/*
 * Decides a loaded batch. With in_sequence it is a resequencer (Hohpe, Woolf: Enterprise
 * Integration Patterns): an event is applied when all versions before it are applied or given up;
 * until then it waits, in the batch, and at its end in the database (verdict DELIVERY_PARK). A
 * version that was given up and is there when its turn comes is applied all the same.
 * Otherwise events are applied as they come. Pure.
 *
 * How the store uses it: resequencer_decide; then, while resequencer_wanting finds orders whose
 * next version is parked in the database, fetch those and give them to resequencer_fetched.
 *
 * Threads: one owner.
 */
#ifndef DELIVERY_SERVICE_CORE_RESEQUENCER_H
#define DELIVERY_SERVICE_CORE_RESEQUENCER_H

#include "delivery-service/core/delivery_batch.h"

/* Decides all events of the batch; the decisions are in the events, the effects in applied. */
void resequencer_decide(struct delivery_batch *batch);

/* True if the order's next step is parked in the database and not fetched yet. */
bool resequencer_wanting(const struct delivery_batch *batch, const struct batch_order *order);

/*
 * What was fetched of one order: count events from batch->fetched[first] on, versions ascending,
 * seen[i] if it was applied before; complete if the database has no more of the order (count may
 * be 0 only then). Those whose turn has not come stay parked.
 */
void resequencer_fetched(struct delivery_batch *batch, struct batch_order *order, size_t first,
			 const bool *seen, size_t count, bool complete);

#endif
