/*
 * Decides a loaded batch. With in_sequence it is a resequencer (Hohpe, Woolf: Enterprise
 * Integration Patterns): an event is applied when all versions before it are applied or skipped;
 * until then it waits, in the batch, and at its end in the database (verdict DELIVERY_PARK). A
 * version that was skipped and is there when its turn comes is applied all the same. Of several
 * events with one version the first that came has the effect, parked or not. Without in_sequence
 * events are applied as they come. Pure.
 *
 * How it is used: resequencer_decide; then, while resequencer_ask asks for parked events, fetch
 * them and call resequencer_answer.
 *
 * Threads: one owner.
 */
#ifndef DELIVERY_SERVICE_CORE_RESEQUENCER_H
#define DELIVERY_SERVICE_CORE_RESEQUENCER_H

#include "delivery-service/core/delivery_batch.h"

/* Decides all events of the batch; each has its decision then, and those with an effect are
 * in applied. */
void resequencer_decide(struct delivery_batch *batch);

/* True if the order's next step is parked in the database and not fetched yet. */
bool resequencer_wanting(const struct delivery_batch *batch, const struct batch_order *order);

#define RESEQUENCER_EFFECTS_MAX 5000 /* about so many in one batch, what comes back included */

/*
 * Asks for what is parked: marks the orders whose next step it is (asked), and says how many events
 * of each to fetch at most, so that one fetch does not bring far more than a transaction may have.
 * False: no order wants more, or the batch has effects enough.
 */
bool resequencer_ask(struct delivery_batch *batch, int32_t *limit);

/*
 * The answer: batch->fetched from first on, those of an order together and with versions ascending,
 * at most limit of each order that was asked. An order without an answer has no more.
 */
void resequencer_answer(struct delivery_batch *batch, size_t first, int32_t limit);

#endif
