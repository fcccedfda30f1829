/*
 * A batch's second round trip: writes what was decided and commits. Deliveries, history, outgoing
 * events and dead letters, what is parked and what no longer is.
 *
 * Threads: one owner.
 */
#ifndef DELIVERY_SERVICE_DELIVERY_SAVE_H
#define DELIVERY_SERVICE_DELIVERY_SAVE_H

#include "common/outbox.h"
#include "common/pg.h"
#include "delivery-service/delivery_batch.h"

/* For the store's statement table. */
#define DELIVERY_SAVE_STATEMENTS                                                                   \
	{ "upsert",                                                                                \
	  "insert into delivery as d (id, order_id, version, customer_id, product_id, "            \
	  "product_name, qty, address, status) select * from unnest($1::int8[], $2::int8[], "      \
	  "$3::int4[], $4::int8[], $5::text[], $6::text[], $7::int4[], $8::text[], $9::text[]) "   \
	  "on conflict (order_id) do update set version = excluded.version, "                      \
	  "customer_id = excluded.customer_id, product_id = excluded.product_id, "                 \
	  "product_name = excluded.product_name, qty = excluded.qty, "                             \
	  "address = excluded.address, status = excluded.status, updated_at = now()" },            \
		{ "record",                                                                        \
		  "insert into history (order_id, version, event, status, \"partition\", "         \
		  "\"offset\", replica, received_at) select o, v, e, s, p, f, $7, r from "         \
		  "unnest($1::int8[], $2::int4[], $3::text[], $4::text[], $5::int4[], "            \
		  "$6::int8[], $8::timestamptz[]) with ordinality as h (o, v, e, s, p, f, r, n) "  \
		  "order by n" },                                                                  \
		{ "record_plain",                                                                  \
		  "insert into applied_plain (topic, \"partition\", \"offset\") "                  \
		  "select $1, p, o from unnest($2::int4[], $3::int8[]) as e (p, o)" },             \
		{ "park", "insert into parked (order_id, version, event, payload, \"partition\", " \
			  "\"offset\", received_at) select * from unnest($1::int8[], $2::int4[], " \
			  "$3::text[], $4::bytea[], $5::int4[], $6::int8[], $7::timestamptz[]) "   \
			  "on conflict do nothing" },                                              \
		{ "unpark",                                                                        \
		  "delete from parked p using unnest($1::int8[], $2::int4[]) as e (o, v) "         \
		  "where p.order_id = e.o and p.version = e.v" },                                  \
		OUTBOX_INSERT_STATEMENT

/* Ends the open transaction, whatever comes of it. Statuses as delivery_store_write. */
MUST_CHECK enum status delivery_save(struct pg *pg, const char *topic, const char *replica,
				     struct delivery_batch *batch, struct error *err);

#endif
