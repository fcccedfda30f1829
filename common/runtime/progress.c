#include "common/runtime/progress.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/runtime/clock.h"

#define IDLE INT64_MAX /* made in the far future */

void progress_init(struct progress *p, const char *name, int64_t bound_ms)
{
	p->name = name;
	p->bound_ms = bound_ms;
	p->busy = NULL;
	p->context = NULL;
	p->why[0] = '\0';
	p->held_mono_ms = 0;
	atomic_init(&p->made_mono_ms, clock_mono_ms());
	atomic_init(&p->turned_mono_ms, 0);
	(void)pthread_mutex_init(&p->mu, NULL);
}

void progress_fini(struct progress *p)
{
	(void)pthread_mutex_destroy(&p->mu);
}

void progress_when(struct progress *p, bool (*busy)(void *context), void *context)
{
	p->busy = busy;
	p->context = context;
}

void progress_made(struct progress *p)
{
	atomic_store_explicit(&p->made_mono_ms, clock_mono_ms(), memory_order_relaxed);
}

void progress_idle(struct progress *p)
{
	atomic_store_explicit(&p->made_mono_ms, IDLE, memory_order_relaxed);
}

void progress_begin(struct progress *p)
{
	int64_t idle = IDLE;

	(void)atomic_compare_exchange_strong(&p->made_mono_ms, &idle, clock_mono_ms());
}

void progress_held(struct progress *p, const char *why)
{
	(void)pthread_mutex_lock(&p->mu);
	(void)snprintf(p->why, sizeof(p->why), "%s", why);
	p->held_mono_ms = clock_mono_ms();
	(void)pthread_mutex_unlock(&p->mu);
}

void progress_turned(struct progress *p)
{
	atomic_store_explicit(&p->turned_mono_ms, clock_mono_ms(), memory_order_relaxed);
}

static int64_t last_held_mono_ms(struct progress *p)
{
	int64_t held;

	(void)pthread_mutex_lock(&p->mu);
	held = p->held_mono_ms;
	(void)pthread_mutex_unlock(&p->mu);
	return held;
}

bool progress_hangs(struct progress *p)
{
	int64_t sign = atomic_load(&p->turned_mono_ms), made = atomic_load(&p->made_mono_ms);
	int64_t held = last_held_mono_ms(p);

	if (sign == 0 || made == IDLE)
		return false;
	if (made > sign)
		sign = made;
	if (held > sign)
		sign = held;
	return clock_mono_ms() - sign > PROGRESS_HANG * p->bound_ms;
}

int64_t progress_age_ms(const struct progress *p)
{
	int64_t made = atomic_load_explicit(&p->made_mono_ms, memory_order_relaxed);
	int64_t now = clock_mono_ms();

	if (p->busy && !p->busy(p->context))
		return 0;
	return made < now ? now - made : 0;
}

bool progress_stands_still(struct progress *p, struct strbuf *text)
{
	int64_t age = progress_age_ms(p);

	if (age <= p->bound_ms)
		return false;
	strbuf_printf(text, "%s: nothing done for %" PRId64 " s", p->name, age / 1000);
	(void)pthread_mutex_lock(&p->mu);
	/* A reason from before the last progress is another one's. */
	if (p->held_mono_ms >= atomic_load(&p->made_mono_ms) && p->why[0])
		strbuf_printf(text, ": %s", p->why);
	(void)pthread_mutex_unlock(&p->mu);
	return true;
}
