/*
 * A few connections for many threads (the HTTP workers'). Connections are made when first needed;
 * whoever finds none free waits, with a deadline. First come, first served. One that is not usable
 * (pg.h) is given only where no other is left.
 *
 * Threads: any.
 */
#ifndef COMMON_PG_PG_POOL_H
#define COMMON_PG_PG_POOL_H

#include "common/pg/pg.h"

#define PG_POOL_RUN_MS  8000
#define PG_POOL_WAIT_MS 3000 /* for a free one, in pg_pool_run and pg_pool_connect */

struct pg_pool;

/* config as for pg_open. Returns owned. */
MUST_CHECK enum status pg_pool_open(struct pg_pool **out, size_t size,
				    const struct pg_config *config, struct error *err);

/* Connects one of them, as pg_connect does. */
MUST_CHECK enum status pg_pool_connect(struct pg_pool *pool, struct error *err);

/* No connection is taken, and no pg_pool_run in progress. */
void pg_pool_close(struct pg_pool *pool);

/* Takes a connection, runs the calls as pg_run does, returns it. The server has PG_POOL_RUN_MS to
 * answer. ST_UNAVAILABLE also when no connection came free in time. */
MUST_CHECK enum status pg_pool_run(struct pg_pool *pool, struct pg_call *calls, size_t count,
				   struct error *err);

/* A connection that is the caller's until pg_pool_give. Waits up to wait_ms for one that is free.
 * ST_UNAVAILABLE: none came, or pg_pool_stop. */
MUST_CHECK enum status pg_pool_take(struct pg_pool *pool, int64_t wait_ms, struct pg **out,
				    struct error *err);

/* Without a transaction on it. */
void pg_pool_give(struct pg_pool *pool, struct pg *pg);

/* Whoever waits for a connection, or asks for one later, gets none. */
void pg_pool_stop(struct pg_pool *pool);

struct pg_pool_counts {
	int64_t in_use, waiting;
	int64_t timeouts; /* waits that brought no connection, since the pool was opened */
};

struct pg_pool_counts pg_pool_counts(struct pg_pool *pool);

#endif
