/*
 * A few connections for many threads (the HTTP workers' reads). Connections are made when first
 * needed; whoever finds none free waits, with a deadline.
 *
 * Threads: any.
 */
#ifndef COMMON_PG_PG_POOL_H
#define COMMON_PG_PG_POOL_H

#include "common/pg/pg.h"

#define PG_POOL_RUN_MS 8000

struct pg_pool;

/* config as for pg_open. Returns owned. */
MUST_CHECK enum status pg_pool_open(struct pg_pool **out, size_t size,
				    const struct pg_config *config, struct error *err);

/* Connects one of them, as pg_connect does. */
MUST_CHECK enum status pg_pool_connect(struct pg_pool *pool, struct error *err);

/* No pg_pool_run is in progress. */
void pg_pool_close(struct pg_pool *pool);

/* Takes a connection, runs the calls as pg_run does, returns it. The server has PG_POOL_RUN_MS to
 * answer. ST_UNAVAILABLE also when no connection came free in time. */
MUST_CHECK enum status pg_pool_run(struct pg_pool *pool, struct pg_call *calls, size_t count,
				   struct error *err);

#endif
