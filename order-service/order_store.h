/*
 * Orders in PostgreSQL. Every change is written together with its event in the outbox.
 *
 * Threads: one owner (the writer). Reads have their own functions, for any thread, over a pool.
 */
#ifndef ORDER_SERVICE_ORDER_STORE_H
#define ORDER_SERVICE_ORDER_STORE_H

#include "common/pg_pool.h"
#include "order-service/order_command.h"

struct order_store;

/* database_url and topic are borrowed until close. Connects at the first use. */
MUST_CHECK enum status order_store_open(struct order_store **out, const char *database_url,
					const char *topic, struct error *err);
void order_store_close(struct order_store *store);

#define ORDER_BATCH_MAX 500

/*
 * Applies the commands in their order, in one transaction, and answers each on its own: one that
 * fails (not found, wrong version) leaves its neighbours untouched. Returns ST_OK when every
 * command is answered and what succeeded is committed. On anything else nothing is stored, and
 * no command is answered, except that after ST_UNAVAILABLE the outcome is unknown: a client may
 * ask again (PLACE: with the same idempotency key).
 * count is 1 to ORDER_BATCH_MAX.
 */
MUST_CHECK enum status order_store_apply(struct order_store *store, struct order_command **commands,
					 size_t count, struct error *err);

/* For the pool that serves the reads. */
extern const struct pg_statement order_read_statements[];
extern const size_t order_read_statement_count;

/* ST_NOT_FOUND: unknown or cancelled. */
MUST_CHECK enum status order_read(struct pg_pool *pool, int64_t id, struct order *out,
				  struct error *err);

/* Up to limit orders with id > after, ascending, without the cancelled ones. */
MUST_CHECK enum status order_read_page(struct pg_pool *pool, int64_t after, size_t limit,
				       struct order *out, size_t *count, struct error *err);

#endif
