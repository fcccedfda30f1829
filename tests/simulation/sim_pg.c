#include "tests/simulation/sim_pg.h"

#include <stdlib.h>
#include <string.h>

#include "common/runtime/clock.h"
#include "tests/simulation/sim_world.h"

#define ANSWER_MS          15000
#define CONNECT_MS         3000
#define RECONNECT_PAUSE_MS 100

struct pg {
	struct pg_config config;
	struct sim_node *node;
	struct sim_task *task;         /* waits */
	struct sim_session *session;   /* NULL: not connected */
	struct sim_session *abandoned; /* the session before this one, while it ends */
	struct sim_pg_answer *answer;  /* not taken yet */
	bool broken, notified;
	pg_session_check *check;
	void *check_context;
	int64_t deadline_mono_ms, next_attempt_mono_ms;
	bool in_transaction, ahead;
};

/* --- what the server says ------------------------------------------------------------------ */

void sim_pg_answered(struct pg *pg, struct sim_pg_answer *answer)
{
	if (pg->session != answer->session)
		return;
	pg->answer = answer;
	/* Who has not got it asks again and again: it is the first time that counts. */
	if (answer->lost_lease && pg->node->lost_lease_us == 0)
		pg->node->lost_lease_us = sim_world_now_us();
	sim_node_wake(pg->task);
}

struct word {
	struct pg *pg;
	struct sim_session *session;
	bool notification;
};

static void hear(void *argument)
{
	struct word *w = argument;

	if (sim_node_is_cut(w->pg->node->pg_cut_until_us, SIM_FROM)) {
		sim_world_at(w->pg->node->pg_cut_until_us[SIM_FROM], hear, w);
		return;
	}
	if (w->pg->abandoned == w->session)
		w->pg->abandoned = NULL;
	if (w->pg->session == w->session) {
		w->pg->notified |= w->notification;
		w->pg->broken |= !w->notification;
		sim_node_wake(w->pg->task);
	}
	free(w);
}

static void tell(struct pg *pg, struct sim_session *session, bool notification)
{
	struct word *w = sim_world_loan(sizeof(*w));

	*w = (struct word){ pg, session, notification };
	sim_world_at(sim_world_now_us() + sim_random_between(sim_world_random(), 50, 2000), hear,
		     w);
}

void sim_pg_lost(struct pg *pg, struct sim_session *session)
{
	tell(pg, session, false);
}

void sim_pg_notified(struct pg *pg, struct sim_session *session)
{
	tell(pg, session, true);
}

bool sim_pg_readable(int socket)
{
	const struct sim_session *s = sim_server_session(socket);

	return s && s->client && (s->client->notified || s->client->broken);
}

/* --- sessions ------------------------------------------------------------------------------ */

enum status pg_open(struct pg **out, const struct pg_config *config, struct error *err)
{
	struct pg *pg = sim_world_memory(sizeof(*pg));

	(void)err;
	pg->config = *config;
	pg->node = sim_node_current();
	pg->task = sim_node_current_task();
	*out = pg;
	return ST_OK;
}

void pg_check_sessions(struct pg *pg, pg_session_check *check, void *context)
{
	pg->check = check;
	pg->check_context = context;
}

static struct sim_call *new_call(enum sim_call_kind kind, const char *name, const char *sql)
{
	struct sim_call *c = sim_world_loan(sizeof(*c));

	c->kind = kind;
	c->name = name;
	c->sql = sql;
	return c;
}

static void disconnect(struct pg *pg)
{
	if (pg->session && !pg->session->ended)
		sim_server_send(pg->session, new_call(CALL_TERMINATE, "", ""));
	if (pg->session)
		pg->session->client = NULL;
	pg->session = NULL;
	pg->ahead = pg->broken = pg->notified = false;
	pg->answer = NULL;
}

void pg_close(struct pg *pg)
{
	if (pg)
		disconnect(pg);
}

