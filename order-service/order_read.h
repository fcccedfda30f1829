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

/* Up to limit orders with id > after, ascending, without the cancelled ones. */
MUST_CHECK enum status order_read_page(struct pg_pool *pool, int64_t after, size_t limit,
				       struct order *out, size_t *count, struct error *err);

#endif
