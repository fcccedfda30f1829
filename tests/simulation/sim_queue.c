/*
 * The simulated order-service/order_queue.h: a wait yields. The condition variable's memory is the
 * task that waits.
 */
#include "order-service/order_queue.h"

#include <string.h>

#include "tests/simulation/sim_node.h"
#include "tests/simulation/sim_world.h"

static void set_waiting(struct order_queue *q, struct sim_task *task)
{
	memcpy(&q->changed, &task, sizeof(struct sim_task *));
}

static void wake(struct order_queue *q)
{
	struct sim_task *task;

	memcpy(&task, &q->changed, sizeof(struct sim_task *));
	sim_node_wake(task);
}

void order_queue_init(struct order_queue *q)
{
	memset(q, 0, sizeof(*q));
	q->end = &q->first;
}

void order_queue_fini(struct order_queue *q)
{
	(void)q;
}

bool order_queue_put(struct order_queue *q, struct order_command **commands, size_t count,
		     int64_t max)
{
	if (q->count + (int64_t)count > max)
		return false;
	for (size_t i = 0; i < count; i++) {
		commands[i]->next = NULL;
		*q->end = commands[i];
		q->end = &commands[i]->next;
		q->count++;
	}
	wake(q);
	return true;
}

bool order_queue_wait(struct order_queue *q, int64_t wait_ms)
{
	const int64_t end_us = sim_world_now_us() + wait_ms * SIM_MS;

	set_waiting(q, sim_node_current_task());
	while (!q->first && !q->closed && sim_world_now_us() < end_us)
		sim_node_sleep_until(end_us);
	set_waiting(q, NULL);
	return q->first || q->closed;
}

size_t order_queue_take(struct order_queue *q, struct order_command **commands, size_t max)
{
	size_t n = 0;

	set_waiting(q, sim_node_current_task());
	while (!q->first && !q->closed)
		sim_node_sleep_until(INT64_MAX);
	set_waiting(q, NULL);
	while (q->first && n < max) {
		commands[n++] = q->first;
		q->first = q->first->next;
	}
	if (!q->first)
		q->end = &q->first;
	q->count -= (int64_t)n;
	return n;
}

void order_queue_close(struct order_queue *q)
{
	q->closed = true;
	wake(q);
}

int64_t order_queue_count(struct order_queue *q)
{
	return q->count;
}
