#include "order-service/order_queue.h"

#include <time.h>

#include "common/runtime/clock.h"

void order_queue_init(struct order_queue *q)
{
	(void)pthread_mutex_init(&q->mu, NULL);
	(void)pthread_cond_init(&q->changed, NULL);
	q->first = NULL;
	q->end = &q->first;
	q->count = 0;
	q->closed = false;
}

void order_queue_fini(struct order_queue *q)
{
	(void)pthread_cond_destroy(&q->changed);
	(void)pthread_mutex_destroy(&q->mu);
}

bool order_queue_put(struct order_queue *q, struct order_command **commands, size_t count,
		     int64_t max)
{
	bool was_empty, room;

	(void)pthread_mutex_lock(&q->mu);
	was_empty = !q->first;
	room = q->count + (int64_t)count <= max;
	for (size_t i = 0; room && i < count; i++) {
		commands[i]->next = NULL;
		*q->end = commands[i];
		q->end = &commands[i]->next;
		q->count++;
	}
	(void)pthread_mutex_unlock(&q->mu);
	if (was_empty)
		(void)pthread_cond_signal(&q->changed);
	return room;
}

bool order_queue_wait(struct order_queue *q, int64_t wait_ms)
{
	const struct timespec deadline = clock_after_ms(wait_ms);
	bool came;

	(void)pthread_mutex_lock(&q->mu);
	while (!q->first && !q->closed &&
	       pthread_cond_clockwait(&q->changed, &q->mu, CLOCK_MONOTONIC, &deadline) == 0)
		;
	came = q->first || q->closed;
	(void)pthread_mutex_unlock(&q->mu);
	return came;
}

size_t order_queue_take(struct order_queue *q, struct order_command **commands, size_t max)
{
	size_t n = 0;

	(void)pthread_mutex_lock(&q->mu);
	while (!q->first && !q->closed)
		(void)pthread_cond_wait(&q->changed, &q->mu);
	while (q->first && n < max) {
		commands[n++] = q->first;
		q->first = q->first->next;
	}
	if (!q->first)
		q->end = &q->first;
	q->count -= (int64_t)n;
	(void)pthread_mutex_unlock(&q->mu);
	return n;
}

void order_queue_close(struct order_queue *q)
{
	(void)pthread_mutex_lock(&q->mu);
	q->closed = true;
	(void)pthread_cond_signal(&q->changed);
	(void)pthread_mutex_unlock(&q->mu);
}

int64_t order_queue_count(struct order_queue *q)
{
	int64_t count;

	(void)pthread_mutex_lock(&q->mu);
	count = q->count;
	(void)pthread_mutex_unlock(&q->mu);
	return count;
}
