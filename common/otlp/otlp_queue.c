#include "common/otlp/otlp_queue.h"

#include <stdlib.h>
#include <time.h>

#include "common/runtime/clock.h"

void otlp_queue_init(struct otlp_queue *q)
{
	*q = (struct otlp_queue){ .first = NULL };
	q->end = &q->first;
	(void)pthread_cond_init(&q->changed, NULL);
	(void)pthread_mutex_init(&q->mu, NULL);
}

void otlp_queue_fini(struct otlp_queue *q)
{
	(void)pthread_cond_destroy(&q->changed);
	(void)pthread_mutex_destroy(&q->mu);
	otlp_queue_free(q->first);
}

bool otlp_queue_push(struct otlp_queue *q, struct otlp_ended *span)
{
	bool room;

	(void)pthread_mutex_lock(&q->mu);
	room = q->count < OTLP_QUEUE_MAX;
	if (room) {
		*q->end = span;
		q->end = &span->next;
		if (++q->count == OTLP_BATCH_MAX)
			(void)pthread_cond_signal(&q->changed);
	}
	(void)pthread_mutex_unlock(&q->mu);
	return room;
}

struct otlp_ended *otlp_queue_take(struct otlp_queue *q, size_t *count)
{
	struct otlp_ended *list, **end = &list;

	(void)pthread_mutex_lock(&q->mu);
	list = q->first;
	for (*count = 0; *end && *count < OTLP_BATCH_MAX; ++*count)
		end = &(*end)->next;
	q->first = *end;
	if (!q->first)
		q->end = &q->first;
	q->count -= *count;
	*end = NULL;
	(void)pthread_mutex_unlock(&q->mu);
	return list;
}

void otlp_queue_free(struct otlp_ended *list)
{
	while (list) {
		struct otlp_ended *next = list->next;

		free(list);
		list = next;
	}
}

bool otlp_queue_wait(struct otlp_queue *q, int64_t ms, bool batch)
{
	const struct timespec end = clock_after_ms(ms);
	bool stopping;

	(void)pthread_mutex_lock(&q->mu);
	while (!q->stopping && !(batch && q->count >= OTLP_BATCH_MAX) &&
	       pthread_cond_clockwait(&q->changed, &q->mu, CLOCK_MONOTONIC, &end) == 0)
		;
	stopping = q->stopping;
	(void)pthread_mutex_unlock(&q->mu);
	return stopping;
}

void otlp_queue_stop(struct otlp_queue *q)
{
	(void)pthread_mutex_lock(&q->mu);
	q->stopping = true;
	(void)pthread_cond_signal(&q->changed);
	(void)pthread_mutex_unlock(&q->mu);
}

size_t otlp_queue_count(struct otlp_queue *q)
{
	size_t count;

	(void)pthread_mutex_lock(&q->mu);
	count = q->count;
	(void)pthread_mutex_unlock(&q->mu);
	return count;
}
