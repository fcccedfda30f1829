/*
 * Threads that work (see simulated_work.h). What waits for a thread is done in the order it came. A
 * piece of work can be split: its parts are then done by as many threads, and it is done when its
 * last part is.
 *
 * Work that is cancelled never comes back, so its item may be freed at once: the pool hands items
 * back and does not look at them.
 *
 * Threads: one owner; do_part and wake are called on the pool's threads.
 */
#ifndef DELIVERY_SERVICE_WORK_WORKER_POOL_H
#define DELIVERY_SERVICE_WORK_WORKER_POOL_H

#include "common/base/error.h"
#include "common/runtime/progress.h"
#include "delivery-service/work/simulated_work.h"

struct worker_pool;

struct worker_pool_config {
	enum simulated_work_kind kind; /* what every item takes ... */
	int64_t ms;
	int parts; /* ... in how many parts: 1 is whole */
	int threads;
	bool (*do_part)(const struct simulated_work *work, int part,
			int parts); /* simulated_work_do */
	/* Some work is done: worker_pool_done has something. */
	void (*wake)(void *context);
	void *context;
	struct progress *progress; /* borrowed; idle without work */
};

/* *out: owned. ST_INTERNAL: no memory, or not so many threads. */
MUST_CHECK enum status worker_pool_open(struct worker_pool **out,
					const struct worker_pool_config *config, struct error *err);
/* Cancels all; what is in progress ends within a moment. */
void worker_pool_close(struct worker_pool *pool);

/* The work of item (borrowed). Valid until cancelled or handed back; NULL: out of memory. */
struct simulated_work *worker_pool_submit(struct worker_pool *pool, void *item);

/* The next item whose work is done; NULL: none. */
void *worker_pool_done(struct worker_pool *pool);

#endif