void pg_deadline(struct pg *pg, int64_t deadline_mono_ms)
{
	pg->deadline_mono_ms = deadline_mono_ms;
}

static int64_t deadline_of(const struct pg *pg)
{
	int64_t deadline = clock_mono_ms() + ANSWER_MS;

	return pg->deadline_mono_ms && pg->deadline_mono_ms < deadline ? pg->deadline_mono_ms
								       : deadline;
}

bool pg_connected(struct pg *pg)
{
	return pg->session && !pg->broken;
}

/* False: nobody answers. */
static bool reach_server(struct pg *pg)
{
	int64_t end = sim_world_now_us() + CONNECT_MS * SIM_MS;

	if (deadline_of(pg) * SIM_MS < end)
		end = deadline_of(pg) * SIM_MS;
	while (sim_node_pg_is_cut(pg->node) && sim_world_now_us() < end)
		clock_pause_ms(50);
	clock_pause_ms(sim_random_between(sim_world_random(), 1, 4));
	return sim_server_is_up() && !sim_node_pg_is_cut(pg->node);
}

static enum status begin_session(struct pg *pg, struct error *err)
{
	enum status st = ST_OK;

	if (reach_server(pg))
		pg->session =
			sim_server_connect(pg->node, pg->config.schema, pg->config.application, pg);
	else
		st = error_set(err, ST_UNAVAILABLE, "no server");
	if (st == ST_OK && pg->check)
		st = pg->check(pg->check_context, pg, err);
	if (st == ST_OK)
		return ST_OK;
	disconnect(pg);
	pg->next_attempt_mono_ms = clock_mono_ms() + RECONNECT_PAUSE_MS;
	return error_wrap(err, "connecting to the database");
}

bool pg_usable(struct pg *pg)
{
	return !pg->abandoned;
}

enum status pg_connect(struct pg *pg, struct error *err)
{
	pg->task = sim_node_current_task();
	if (pg_connected(pg))
		return ST_OK;
	disconnect(pg);
	if (pg->in_transaction) {
		pg->in_transaction = false;
		return error_set(err, ST_UNAVAILABLE, "the connection was lost in a transaction");
	}
	if (!pg_usable(pg))
		return error_set(err, ST_UNAVAILABLE,
				 "the database has not ended the last session");
	if (clock_mono_ms() < pg->next_attempt_mono_ms || clock_mono_ms() >= deadline_of(pg))
		return error_set(err, ST_UNAVAILABLE, "database is not reachable");
	return begin_session(pg, err);
}

/* --- sending ------------------------------------------------------------------------------- */

static const char *sql_of(const struct pg *pg, const char *name)
{
	for (const struct pg_statement *const *table = pg->config.tables; *table; table++) {
		for (const struct pg_statement *s = *table; s->name; s++) {
			if (strcmp(s->name, name) == 0)
				return s->sql;
		}
	}
	return "";
}

static void send_call(struct pg *pg, const char *name, const struct pg_params *p)
{
	struct sim_call *c = new_call(CALL_STATEMENT, name, sql_of(pg, name));

	c->count = p ? p->count : 0;
	for (int i = 0; i < c->count; i++) {
		c->formats[i] = p->formats[i];
		if (p->values[i])
			c->params[i] = (struct sim_text){ sim_world_loan_of(p->values[i],
									    (size_t)p->lengths[i]),
							  p->lengths[i] };
	}
	sim_server_send(pg->session, c);
}

static enum status send_calls(struct pg *pg, struct pg_call *calls, size_t count, bool last,
			      struct error *err)
{
	for (size_t i = 0; i < count; i++)
		calls[i].result = NULL;
	if (pg_connect(pg, err) != ST_OK)
		return err->status;
	for (size_t i = 0; i < count; i++)
		send_call(pg, calls[i].statement, calls[i].params);
	if (last)
		sim_server_send(pg->session, new_call(CALL_SYNC, "", ""));
	pg->ahead = !last;
	return ST_OK;
}

