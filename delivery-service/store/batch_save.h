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

/* For the store's statement table. */
#define BATCH_SAVE_STATEMENTS                                                                      \
	{ "insert",                                                                                \
	  "insert into delivery (id, order_id, version, customer_id, product_id, product_name, "   \
	  "qty, address, status) select * from unnest($1::int8[], $2::int8[], $3::int4[], "        \
	  "$4::int8[], $5::text[], $6::text[], $7::int4[], $8::text[], $9::text[])" },             \
		{ "update",                                                                        \
		  "with changed as (update delivery d set version = n.version, "                   \
		  "customer_id = n.customer_id, product_id = n.product_id, "                       \
		  "product_name = n.product_name, qty = n.qty, address = n.address, "              \
		  "status = n.status, updated_at = now() from unnest($1::int8[], $2::int8[], "     \
		  "$3::int4[], $4::int8[], $5::text[], $6::text[], $7::int4[], $8::text[], "       \
		  "$9::text[], $10::int4[]) as n (id, order_id, version, customer_id, "            \
		  "product_id, "                                                                   \
		  "product_name, qty, address, status, row_version) where d.order_id = "           \
		  "n.order_id "                                                                    \
		  "and d.version = n.row_version returning 1) "                                    \
		  "select expect_rows(count(*), $11::int8) from changed" },                        \
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
		{ "clear_ranges",                                                                  \
		  "delete from position_range r using unnest($2::int4[], $3::int8[], $4::int8[]) " \
		  "as c (p, f, e) where r.topic = $1 and r.\"partition\" = c.p "                   \
		  "and r.first_offset >= c.f and r.first_offset < c.e" },                          \
		{ "put_ranges",                                                                    \
		  "insert into position_range (topic, \"partition\", first_offset, end_offset) "   \
		  "select $1, p, f, e from unnest($2::int4[], $3::int8[], $4::int8[]) as r "       \
		  "(p, f, e) on conflict (topic, \"partition\", first_offset) "                    \
		  "do update set end_offset = excluded.end_offset" },                              \
		OUTBOX_INSERT_STATEMENT

#define DELIVERY_SAVE_CALLS_MAX 10

/* What is under way. */
struct batch_saving {
	struct pg_call calls[DELIVERY_SAVE_CALLS_MAX];
	size_t count;
};

/* Sends. ST_OK: delivery_save_finish comes next; else the open transaction is over. */
MUST_CHECK enum status batch_save(struct pg *pg, const char *topic, const char *replica,
				  const struct commit_plan *plan, struct delivery_batch *batch,
				  struct batch_saving *saving, struct error *err);

/* The transaction is over, whatever comes of it. Statuses as delivery_store_finish; an order that
 * somebody changed since it was read is ST_UNAVAILABLE or ST_CONFLICT. */
MUST_CHECK enum status batch_save_finish(struct pg *pg, struct batch_saving *saving,
					 struct error *err);

#endif
