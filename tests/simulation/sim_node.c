#include "tests/simulation/sim_node.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "tests/simulation/sim_world.h"

#ifdef SIM_ASAN
#include <sanitizer/common_interface_defs.h>
#define STACK_BYTES (4 << 20)
#else
#define STACK_BYTES (1 << 20)
#endif

struct sim_task {
	struct sim_node *node;
	struct sim_task *next;
	int life;
	ucontext_t context;
	void *stack;
	void (*body)(void *argument);
	void *argument;
	uint64_t wait; /* number of its current wait */
	bool waiting;  /* ... */
	bool woken;    /* before it waits */
	int64_t spent_us;
};

/* What a task's wake-up is: of this wait, no later one. */
struct wake_up {
	struct sim_task *task;
	uint64_t wait;
};

static struct scheduler {
	struct sim_task *current;
	ucontext_t context;
#ifdef SIM_ASAN
	const void *stack;
	size_t stack_bytes;
#endif
} scheduler;

bool sim_node_is_stopped(const struct sim_node *n)
{
	return n->stopped_until_us > sim_world_now_us();
}

bool sim_node_is_cut(const int64_t until_us[2], enum sim_way way)
{
	return until_us[way] > sim_world_now_us();
}

bool sim_node_pg_is_cut(const struct sim_node *n)
{
	return sim_node_is_cut(n->pg_cut_until_us, SIM_TO) ||
	       sim_node_is_cut(n->pg_cut_until_us, SIM_FROM);
}

bool sim_node_kafka_is_cut(const struct sim_node *n)
{
	return sim_node_is_cut(n->kafka_cut_until_us, SIM_TO) ||
	       sim_node_is_cut(n->kafka_cut_until_us, SIM_FROM);
}

struct sim_task *sim_node_current_task(void)
{
	return scheduler.current;
}

struct sim_node *sim_node_current(void)
{
	return scheduler.current ? scheduler.current->node : NULL;
}

/* --- switching ----------------------------------------------------------------------------- */

static void switch_to_task(struct sim_task *t)
{
#ifdef SIM_ASAN
	void *fake = NULL;

	__sanitizer_start_switch_fiber(&fake, t->stack, STACK_BYTES);
#endif
	scheduler.current = t;
	(void)swapcontext(&scheduler.context, &t->context);
	scheduler.current = NULL;
#ifdef SIM_ASAN
	__sanitizer_finish_switch_fiber(fake, NULL, NULL);
#endif
}

static void switch_to_scheduler(struct sim_task *t)
{
#ifdef SIM_ASAN
	void *fake = NULL;

	__sanitizer_start_switch_fiber(&fake, scheduler.stack, scheduler.stack_bytes);
#endif
	(void)swapcontext(&t->context, &scheduler.context);
#ifdef SIM_ASAN
	__sanitizer_finish_switch_fiber(fake, &scheduler.stack, &scheduler.stack_bytes);
#endif
}

static void run_body(void)
{
	struct sim_task *t = scheduler.current;

#ifdef SIM_ASAN
	__sanitizer_finish_switch_fiber(NULL, &scheduler.stack, &scheduler.stack_bytes);
#endif
	t->body(t->argument);
	for (;;) { /* ended: nobody wakes it */
		t->wait++;
		t->waiting = false;
		switch_to_scheduler(t);
	}
}

static void wake_up_now(void *argument)
{
	struct wake_up *w = argument;
	struct sim_task *t = w->task;
	bool valid = t->life == t->node->life && t->node->alive && t->waiting && t->wait == w->wait;

	if (valid && sim_node_is_stopped(t->node)) {
		sim_world_at(t->node->stopped_until_us, wake_up_now, w);
		return;
	}
	free(w);
	if (!valid)
		return;
	t->waiting = false;
	t->wait++;
	switch_to_task(t);
}

static void wake_up_at(struct sim_task *t, int64_t at_us)
{
	struct wake_up *w = sim_world_loan(sizeof(*w));

	*w = (struct wake_up){ t, t->wait };
	sim_world_at(at_us, wake_up_now, w);
}

void sim_node_sleep_until(int64_t at_us)
{
	struct sim_task *t = scheduler.current;
	int64_t least = sim_world_now_us() + t->spent_us;

	t->spent_us = 0;
	if (t->woken || at_us < least)
		at_us = least;
	t->woken = false;
	t->waiting = true;
	wake_up_at(t, at_us);
	switch_to_scheduler(t);
}

void sim_node_wake(struct sim_task *t)
{
	if (!t || t->life != t->node->life)
		return;
	if (t->waiting)
		wake_up_at(t, sim_world_now_us());
	else
		t->woken = true;
}

void sim_node_spend(int64_t us)
{
	if (scheduler.current)
		scheduler.current->spent_us += us;
}

/* --- lives --------------------------------------------------------------------------------- */

struct sim_task *sim_node_task(struct sim_node *n, void (*body)(void *), void *argument)
{
	struct sim_task *t = sim_world_memory(sizeof(*t));

	*t = (struct sim_task){ .node = n,
				.next = n->tasks,
				.life = n->life,
				.body = body,
				.argument = argument,
				.waiting = true };
	t->stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (t->stack == MAP_FAILED)
		abort();
	(void)getcontext(&t->context);
	t->context.uc_stack.ss_sp = t->stack;
	t->context.uc_stack.ss_size = STACK_BYTES;
	makecontext(&t->context, run_body, 0);
	n->tasks = t;
	wake_up_at(t, sim_world_now_us());
	return t;
}

void sim_node_start(struct sim_node *n)
{
	n->life++;
	n->alive = true;
	n->tasks = NULL;
	n->stopped_until_us = 0;
	sim_world_trace(n->name, "starts, life %d", n->life);
	n->started(n);
}

void sim_node_kill(struct sim_node *n)
{
	if (!n->alive)
		return;
	sim_world_trace(n->name, "is killed");
	n->alive = false;
	for (struct sim_task *t = n->tasks; t; t = t->next)
		(void)munmap(t->stack, STACK_BYTES);
	n->tasks = NULL;
	n->ended(n);
}
