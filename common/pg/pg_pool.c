#include "common/pg/pg_pool.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/runtime/clock.h"

#define LOOK_MS 100 /* a session that ends at last tells nobody */

/* A thread that waits for a connection. On its stack. */
struct waiter {
	struct waiter *next;
	struct pg *pg;       /* handed to it; guarded by the pool's mu */
	pthread_cond_t over; /* with mu: it has one, or the pool was stopped */
};

struct pg_pool {
	pthread_mutex_t mu;
	struct pg **idle;             /* guarded by mu: a stack of idle_count */
	size_t idle_count;            /* guarded by mu; none was usable when who waits now came */
	struct waiter *first, **end;  /* guarded by mu: the queue of those who wait */
	struct pg_pool_counts counts; /* guarded by mu */
	bool stopped;                 /* guarded by mu */
	size_t size;
};

enum status pg_pool_open(struct pg_pool **out, size_t size, const struct pg_config *config,
			 struct error *err)
{
	struct pg_pool *pool = calloc(1, sizeof(*pool));
	enum status st = ST_OK;

	if (!pool || !(pool->idle = calloc(size, sizeof(struct pg *)))) {
		free(pool);
		return error_set(err, ST_INTERNAL, "out of memory");
	}
	(void)pthread_mutex_init(&pool->mu, NULL);
	pool->end = &pool->first;
	for (pool->size = size; st == ST_OK && pool->idle_count < size; pool->idle_count++)
		st = pg_open(&pool->idle[pool->idle_count], config, err);
	if (st != ST_OK) {
		pg_pool_close(pool);
		return st;
	}
	*out = pool;
	return ST_OK;
}

void pg_pool_close(struct pg_pool *pool)
{
	if (!pool)
		return;
	for (size_t i = 0; i < pool->idle_count; i++)
		pg_close(pool->idle[i]);
	(void)pthread_mutex_destroy(&pool->mu);
	free(pool->idle);
	free(pool);
}

/* --- waiting ------------------------------------------------------------------------------- */

/* With mu. */
static void join_queue(struct pg_pool *pool, struct waiter *waiter)
{
	*pool->end = waiter;
	pool->end = &waiter->next;
}

/* With mu. */
static void leave_queue(struct pg_pool *pool, const struct waiter *waiter)
{
	struct waiter **at = &pool->first;

	while (*at != waiter)
		at = &(*at)->next;
	*at = waiter->next;
	if (!*at)
		pool->end = at;
}

/* With mu. The latest of those that can be used; any, if none is in use that will come back. NULL:
 * there is none. */
static struct pg *pick(struct pg_pool *pool)
{
	size_t i = pool->idle_count;
	struct pg *pg;

	while (i > 0 && !pg_usable(pool->idle[i - 1]))
		i--;
	if (i == 0 && pool->counts.in_use == 0)
		i = pool->idle_count;
	if (i == 0)
		return NULL;
	pg = pool->idle[i - 1];
	memmove(&pool->idle[i - 1], &pool->idle[i], (pool->idle_count - i) * sizeof(struct pg *));
	pool->idle_count--;
	return pg;
}

/* With mu. */
static void serve(struct pg_pool *pool)
{
	struct waiter *next;
	struct pg *pg;

	while ((next = pool->first) && (pg = pick(pool))) {
		next->pg = pg;
		pool->counts.in_use++;
		leave_queue(pool, next);
		(void)pthread_cond_signal(&next->over);
	}
}

/* With mu. NULL: none came. */
static struct pg *wait_for_one(struct pg_pool *pool, int64_t wait_ms)
{
	struct waiter waiter = { 0 };
	const int64_t deadline = clock_mono_ms() + wait_ms;

	(void)pthread_cond_init(&waiter.over, NULL);
	join_queue(pool, &waiter);
	serve(pool);
	pool->counts.waiting++;
	while (!waiter.pg && !pool->stopped && clock_mono_ms() < deadline) {
		const int64_t left_ms = deadline - clock_mono_ms();
		const struct timespec look = clock_after_ms(left_ms < LOOK_MS ? left_ms : LOOK_MS);

		(void)pthread_cond_clockwait(&waiter.over, &pool->mu, CLOCK_MONOTONIC, &look);
		serve(pool);
	}
	pool->counts.waiting--;
	if (!waiter.pg) {
		leave_queue(pool, &waiter);
		pool->counts.timeouts += !pool->stopped;
	}
	(void)pthread_cond_destroy(&waiter.over);
	return waiter.pg;
}

enum status pg_pool_take(struct pg_pool *pool, int64_t wait_ms, struct pg **out, struct error *err)
{
	struct pg *pg = NULL;
	bool stopped;

	(void)pthread_mutex_lock(&pool->mu);
	if (!pool->stopped)
		pg = wait_for_one(pool, wait_ms);
	stopped = pool->stopped;
	(void)pthread_mutex_unlock(&pool->mu);
	*out = pg;
	if (pg)
		return ST_OK;
	if (stopped)
		return error_set(err, ST_UNAVAILABLE, "stopping");
	return error_set(err, ST_UNAVAILABLE,
			 "none of %zu database connections came free in %" PRId64 " ms", pool->size,
			 wait_ms);
}

void pg_pool_give(struct pg_pool *pool, struct pg *pg)
{
	(void)pthread_mutex_lock(&pool->mu);
	pool->counts.in_use--;
	pool->idle[pool->idle_count++] = pg;
	serve(pool);
	(void)pthread_mutex_unlock(&pool->mu);
}

void pg_pool_stop(struct pg_pool *pool)
{
	(void)pthread_mutex_lock(&pool->mu);
	pool->stopped = true;
	for (struct waiter *w = pool->first; w; w = w->next)
		(void)pthread_cond_signal(&w->over);
	(void)pthread_mutex_unlock(&pool->mu);
}

struct pg_pool_counts pg_pool_counts(struct pg_pool *pool)
{
	struct pg_pool_counts counts;

	(void)pthread_mutex_lock(&pool->mu);
	counts = pool->counts;
	(void)pthread_mutex_unlock(&pool->mu);
	return counts;
}

/* --- calls --------------------------------------------------------------------------------- */

enum status pg_pool_connect(struct pg_pool *pool, struct error *err)
{
	struct pg *pg = NULL;
	enum status st = pg_pool_take(pool, PG_POOL_WAIT_MS, &pg, err);

	if (st != ST_OK)
		return st;
	st = pg_connect(pg, err);
	pg_pool_give(pool, pg);
	return st;
}

enum status pg_pool_run(struct pg_pool *pool, struct pg_call *calls, size_t count,
			struct error *err)
{
	struct pg *pg = NULL;
	enum status st = pg_pool_take(pool, PG_POOL_WAIT_MS, &pg, err);

	if (st != ST_OK)
		return st;
	pg_deadline(pg, clock_mono_ms() + PG_POOL_RUN_MS);
	st = pg_run(pg, calls, count, err);
	pg_pool_give(pool, pg);
	return st;
}
