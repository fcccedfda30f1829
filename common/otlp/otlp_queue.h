/*
 * Spans that have ended and wait to be sent, as text, in a bounded list.
 *
 * Threads: push and count any; the rest of the one that sends, but stop of the one that closes.
 */
#ifndef COMMON_OTLP_OTLP_QUEUE_H
#define COMMON_OTLP_OTLP_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OTLP_QUEUE_MAX 4096
#define OTLP_BATCH_MAX 512

struct otlp_ended {
	struct otlp_ended *next;
	size_t len;
	char text[];
};

struct otlp_queue {
	pthread_mutex_t mu;
	pthread_cond_t changed; /* a whole batch is there, or stopping */
	/* guarded by mu */
	struct otlp_ended *first, **end;
	size_t count;
	bool stopping;
};

void otlp_queue_init(struct otlp_queue *queue);
void otlp_queue_fini(struct otlp_queue *queue);

/* Takes span. False: there is no room, span stays the caller's. It never waits for the sender. */
bool otlp_queue_push(struct otlp_queue *queue, struct otlp_ended *span);

/* The first spans, OTLP_BATCH_MAX at most; the caller's. NULL: there are none. */
struct otlp_ended *otlp_queue_take(struct otlp_queue *queue, size_t *count);
void otlp_queue_free(struct otlp_ended *list);

/* Waits for up to ms, or until it is to stop, or (batch) a batch is there. True: it is to stop. */
bool otlp_queue_wait(struct otlp_queue *queue, int64_t ms, bool batch);
void otlp_queue_stop(struct otlp_queue *queue);

size_t otlp_queue_count(struct otlp_queue *queue);

#endif
