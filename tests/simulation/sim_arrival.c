/*
 * What the network brings to the server: statements, cancels, the ends of connections.
 */
#include <stdlib.h>

#include "tests/simulation/sim_server.h"
#include "tests/simulation/sim_world.h"

struct packet {
	struct sim_session *session;
	struct sim_call *call;
};

static void arrive(void *argument)
{
	struct packet *p = argument;
	struct sim_session *s = p->session;

	if (!s->ended && sim_node_is_cut(s->node->pg_cut_until_us, SIM_TO)) {
		sim_world_at(s->node->pg_cut_until_us[SIM_TO], arrive, p);
		return;
	}
	*s->calls_end = p->call;
	s->calls_end = &p->call->next;
	free(p);
	if (!s->blocked_by && !s->hangs)
		sim_server_pump_at(s, sim_world_now_us() +
					      sim_random_between(sim_world_random(), 50, 400));
}

void sim_server_send(struct sim_session *s, struct sim_call *call)
{
	static uint64_t numbers;
	struct packet *p = sim_world_loan(sizeof(*p));
	int64_t at = sim_world_now_us() + sim_server_delay_us();

	call->number = ++numbers;
	*p = (struct packet){ s, call };
	s->last_arrival_us = at > s->last_arrival_us ? at : s->last_arrival_us;
	sim_world_at(s->last_arrival_us, arrive, p);
}

static void cancel(void *session)
{
	struct sim_session *s = session;

	if (!s->ended && sim_node_is_cut(s->node->pg_cut_until_us, SIM_TO)) {
		sim_world_at(s->node->pg_cut_until_us[SIM_TO], cancel, s);
		return;
	}
	sim_server_terminate(s);
}

void sim_server_cancel(struct sim_session *s)
{
	sim_world_at(sim_world_now_us() + sim_server_delay_us(), cancel, s);
}

void sim_server_node_died(struct sim_node *node)
{
	for (struct sim_session *s = sim_server_sessions(); s; s = s->next) {
		struct sim_call *end;

		if (s->node != node || !s->client)
			continue;
		s->client = NULL;
		end = sim_world_loan(sizeof(*end));
		end->kind = CALL_TERMINATE;
		sim_server_send(s, end);
	}
}
