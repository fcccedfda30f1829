/*
 * Threads that work: DELIVERY_WORK=cpu. Work takes a thread for a time of its own computing, not
 * of the clock; what waits for a thread is worked in the order it came.
 *
 * Work that is cancelled never comes back, so its item may be freed at once: the pool hands items
 * back and does not look at them.
 *
 * Threads: one owner; wake is called on the pool's threads.
 */
#ifndef DELIVERY_SERVICE_WORK_POOL_H
#define DELIVERY_SERVICE_WORK_POOL_H

#include <stdint.h>

#include "common/error.h"

struct work_pool;
struct work;

struct work_pool_config {
	int threads;
	/* Some work is done: work_pool_done has something. */
	void (*wake)(void *context);
	void *context;
};

/* Returns owned. */
MUST_CHECK enum status work_pool_open(struct work_pool **out, const struct work_pool_config *config,
				      struct error *err);
/* Cancels all; what is being worked ends within a moment. */
void work_pool_close(struct work_pool *pool);

/* cpu_ms of computing for item (borrowed). Valid until cancelled or handed back; NULL: out of
 * memory. */
struct work *work_pool_submit(struct work_pool *pool, void *item, int64_t cpu_ms);
void work_cancel(struct work *work);

/* The next item whose work is done; NULL: none. */
void *work_pool_done(struct work_pool *pool);

#endif