enum status pg_send(struct pg *pg, struct pg_call *calls, size_t count, struct error *err)
{
	return send_calls(pg, calls, count, true, err);
}

enum status pg_send_ahead(struct pg *pg, struct pg_call *calls, size_t count, struct error *err)
{
	if (!pg->in_transaction)
		return error_set(err, ST_INTERNAL, "calls ahead of what, without a transaction");
	return send_calls(pg, calls, count, false, err);
}

/* --- receiving ----------------------------------------------------------------------------- */

static enum status fail(struct pg *pg, struct error *err)
{
	pg->in_transaction = false;
	if (pg_connected(pg) && !pg->session->ended) {
		pg->abandoned = pg->session;
		sim_server_cancel(pg->session);
		pg->session = NULL; /* its client stays: it is told of the end */
	}
	disconnect(pg);
	return error_wrap(err, "database");
}

/* Waits for the answer. NULL: it did not come. */
static struct sim_pg_answer *wait_for_answer(struct pg *pg, struct error *err)
{
	int64_t deadline_us = deadline_of(pg) * SIM_MS;
	struct sim_pg_answer *answer;

	pg->task = sim_node_current_task();
	while (!pg->answer && !pg->broken && sim_world_now_us() < deadline_us)
		sim_node_sleep_until(deadline_us);
	answer = pg->answer;
	pg->answer = NULL;
	if (!answer)
		(void)error_set(err, ST_UNAVAILABLE,
				pg->broken ? "the connection was lost"
					   : "database does not answer");
	return answer;
}

static enum status refused(struct pg *pg, const struct sim_pg_answer *a, struct error *err)
{
	for (int i = 0; i < a->count; i++)
		PQclear(a->results[i]);
	if (a->ends) {
		pg->in_transaction = false;
		pg->next_attempt_mono_ms = clock_mono_ms() + RECONNECT_PAUSE_MS;
		disconnect(pg);
	} else {
		pg_rollback(pg);
	}
	*err = a->error;
	return err->status;
}

enum status pg_receive(struct pg *pg, struct pg_call *calls, size_t count, struct error *err)
{
	struct sim_pg_answer *a = wait_for_answer(pg, err);

	if (!a)
		return fail(pg, err);
	pg->ahead = false;
	if (a->error.status != ST_OK)
		return refused(pg, a, err);
	for (size_t i = 0; i < count; i++)
		calls[i].result = a->results[i];
	pg->in_transaction = a->begun;
	return ST_OK;
}

enum status pg_run(struct pg *pg, struct pg_call *calls, size_t count, struct error *err)
{
	enum status st = pg_send(pg, calls, count, err);

	return st == ST_OK ? pg_receive(pg, calls, count, err) : st;
}

void pg_rollback(struct pg *pg)
{
	struct pg_call call = { "rollback", NULL, NULL };
	struct error ignored;
	bool begun = pg->session && pg->session->begun;

	pg->in_transaction = false;
	if (pg->ahead)
		disconnect(pg);
	if (!pg_connected(pg) || !begun)
		return;
	if (pg_run(pg, &call, 1, &ignored) == ST_OK)
		pg_clear(&call, 1);
}

void pg_clear(struct pg_call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		PQclear(calls[i].result);
		calls[i].result = NULL;
	}
}

bool pg_in_transaction(const struct pg *pg)
{
	return pg->in_transaction;
}

int pg_socket(const struct pg *pg)
{
	return pg->session ? pg->session->pid : -1;
}

bool pg_take_notifications(struct pg *pg)
{
	bool any = pg->notified;

	pg->task = sim_node_current_task();
	if (pg->session && pg->broken)
		disconnect(pg);
	pg->notified = false;
	return any;
}

int pg_backend_pid(const struct pg *pg)
{
	return pg->session ? pg->session->pid : 0;
}
