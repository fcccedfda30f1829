#include "delivery-service/work_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <utlist.h>

struct work {
	void *item;
	int64_t cpu_ms;
	_Atomic bool cancelled;
	struct work *prev, *next;
};

struct work_pool {
	struct work_pool_config config;
	pthread_t *threads;
	int thread_count;
	pthread_mutex_t lock; /* over the lists */
	pthread_cond_t more;
	struct work *queued, *done; /* FIFO */
	_Atomic bool closing;
};

static int64_t computed_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Computes something that nobody needs, about a microsecond at a time. */
static void compute(const struct work_pool *pool, const struct work *work)
{
	int64_t end = computed_ns() + work->cpu_ms * 1000000;
	volatile unsigned value = 1;

	while (computed_ns() < end && !atomic_load(&work->cancelled) &&
	       !atomic_load(&pool->closing)) {
		for (int i = 0; i < 1000; i++)
			value = value * 1664525u + 1013904223u;
	}
}

static struct work *take_queued(struct work_pool *pool)
{
	struct work *work;

	while (!pool->queued && !atomic_load(&pool->closing))
		(void)pthread_cond_wait(&pool->more, &pool->lock);
	if (atomic_load(&pool->closing))
		return NULL;
	work = pool->queued;
	DL_DELETE(pool->queued, work);
	return work;
}

static void *thread_main(void *arg)
{
	struct work_pool *pool = arg;
	struct work *work;

	(void)pthread_mutex_lock(&pool->lock);
	while ((work = take_queued(pool))) {
		(void)pthread_mutex_unlock(&pool->lock);
		compute(pool, work);
		(void)pthread_mutex_lock(&pool->lock);
		DL_APPEND(pool->done, work);
		pool->config.wake(pool->config.context);
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return NULL;
}

enum status work_pool_open(struct work_pool **out, const struct work_pool_config *config,
			   struct error *err)
{
	struct work_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return error_set(err, ST_INTERNAL, "out of memory");
	pool->config = *config;
	(void)pthread_mutex_init(&pool->lock, NULL);
	(void)pthread_cond_init(&pool->more, NULL);
	pool->threads = calloc((size_t)config->threads, sizeof(*pool->threads));
	while (pool->threads && pool->thread_count < config->threads &&
	       pthread_create(&pool->threads[pool->thread_count], NULL, thread_main, pool) == 0)
		pool->thread_count++;
	if (pool->thread_count < config->threads) {
		work_pool_close(pool);
		return error_set(err, ST_INTERNAL, "cannot start %d worker threads",
				 config->threads);
	}
	*out = pool;
	return ST_OK;
}

static void free_all(struct work *list)
{
	while (list) {
		struct work *work = list;

		DL_DELETE(list, work);
		free(work);
	}
}

void work_pool_close(struct work_pool *pool)
{
	if (!pool)
		return;
	(void)pthread_mutex_lock(&pool->lock);
	atomic_store(&pool->closing, true);
	(void)pthread_cond_broadcast(&pool->more);
	(void)pthread_mutex_unlock(&pool->lock);
	while (pool->thread_count > 0)
		(void)pthread_join(pool->threads[--pool->thread_count], NULL);
	free_all(pool->queued);
	free_all(pool->done);
	(void)pthread_cond_destroy(&pool->more);
	(void)pthread_mutex_destroy(&pool->lock);
	free(pool->threads);
	free(pool);
}

struct work *work_pool_submit(struct work_pool *pool, void *item, int64_t cpu_ms)
{
	struct work *work = malloc(sizeof(*work));

	if (!work)
		return NULL;
	*work = (struct work){ .item = item, .cpu_ms = cpu_ms };
	(void)pthread_mutex_lock(&pool->lock);
	DL_APPEND(pool->queued, work);
	(void)pthread_cond_signal(&pool->more);
	(void)pthread_mutex_unlock(&pool->lock);
	return work;
}

void work_cancel(struct work *work)
{
	atomic_store(&work->cancelled, true);
}

void *work_pool_done(struct work_pool *pool)
{
	struct work *work;
	void *item = NULL;

	(void)pthread_mutex_lock(&pool->lock);
	while (!item && (work = pool->done)) {
		DL_DELETE(pool->done, work);
		if (!atomic_load(&work->cancelled))
			item = work->item;
		free(work);
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return item;
}
