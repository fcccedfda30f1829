/*
 * Idempotency keys expire: those older than the setting are taken off their orders, a few hundred
 * at a time, each step a transaction of its own that waits for no other.
 *
 * Invariant: a key is honoured for ttl_s at least; it may be for a minute longer.
 *
 * Threads: key_expiry_start makes the one that works; the functions are main's, progress and
 * metrics any.
 */
#ifndef ORDER_SERVICE_KEY_EXPIRY_H
#define ORDER_SERVICE_KEY_EXPIRY_H

#include "common/base/metrics.h"
#include "common/pg/pg_pool.h"
#include "common/runtime/progress.h"

/* For the pool. */
extern const struct pg_statement key_expiry_statements[];

struct key_expiry;

/* Starts the thread. pool is borrowed until close. ST_INTERNAL: no memory, or no thread. */
MUST_CHECK enum status key_expiry_start(struct key_expiry **out, struct pg_pool *pool,
					int64_t ttl_s, struct error *err);
void key_expiry_close(struct key_expiry *expiry);

/* Idle between two rounds. */
struct progress *key_expiry_progress(struct key_expiry *expiry);

void key_expiry_metrics(struct key_expiry *expiry, struct metrics_out *out);

#endif
