/*
 * A few connections for many threads (the HTTP workers' reads). Connections are made when first
 * needed; whoever finds none free waits, with a deadline.
 *
 * Threads: any.
 */
#ifndef COMMON_PG_PG_POOL_H
#define COMMON_PG_PG_POOL_H

#include "common/pg/pg.h"

struct pg_pool;

/* url, application and tables (see pg_open) are borrowed for the pool's lifetime. Returns owned. */
MUST_CHECK enum status pg_pool_open(struct pg_pool **out, size_t size, const char *url,
				    const char *application,
				    const struct pg_statement *const *tables, struct error *err);

/* No pg_pool_run is in progress. */
void pg_pool_close(struct pg_pool *pool);

/* Takes a connection, runs the calls as pg_run does, returns it.
 * ST_UNAVAILABLE also when none came free in time. */
MUST_CHECK enum status pg_pool_run(struct pg_pool *pool, struct pg_call *calls, size_t count,
				   struct error *err);

#endif
