#include "common/service/health_asker.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/runtime/clock.h"

#define WHY_MAX 200

struct health_asker {
	const char *name;
	health_ask *ask;
	void *context;
	pthread_t thread;
	pthread_mutex_t mu;
	pthread_cond_t asked, answered;
	/* guarded by mu */
	bool closing;
	int64_t wanted, running, done; /* numbers of questions; running: being asked, if > done */
	int64_t since_mono_ms;         /* when the one that is running was asked */
	bool ok;                       /* the answer to done ... */
	char why[WHY_MAX];             /* ... and its reason */
};

/* With mu held; asks without it. */
static void ask_once(struct health_asker *a)
{
	char text[WHY_MAX] = "";
	struct strbuf why = STRBUF_ON(text);
	bool ok;

	a->running = a->wanted;
	a->since_mono_ms = clock_mono_ms();
	(void)pthread_mutex_unlock(&a->mu);
	ok = a->ask(a->context, &why);
	(void)pthread_mutex_lock(&a->mu);
	a->ok = ok;
	(void)snprintf(a->why, sizeof(a->why), "%s", text);
	a->done = a->running;
	(void)pthread_cond_broadcast(&a->answered);
}

static void *thread_main(void *arg)
{
	struct health_asker *a = arg;

	(void)pthread_mutex_lock(&a->mu);
	while (!a->closing) {
		if (a->wanted > a->done)
			ask_once(a);
		else
			(void)pthread_cond_wait(&a->asked, &a->mu);
	}
	(void)pthread_mutex_unlock(&a->mu);
	return NULL;
}

static void release(struct health_asker *a)
{
	(void)pthread_cond_destroy(&a->answered);
	(void)pthread_cond_destroy(&a->asked);
	(void)pthread_mutex_destroy(&a->mu);
	free(a);
}

enum status health_asker_open(struct health_asker **out, const char *name, health_ask *ask,
			      void *context, struct error *err)
{
	struct health_asker *a = calloc(1, sizeof(*a));

	if (!a)
		return error_set(err, ST_INTERNAL, "out of memory");
	a->name = name;
	a->ask = ask;
	a->context = context;
	(void)pthread_mutex_init(&a->mu, NULL);
	(void)pthread_cond_init(&a->asked, NULL);
	(void)pthread_cond_init(&a->answered, NULL);
	if (pthread_create(&a->thread, NULL, thread_main, a) != 0) {
		release(a);
		return error_set(err, ST_INTERNAL, "cannot start a thread for a check");
	}
	*out = a;
	return ST_OK;
}

void health_asker_close(struct health_asker *a)
{
	if (!a)
		return;
	(void)pthread_mutex_lock(&a->mu);
	a->closing = true;
	(void)pthread_cond_signal(&a->asked);
	(void)pthread_mutex_unlock(&a->mu);
	(void)pthread_join(a->thread, NULL);
	release(a);
}

int64_t health_asker_begin(struct health_asker *a)
{
	int64_t number;

	(void)pthread_mutex_lock(&a->mu);
	if (a->running == a->done)
		a->since_mono_ms = clock_mono_ms();
	/* One that is running began before this question. */
	if (a->wanted == a->running)
		a->wanted++;
	number = a->wanted;
	(void)pthread_cond_signal(&a->asked);
	(void)pthread_mutex_unlock(&a->mu);
	return number;
}

static bool hangs(const struct health_asker *a)
{
	return a->running > a->done &&
	       clock_mono_ms() - a->since_mono_ms > HEALTH_ASKER_PATIENCE_MS;
}

static void await_answer(struct health_asker *a, int64_t number, int64_t deadline_mono_ms)
{
	const struct timespec until = { .tv_sec = deadline_mono_ms / 1000,
					.tv_nsec = deadline_mono_ms % 1000 * 1000000 };

	while (a->done < number && !hangs(a) &&
	       pthread_cond_clockwait(&a->answered, &a->mu, CLOCK_MONOTONIC, &until) == 0)
		;
}

static void tell(const struct health_asker *a, bool answered, struct strbuf *why)
{
	if (!answered)
		strbuf_printf(why, "%s: no answer for %" PRId64 " s", a->name,
			      (clock_mono_ms() - a->since_mono_ms) / 1000);
	else if (a->why[0])
		strbuf_printf(why, "%s: %s", a->name, a->why);
}

bool health_asker_end(struct health_asker *a, int64_t number, int64_t deadline_mono_ms,
		      struct strbuf *why)
{
	bool ok;

	(void)pthread_mutex_lock(&a->mu);
	await_answer(a, number, deadline_mono_ms);
	ok = a->done >= number && a->ok;
	if (!ok)
		tell(a, a->done >= number, why);
	(void)pthread_mutex_unlock(&a->mu);
	return ok;
}
