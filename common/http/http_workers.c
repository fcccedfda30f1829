#include "common/http/http_workers.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#define STACK_BYTES ((size_t)256 * 1024)

struct queue {
	struct http_job *first, **end;
};

struct http_workers {
	void (*run)(struct http_job *job);
	pthread_mutex_t mu;
	pthread_cond_t work, health; /* a job came for the threads of that kind */
	/* guarded by mu */
	struct queue queues[HTTP_LANES];
	int64_t number, waiting;
	int64_t heavy, heavy_max; /* threads that do heavy work */
	bool closed;
	/* those of health come first */
	int64_t thread_count;
	pthread_t threads[];
};

static void put(struct queue *queue, struct http_job *job)
{
	job->next = NULL;
	*queue->end = job;
	queue->end = &job->next;
}

static struct http_job *take(struct http_workers *w, enum http_lane lane)
{
	struct queue *queue = &w->queues[lane];
	struct http_job *job = queue->first;

	queue->first = job->next;
	if (!queue->first)
		queue->end = &queue->first;
	w->waiting--;
	return job;
}

/* The older of what may be done now. NULL: nothing. */
static struct http_job *take_work(struct http_workers *w, bool *heavy)
{
	const struct http_job *light = w->queues[HTTP_ON_WORKER].first;
	const struct http_job *heavy_first = w->heavy < w->heavy_max ? w->queues[HTTP_HEAVY].first
								     : NULL;

	*heavy = heavy_first && (!light || heavy_first->number < light->number);
	w->heavy += *heavy;
	if (*heavy)
		return take(w, HTTP_HEAVY);
	return light ? take(w, HTTP_ON_WORKER) : NULL;
}

static struct http_job *take_health(struct http_workers *w, bool *heavy)
{
	(void)heavy;
	return w->queues[HTTP_HEALTH].first ? take(w, HTTP_HEALTH) : NULL;
}

/* Runs what next gives, and waits for came when there is nothing, until all is closed. */
static void run_jobs(struct http_workers *w, pthread_cond_t *came,
		     struct http_job *(*next)(struct http_workers *w, bool *heavy))
{
	(void)pthread_mutex_lock(&w->mu);
	for (;;) {
		bool heavy = false;
		struct http_job *job = next(w, &heavy);

		if (!job && w->closed)
			break;
		if (!job) {
			(void)pthread_cond_wait(came, &w->mu);
			continue;
		}
		(void)pthread_mutex_unlock(&w->mu);
		w->run(job);
		(void)pthread_mutex_lock(&w->mu);
		w->heavy -= heavy;
	}
	(void)pthread_mutex_unlock(&w->mu);
}

static void *work_main(void *arg)
{
	struct http_workers *w = arg;

	run_jobs(w, &w->work, take_work);
	return NULL;
}

static void *health_main(void *arg)
{
	struct http_workers *w = arg;

	run_jobs(w, &w->health, take_health);
	return NULL;
}

void http_workers_submit(struct http_workers *w, enum http_lane lane, struct http_job *job)
{
	(void)pthread_mutex_lock(&w->mu);
	job->number = w->number++;
	w->waiting++;
	put(&w->queues[lane], job);
	(void)pthread_mutex_unlock(&w->mu);
	(void)pthread_cond_signal(lane == HTTP_HEALTH ? &w->health : &w->work);
}

int64_t http_workers_waiting(struct http_workers *w)
{
	int64_t waiting;

	(void)pthread_mutex_lock(&w->mu);
	waiting = w->waiting;
	(void)pthread_mutex_unlock(&w->mu);
	return waiting;
}

bool http_workers_light_wait(struct http_workers *w)
{
	bool wait;

	(void)pthread_mutex_lock(&w->mu);
	wait = w->queues[HTTP_ON_WORKER].first;
	(void)pthread_mutex_unlock(&w->mu);
	return wait;
}

/* --- open and close ------------------------------------------------------------------------ */

static bool start(struct http_workers *w, int64_t count)
{
	pthread_attr_t attributes;

	(void)pthread_attr_init(&attributes);
	(void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
	while (w->thread_count < count &&
	       pthread_create(&w->threads[w->thread_count], &attributes,
			      w->thread_count < HTTP_WORKERS_HEALTH ? health_main : work_main,
			      w) == 0)
		w->thread_count++;
	(void)pthread_attr_destroy(&attributes);
	return w->thread_count == count;
}

enum status http_workers_open(struct http_workers **out, int64_t threads,
			      void (*run)(struct http_job *job), struct error *err)
{
	int64_t count = threads + HTTP_WORKERS_HEALTH;
	struct http_workers *w = calloc(1, sizeof(*w) + (size_t)count * sizeof(w->threads[0]));

	if (!w)
		return error_set(err, ST_INTERNAL, "out of memory");
	w->run = run;
	w->heavy_max = threads > 1 ? threads / 2 : 1;
	(void)pthread_mutex_init(&w->mu, NULL);
	(void)pthread_cond_init(&w->work, NULL);
	(void)pthread_cond_init(&w->health, NULL);
	for (size_t i = 0; i < HTTP_LANES; i++)
		w->queues[i].end = &w->queues[i].first;
	if (!start(w, count)) {
		http_workers_close(w);
		return error_set(err, ST_INTERNAL, "cannot start %d threads", (int)count);
	}
	*out = w;
	return ST_OK;
}

void http_workers_close(struct http_workers *w)
{
	if (!w)
		return;
	(void)pthread_mutex_lock(&w->mu);
	w->closed = true;
	(void)pthread_mutex_unlock(&w->mu);
	(void)pthread_cond_broadcast(&w->work);
	(void)pthread_cond_broadcast(&w->health);
	for (int64_t i = 0; i < w->thread_count; i++)
		(void)pthread_join(w->threads[i], NULL);
	(void)pthread_cond_destroy(&w->work);
	(void)pthread_cond_destroy(&w->health);
	(void)pthread_mutex_destroy(&w->mu);
	free(w);
}
