/*
 * Orders in PostgreSQL, reading side.
 *
 * Threads: any, over a pool.
 */
#ifndef ORDER_SERVICE_ORDER_READ_H
#define ORDER_SERVICE_ORDER_READ_H

#include <stdbool.h>

#include "common/pg/pg_pool.h"
#include "order-service/core/order.h"

/* For the pool that serves the reads. */
extern const struct pg_statement order_read_statements[];

/* ST_NOT_FOUND: unknown or cancelled. */
MUST_CHECK enum status order_read(struct pg_pool *pool, int64_t id, struct order *out,
				  struct error *err);

/*
 * Up to limit orders in the order of their commits, without the cancelled ones: those behind the
 * order whose id is after, or behind the one with the next smaller id if there is none; 0: from the
 * first. Of one replica's orders ids ascend.
 * Whatever is committed after a page was read comes behind its last order: the proof is in
 * sql/migrations/013_commit_position.sql.
 */
MUST_CHECK enum status order_read_page(struct pg_pool *pool, int64_t after, size_t limit,
				       struct order *out, size_t *count, struct error *err);

#endif
