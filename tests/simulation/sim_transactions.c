#include "tests/simulation/sim_transactions.h"

#include <stdlib.h>

#include "tests/simulation/sim_world.h"

enum kind { TAKE, COMMIT };

struct sim_request {
	enum kind kind;
	struct sim_node *node;
	int life;
	struct sim_task *task; /* that waits */
	struct sim_transactional *id;
	int64_t epoch; /* of the commit; that was taken */
	bool answered, done;
};

void sim_transactions_init(struct sim_transactions *t, struct sim_node *node, const char *id)
{
	*t = (struct sim_transactions){ .node = node, .id = id ? sim_coordinator_find(id) : NULL };
}

void sim_transactions_forget(struct sim_transactions *t)
{
	t->epoch = 0;
	t->begun = t->sent = t->failed = t->fenced = false;
	t->request = NULL; /* it may arrive all the same */
}

/* --- requests ------------------------------------------------------------------------------ */

static int64_t delay_us(void)
{
	return sim_random_between(sim_world_random(), 300, 4000);
}

static void hear_answer(void *argument)
{
	struct sim_request *r = argument;

	if (sim_node_is_cut(r->node->kafka_cut_until_us, SIM_FROM)) {
		sim_world_at(r->node->kafka_cut_until_us[SIM_FROM], hear_answer, r);
		return;
	}
	r->answered = true;
	if (r->node->alive && r->node->life == r->life)
		sim_node_wake(r->task);
}

static void arrive(void *argument)
{
	struct sim_request *r = argument;
	int64_t answer_us = sim_world_now_us() + delay_us();

	if (sim_node_is_cut(r->node->kafka_cut_until_us, SIM_TO)) {
		if (r->node->alive && r->node->life == r->life)
			sim_world_at(r->node->kafka_cut_until_us[SIM_TO], arrive, r);
		return;
	}
	if (r->kind == TAKE) {
		r->epoch = sim_coordinator_take(r->id);
		r->done = true;
		if (sim_coordinator_free_us(r->id) > answer_us)
			answer_us = sim_coordinator_free_us(r->id);
	} else {
		r->done = sim_coordinator_commit(r->id, r->epoch);
	}
	sim_world_at(answer_us, hear_answer, r);
}

/* Asks, if it has not; the answer, or NULL: there is none yet. */
static struct sim_request *ask(struct sim_transactions *t, enum kind kind, int timeout_ms)
{
	int64_t end_us = sim_world_now_us() + timeout_ms * SIM_MS;
	struct sim_request *r = t->request;

	if (!r) {
		r = t->request = sim_world_memory(sizeof(*r));
		*r = (struct sim_request){ .kind = kind,
					   .node = t->node,
					   .life = t->node->life,
					   .id = t->id,
					   .epoch = t->epoch };
		sim_world_at(sim_world_now_us() + delay_us(), arrive, r);
	}
	r->task = sim_node_current_task();
	while (!r->answered && sim_world_now_us() < end_us)
		sim_node_sleep_until(end_us);
	if (!r->answered)
		return NULL;
	t->request = NULL;
	return r;
}

/* --- what the producer is asked for -------------------------------------------------------- */

enum status sim_transactions_prepare(struct sim_transactions *t, int timeout_ms, struct error *err)
{
	const struct sim_request *answer;

	if (!t->id || t->epoch)
		return error_set(err, ST_INTERNAL, "not the time to take the transactional id");
	answer = ask(t, TAKE, timeout_ms);
	if (!answer)
		return error_set(err, ST_UNAVAILABLE, "no answer of the coordinator");
	t->epoch = answer->epoch;
	return ST_OK;
}

enum status sim_transactions_begin(struct sim_transactions *t, struct error *err)
{
	if (!t->epoch || t->begun)
		return error_set(err, ST_INTERNAL, "not the time to begin a transaction");
	t->begun = true;
	return ST_OK;
}

enum status sim_transactions_commit(struct sim_transactions *t, int timeout_ms, struct error *err)
{
	const struct sim_request *answer;

	if (!t->begun || t->failed)
		return error_set(err, ST_INTERNAL, "the transaction cannot be committed");
	if (!t->sent) { /* the coordinator does not hear of it */
		t->begun = false;
		return ST_OK;
	}
	answer = ask(t, COMMIT, timeout_ms);
	if (!answer)
		return error_set(err, ST_UNAVAILABLE, "no answer of the coordinator");
	t->fenced = !answer->done;
	if (t->fenced)
		return error_set(err, ST_INTERNAL, "another has the transactional id");
	t->begun = t->sent = false;
	return ST_OK;
}
