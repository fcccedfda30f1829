#include "delivery-service/work/worker_pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <utlist.h>

/* An item's work: queued until its last part is taken, working until its last part is done. */
struct ticket {
	struct simulated_work work; /* first: its owner has a pointer to it */
	void *item;
	int parts_taken, parts_done;
	struct ticket *prev, *next;
};

struct worker_pool {
	struct worker_pool_config config;
	pthread_t *threads;
	int thread_count;
	pthread_mutex_t lock; /* over all that follows */
	pthread_cond_t more;
	struct ticket *queued, *working, *done; /* FIFO */
	bool closing;
};

/* Waits for a part. NULL: the pool is closing. */
static struct ticket *take_part(struct worker_pool *pool, int *part)
{
	struct ticket *ticket;

	while (!pool->queued && !pool->closing)
		(void)pthread_cond_wait(&pool->more, &pool->lock);
	if (pool->closing)
		return NULL;
	ticket = pool->queued;
	*part = ticket->parts_taken++;
	if (ticket->parts_taken == pool->config.parts) {
		DL_DELETE(pool->queued, ticket);
		DL_APPEND(pool->working, ticket);
	}
	return ticket;
}

static void finish_part(struct worker_pool *pool, struct ticket *ticket)
{
	progress_made(pool->config.progress);
	if (++ticket->parts_done < pool->config.parts)
		return;
	DL_DELETE(pool->working, ticket);
	DL_APPEND(pool->done, ticket);
	if (!pool->queued && !pool->working)
		progress_idle(pool->config.progress);
	pool->config.wake(pool->config.context);
}

static void *thread_main(void *arg)
{
	struct worker_pool *pool = arg;
	struct ticket *ticket;
	int part;

	(void)pthread_mutex_lock(&pool->lock);
	while ((ticket = take_part(pool, &part))) {
		(void)pthread_mutex_unlock(&pool->lock);
		(void)pool->config.do_part(&ticket->work, part, pool->config.parts);
		(void)pthread_mutex_lock(&pool->lock);
		finish_part(pool, ticket);
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return NULL;
}

enum status worker_pool_open(struct worker_pool **out, const struct worker_pool_config *config,
			     struct error *err)
{
	struct worker_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return error_set(err, ST_INTERNAL, "out of memory");
	pool->config = *config;
	progress_idle(config->progress);
	(void)pthread_mutex_init(&pool->lock, NULL);
	(void)pthread_cond_init(&pool->more, NULL);
	pool->threads = calloc((size_t)config->threads, sizeof(*pool->threads));
	while (pool->threads && pool->thread_count < config->threads &&
	       pthread_create(&pool->threads[pool->thread_count], NULL, thread_main, pool) == 0)
		pool->thread_count++;
	if (pool->thread_count < config->threads) {
		worker_pool_close(pool);
		return error_set(err, ST_INTERNAL, "cannot start %d worker threads",
				 config->threads);
	}
	*out = pool;
	return ST_OK;
}

static void cancel_all(struct ticket *list)
{
	for (struct ticket *ticket = list; ticket; ticket = ticket->next)
		simulated_work_cancel(&ticket->work);
}

static void free_all(struct ticket *list)
{
	while (list) {
		struct ticket *ticket = list;

		DL_DELETE(list, ticket);
		free(ticket);
	}
}

void worker_pool_close(struct worker_pool *pool)
{
	if (!pool)
		return;
	(void)pthread_mutex_lock(&pool->lock);
	pool->closing = true;
	cancel_all(pool->queued); /* some of its parts may be in work */
	cancel_all(pool->working);
	(void)pthread_cond_broadcast(&pool->more);
	(void)pthread_mutex_unlock(&pool->lock);
	while (pool->thread_count > 0)
		(void)pthread_join(pool->threads[--pool->thread_count], NULL);
	free_all(pool->queued);
	free_all(pool->done);
	(void)pthread_cond_destroy(&pool->more);
	(void)pthread_mutex_destroy(&pool->lock);
	progress_idle(pool->config.progress);
	free(pool->threads);
	free(pool);
}

struct simulated_work *worker_pool_submit(struct worker_pool *pool, void *item)
{
	struct ticket *ticket = malloc(sizeof(*ticket));

	if (!ticket)
		return NULL;
	*ticket = (struct ticket){ .work = { .kind = pool->config.kind, .ms = pool->config.ms },
				   .item = item };
	(void)pthread_mutex_lock(&pool->lock);
	DL_APPEND(pool->queued, ticket);
	progress_begin(pool->config.progress);
	if (pool->config.parts == 1)
		(void)pthread_cond_signal(&pool->more);
	else
		(void)pthread_cond_broadcast(&pool->more);
	(void)pthread_mutex_unlock(&pool->lock);
	return &ticket->work;
}

void *worker_pool_done(struct worker_pool *pool)
{
	struct ticket *ticket;
	void *item = NULL;

	(void)pthread_mutex_lock(&pool->lock);
	while (!item && (ticket = pool->done)) {
		DL_DELETE(pool->done, ticket);
		if (!atomic_load(&ticket->work.cancelled))
			item = ticket->item;
		free(ticket);
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return item;
}
