#include "common/pg/pg_pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/runtime/clock.h"

#define TAKE_TIMEOUT_S 3

struct pg_pool {
	pthread_mutex_t mu;
	pthread_cond_t freed;
	struct pg **idle;  /* guarded by mu: a stack of idle_count */
	size_t idle_count; /* guarded by mu */
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
	(void)pthread_cond_init(&pool->freed, NULL);
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
	(void)pthread_cond_destroy(&pool->freed);
	(void)pthread_mutex_destroy(&pool->mu);
	free(pool->idle);
	free(pool);
}

static struct pg *take(struct pg_pool *pool)
{
	struct timespec deadline;
	struct pg *pg = NULL;

	(void)clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += TAKE_TIMEOUT_S;
	(void)pthread_mutex_lock(&pool->mu);
	while (pool->idle_count == 0 &&
	       pthread_cond_clockwait(&pool->freed, &pool->mu, CLOCK_MONOTONIC, &deadline) == 0)
		;
	if (pool->idle_count > 0)
		pg = pool->idle[--pool->idle_count];
	(void)pthread_mutex_unlock(&pool->mu);
	return pg;
}

static void give(struct pg_pool *pool, struct pg *pg)
{
	(void)pthread_mutex_lock(&pool->mu);
	pool->idle[pool->idle_count++] = pg;
	(void)pthread_cond_signal(&pool->freed);
	(void)pthread_mutex_unlock(&pool->mu);
}

static enum status busy(const struct pg_pool *pool, struct error *err)
{
	return error_set(err, ST_UNAVAILABLE, "all %zu database connections are busy", pool->size);
}

enum status pg_pool_connect(struct pg_pool *pool, struct error *err)
{
	struct pg *pg = take(pool);
	enum status st;

	if (!pg)
		return busy(pool, err);
	st = pg_connect(pg, err);
	give(pool, pg);
	return st;
}

enum status pg_pool_run(struct pg_pool *pool, struct pg_call *calls, size_t count,
			struct error *err)
{
	struct pg *pg = take(pool);
	enum status st;

	if (!pg)
		return busy(pool, err);
	pg_deadline(pg, clock_mono_ms() + PG_POOL_RUN_MS);
	st = pg_run(pg, calls, count, err);
	give(pool, pg);
	return st;
}
