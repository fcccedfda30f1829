#include "tests/simulation/sim_server.h"

#include <stdlib.h>
#include <string.h>

#include "tests/simulation/sim_pg.h"
#include "tests/simulation/sim_world.h"

#define NODES_MAX 16
#define LOSE_MAX  20 /* answers of a node at once: none is left long after the last fault */

/* One server a world. */
static struct server {
	struct sim_database databases[2];
	struct sim_session *sessions;
	int64_t down_until_us, hang_until_us, pauses_until_us, read_only_until_us;
	bool has_forgotten;
	int lose[NODES_MAX]; /* answers to commits, by node */
	int pids;
	int64_t slowness;
} server = {
	.slowness = 1,
	.databases = { { .schema = "orders" }, { .schema = "delivery" } },
};

struct sim_database *sim_server_database(const char *schema)
{
	for (int i = 0; i < 2; i++) {
		if (schema && strcmp(server.databases[i].schema, schema) == 0)
			return &server.databases[i];
	}
	return NULL;
}

bool sim_server_is_up(void)
{
	return server.down_until_us <= sim_world_now_us();
}

struct sim_session *sim_server_sessions(void)
{
	return server.sessions;
}

struct sim_session *sim_server_session(int pid)
{
	struct sim_session *s = server.sessions;

	while (s && s->pid != pid)
		s = s->next;
	return s;
}

/* Of the network, one way. */
int64_t sim_server_delay_us(void)
{
	struct sim_random *r = sim_world_random();

	return sim_random_chance(r, 10) ? sim_random_between(r, 1000, 20000)
					: sim_random_between(r, 50, 500) * server.slowness;
}

/* --- sessions ------------------------------------------------------------------------------ */

struct sim_session *sim_server_connect(struct sim_node *node, const char *schema,
				       const char *application, struct pg *client)
{
	struct sim_session *s = sim_world_memory(sizeof(*s)), **at = &server.sessions;

	s->pid = ++server.pids;
	s->database = sim_server_database(schema);
	s->node = node;
	s->life = node->life;
	s->application = application;
	s->client = client;
	s->calls_end = &s->calls;
	while (*at)
		at = &(*at)->next;
	*at = s;
	return s;
}

static void forget(struct sim_session *gone)
{
	struct sim_session **at = &server.sessions;

	while (*at && *at != gone)
		at = &(*at)->next;
	if (*at)
		*at = gone->next;
}

static void clear_results(struct sim_session *s)
{
	for (int i = 0; i < s->result_count; i++)
		PQclear(s->results[i]);
	s->result_count = 0;
}

/* Memory of an ended session stays: events may still name it. */
void sim_server_terminate(struct sim_session *s)
{
	if (s->ended)
		return;
	s->ended = true;
	if (s->hangs)
		sim_server_commit(s); /* it was done already */
	else
		sim_server_abort(s);
	clear_results(s);
	forget(s);
	if (s->client)
		sim_pg_lost(s->client, s);
}

/* --- answers ------------------------------------------------------------------------------- */

static void deliver(void *argument)
{
	struct sim_pg_answer *a = argument;
	struct sim_session *s = a->session;

	if (!s->ended && s->client && sim_node_is_cut(s->node->pg_cut_until_us, SIM_FROM)) {
		sim_world_at(s->node->pg_cut_until_us[SIM_FROM], deliver, a);
		return;
	}
	if (!s->client || (s->ended && !a->ends)) {
		for (int i = 0; i < a->count; i++)
			PQclear(a->results[i]);
		return;
	}
	sim_pg_answered(s->client, a);
}

/* Of a relay's commits, which are many, few. */
static bool is_to_lose(const struct sim_session *s)
{
	int *left = &server.lose[s->node->number];

	if (*left == 0 ||
	    (strcmp(s->application, "relay") == 0 && sim_random_chance(sim_world_random(), 800)))
		return false;
	(*left)--;
	return true;
}

void sim_server_answer(struct sim_session *s)
{
	struct sim_pg_answer *a = sim_world_memory(sizeof(*a));
	bool lost = s->committed && (s->loses_answer || is_to_lose(s));
	int64_t at = sim_world_now_us() + sim_server_delay_us();

	a->session = s;
	a->count = s->result_count;
	memcpy(a->results, s->results, sizeof(a->results));
	a->error = s->error;
	a->begun = s->begun;
	a->ends = s->ends;
	a->lost_lease = s->lost_lease;
	s->result_count = 0;
	s->error = (struct error){ 0 };
	s->committed = s->ends = s->lost_lease = false;
	if (lost) {
		sim_world_trace(s->node->name, "the answer to a commit is lost");
		sim_server_terminate(s);
		return;
	}
	s->last_answer_us = at > s->last_answer_us ? at : s->last_answer_us;
	sim_world_at(s->last_answer_us, deliver, a);
}

/* --- faults -------------------------------------------------------------------------------- */

void sim_server_restart(int64_t down_until_us)
{
	server.down_until_us = down_until_us;
	while (server.sessions)
		sim_server_terminate(server.sessions);
}

void sim_server_fail_over(struct sim_database *d, int64_t lost_us, int64_t down_until_us)
{
	sim_server_restart(down_until_us);
	if (d)
		server.has_forgotten |= sim_database_forget(d, sim_world_now_us() - lost_us);
}

bool sim_server_has_forgotten(void)
{
	return server.has_forgotten;
}

void sim_server_pause(int64_t until_us)
{
	server.pauses_until_us = until_us;
}

bool sim_server_pauses(void)
{
	return server.pauses_until_us > sim_world_now_us();
}

void sim_server_read_only(int64_t until_us)
{
	server.read_only_until_us = until_us;
}

bool sim_server_is_read_only(void)
{
	return server.read_only_until_us > sim_world_now_us();
}

void sim_server_slow_down(int64_t times)
{
	server.slowness = times;
}

void sim_server_hang_commits(int64_t until_us)
{
	server.hang_until_us = until_us;
}

int64_t sim_server_hangs_until_us(void)
{
	return server.hang_until_us;
}

void sim_server_lose_answers(struct sim_node *node, int count)
{
	int *left = &server.lose[node->number];

	*left = *left + count > LOSE_MAX ? LOSE_MAX : *left + count;
}

void sim_server_break_sessions(struct sim_node *node)
{
	for (struct sim_session *s = server.sessions, *next; s; s = next) {
		next = s->next;
		if (s->node == node)
			sim_server_terminate(s);
	}
}
