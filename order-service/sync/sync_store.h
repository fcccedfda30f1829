/*
 * One change of an order in PostgreSQL, over a session that is the caller's: write, then commit, or
 * pg_rollback. Without an event in an outbox.
 *
 * Threads: a connection has one owner.
 */
#ifndef ORDER_SERVICE_SYNC_SYNC_STORE_H
#define ORDER_SERVICE_SYNC_SYNC_STORE_H

#include "common/pg/pg.h"
#include "order-service/core/order_command.h"

extern const struct pg_statement sync_store_statements[];

/* The sessions that the functions below run on. url is borrowed. */
struct pg_config sync_store_database(const char *url);

/*
 * Begins a transaction and writes the command's effect, which is in command->order (and replayed)
 * then. *changed: whether it has one. ST_NOT_FOUND, ST_CONFLICT as the rules and the key say;
 * ST_UNAVAILABLE: no connection, or somebody uses the same idempotency key, and goes on longer than
 * this one can wait.
 */
MUST_CHECK enum status sync_store_write(struct pg *pg, struct order_command *command, bool *changed,
					struct error *err);

/* placed_id: the order that was placed, which gets its position now; 0: none was.
 * ST_UNAVAILABLE: the outcome is unknown. */
MUST_CHECK enum status sync_store_commit(struct pg *pg, int64_t placed_id, struct error *err);

#endif
