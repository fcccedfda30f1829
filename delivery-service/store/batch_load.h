/*
 * A batch's first round trip: begins the transaction, moves the positions if their epochs still
 * hold, and reads what deciding needs. And the one that brings parked events back. Orders are not
 * locked by reading: delivery_save refuses a row that has changed since (an optimistic lock; two
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

/* For the store's statement table. */
#define BATCH_LOAD_STATEMENTS                                                                      \
	{ "advance",                                                                               \
	  "update position p set next_offset = n.next_offset, updated_at = now() "                 \
	  "from unnest($2::int4[], $3::int8[], $4::int8[]) as n (\"partition\", next_offset, "     \
	  "epoch) "                                                                                \
	  "where p.topic = $1 and p.\"partition\" = n.\"partition\" and p.epoch = n.epoch "        \
	  "and p.next_offset <= n.next_offset returning p.\"partition\"" },                        \
		{ "lock_orders", "select pg_advisory_xact_lock(o) from unnest($1::int8[]) as o" }, \
		{ "orders",                                                                        \
		  "select o, d.id, d.version, d.status, "                                          \
		  "case when d.id is null then nextval('delivery_id_seq') end "                    \
		  "from unnest($1::int8[]) as o left join delivery d on d.order_id = o" },         \
		{ "seen",                                                                          \
		  "select h.order_id, h.version from unnest($1::int8[], $2::int4[]) as e (o, v) "  \
		  "join delivery d on d.order_id = e.o and d.version >= e.v "                      \
		  "join history h on h.order_id = e.o and h.version = e.v and h.version > 0" },    \
		{ "seen_plain",                                                                    \
		  "select a.\"partition\", a.\"offset\" from unnest($2::int4[], $3::int8[]) as e " \
		  "(p, o) join applied_plain a on a.topic = $1 and a.\"partition\" = e.p "         \
		  "and a.\"offset\" = e.o" },                                                      \
		{ "first_parked",                                                                  \
		  "select o, (select min(p.version) from parked p where p.order_id = o) "          \
		  "from unnest($1::int8[]) as o "                                                  \
		  "where exists (select from parked p where p.order_id = o)" },                    \
		{ "given_up", "select order_id, version from given_up "                            \
			      "where order_id = any($1::int8[]) order by order_id, version" },     \
	{                                                                                          \
		"fetch_parked",                                                                    \
			"select p.order_id, p.version, p.event, p.payload, p.\"partition\", "      \
			"p.\"offset\", "                                                           \
			"(extract(epoch from p.received_at) * 1000)::int8, exists(select from "    \
			"history h "                                                               \
			"where h.order_id = p.order_id and h.version = p.version and h.version "   \
			"> 0)::int4 "                                                              \
			"from unnest($1::int8[], $2::int4[]) as w (o, v) cross join lateral ("     \
			"  select * from parked where order_id = w.o and version >= w.v "          \
			"  order by version limit $3::int4) p order by p.order_id, p.version"      \
	}

/* On ST_OK the transaction is open. ST_FENCED: the positions that are lost are marked, nothing is
 * open. positions may be none. */
MUST_CHECK enum status batch_load(struct pg *pg, const char *topic, struct commit_plan *plan,
				  struct delivery_batch *batch, struct error *err);

/*
 * Within that transaction: brings back parked events until no order wants more, or until the batch
 * has about DELIVERY_EFFECTS_MAX effects. On an error the transaction is over.
 */
#define DELIVERY_EFFECTS_MAX 5000
MUST_CHECK enum status batch_load_parked(struct pg *pg, struct delivery_batch *batch,
					 struct error *err);

/* Frees what was brought back. */
void batch_unload(struct delivery_batch *batch);

#endif
