/*
 * The database session of a request that is answered when its work is done (DISPATCH=http): one
 * that is opened for it, or one of a pool for which it waits, as a Spring service waits for one of
 * HikariCP's.
 *
 * Threads: take and give from any; the rest from main.
 */
#ifndef COMMON_SERVICE_REQUEST_SESSIONS_H
#define COMMON_SERVICE_REQUEST_SESSIONS_H

#include "common/base/metrics.h"
#include "common/pg/pg.h"

struct request_sessions;

struct request_sessions_config {
	struct pg_config database; /* copied; what it points to is borrowed until close */
	int64_t pool;              /* SYNC_POOL: so many are kept; 0: each request opens its own */
	int64_t wait_ms;           /* SYNC_POOL_WAIT_MS */
};

MUST_CHECK enum status request_sessions_open(struct request_sessions **out,
					     const struct request_sessions_config *config,
					     struct error *err);

/* After the last give. */
void request_sessions_close(struct request_sessions *sessions);

/* A session that is the caller's until it gives it back; it connects when it is used.
 * ST_UNAVAILABLE: none of the pool came free in time, or stopping. */
MUST_CHECK enum status request_sessions_take(struct request_sessions *sessions, struct pg **out,
					     struct error *err);

/* Rolls back what is not committed. */
void request_sessions_give(struct request_sessions *sessions, struct pg *pg);

/* Whoever waits gets none, nor does whoever comes. */
void request_sessions_stop(struct request_sessions *sessions);

/* Of the pools together; 0 without one, also where an entry is NULL. */
void request_sessions_metrics(struct request_sessions *const *sessions, size_t count,
			      struct metrics_out *out);

#endif
