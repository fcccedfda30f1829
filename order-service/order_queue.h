/*
 * A queue of commands between threads, first in, first out.
 *
 * Threads: any; close once, and fini after the last call.
 */
#ifndef ORDER_SERVICE_ORDER_QUEUE_H
#define ORDER_SERVICE_ORDER_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "order-service/core/order_command.h"

struct order_queue {
	pthread_mutex_t mu;
	pthread_cond_t changed;             /* with mu: no longer empty, or closed */
	struct order_command *first, **end; /* guarded by mu; borrowed */
	int64_t count;                      /* guarded by mu */
	bool closed;                        /* guarded by mu */
};

void order_queue_init(struct order_queue *queue);
void order_queue_fini(struct order_queue *queue);

/* Appends count commands, or none if more than max would be in the queue: false. */
bool order_queue_put(struct order_queue *queue, struct order_command **commands, size_t count,
		     int64_t max);

/* Waits for commands, up to wait_ms. False: none came. Closed: true. */
bool order_queue_wait(struct order_queue *queue, int64_t wait_ms);

/* Waits for commands and takes up to max of them. 0: closed, and nothing is left. */
size_t order_queue_take(struct order_queue *queue, struct order_command **commands, size_t max);

/* Nothing more will be put. */
void order_queue_close(struct order_queue *queue);

int64_t order_queue_count(struct order_queue *queue);

#endif
