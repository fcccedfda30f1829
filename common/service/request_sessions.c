#include "common/service/request_sessions.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "common/pg/pg_pool.h"

struct request_sessions {
	struct request_sessions_config config;
	struct pg_pool *pool; /* NULL: each request opens its own */
	_Atomic bool stopping;
};

enum status request_sessions_open(struct request_sessions **out,
				  const struct request_sessions_config *config, struct error *err)
{
	struct request_sessions *s = calloc(1, sizeof(*s));

	if (!s)
		return error_set(err, ST_INTERNAL, "out of memory");
	s->config = *config;
	if (config->pool > 0 &&
	    pg_pool_open(&s->pool, (size_t)config->pool, &config->database, err) != ST_OK) {
		free(s);
		return err->status;
	}
	*out = s;
	return ST_OK;
}

void request_sessions_close(struct request_sessions *s)
{
	if (!s)
		return;
	pg_pool_close(s->pool);
	free(s);
}

enum status request_sessions_take(struct request_sessions *s, struct pg **out, struct error *err)
{
	if (atomic_load(&s->stopping))
		return error_set(err, ST_UNAVAILABLE, "stopping");
	return s->pool ? pg_pool_take(s->pool, s->config.wait_ms, out, err)
		       : pg_open(out, &s->config.database, err);
}

void request_sessions_give(struct request_sessions *s, struct pg *pg)
{
	if (!s->pool) {
		pg_close(pg); /* what is not committed never was */
		return;
	}
	if (pg_in_transaction(pg))
		pg_rollback(pg);
	pg_pool_give(s->pool, pg);
}

void request_sessions_stop(struct request_sessions *s)
{
	if (!s)
		return;
	atomic_store(&s->stopping, true);
	if (s->pool)
		pg_pool_stop(s->pool);
}

static void add_counts(struct pg_pool_counts *sum, struct pg_pool_counts more)
{
	sum->in_use += more.in_use;
	sum->waiting += more.waiting;
	sum->timeouts += more.timeouts;
}

void request_sessions_metrics(struct request_sessions *const *sessions, size_t count,
			      struct metrics_out *out)
{
	struct pg_pool_counts counts = { 0 };

	for (size_t i = 0; i < count; i++) {
		if (sessions[i] && sessions[i]->pool)
			add_counts(&counts, pg_pool_counts(sessions[i]->pool));
	}
	metrics_one(out, "sync_pool_in_use", "gauge", "Pooled database connections in use.",
		    counts.in_use);
	metrics_one(out, "sync_pool_waiting", "gauge",
		    "Requests that wait for a pooled database connection.", counts.waiting);
	metrics_one(out, "sync_pool_timeouts_total", "counter",
		    "Requests for which no pooled database connection came free in time.",
		    counts.timeouts);
}
