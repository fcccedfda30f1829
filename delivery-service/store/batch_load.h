/*
 * A batch's first round trip: begins the transaction, moves the positions if their epochs still
 * hold and they are not behind what was committed, and reads what deciding needs. Orders are not
 * locked by reading: batch_save refuses a row that has changed since (an optimistic lock; two
 * replicas have the same order only without keys, or while partitions are added).
 *
 * With in_sequence the orders' advisory locks are taken, in the order of their ids (two replicas
 * cannot deadlock), before anything is read. The race that they close: one
 * replica parks version 2 of an order, having seen no version 1; another applies version 1, having
 * seen nothing parked. The first event of an order has no row yet that both could lock.
 *
 * Threads: one owner.
 */
#ifndef DELIVERY_SERVICE_STORE_BATCH_LOAD_H
#define DELIVERY_SERVICE_STORE_BATCH_LOAD_H

#include "common/pg/pg.h"
#include "delivery-service/core/commit_plan.h"
#include "delivery-service/core/delivery_batch.h"

/* For the store's session. */
extern const struct pg_statement batch_load_statements[];

/* On ST_OK the transaction is open. ST_FENCED: the positions that are lost are marked, nothing is
 * open. positions may be none. */
MUST_CHECK enum status batch_load(struct pg *pg, const char *topic, struct commit_plan *plan,
				  struct delivery_batch *batch, struct error *err);

#endif
