/*
 * What a session executes, of what has arrived: statement by statement, with others in between.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/simulation/sim_args.h"
#include "tests/simulation/sim_server.h"
#include "tests/simulation/sim_sql.h"
#include "tests/simulation/sim_world.h"

#define DEADLOCK_MS             1000
#define IDLE_IN_A_TRANSACTION_S 20

static void pump(void *session);

void sim_server_pump_at(struct sim_session *s, int64_t at_us)
{
	if (s->pumping || s->ended)
		return;
	s->pumping = true;
	sim_world_at(at_us, pump, s);
}

void sim_server_retry_blocked(void)
{
	for (struct sim_session *s = sim_server_sessions(); s; s = s->next) {
		if (s->blocked_by)
			sim_server_pump_at(s, sim_world_now_us());
	}
}

static void fail(struct sim_session *s)
{
	sim_world_trace(s->node->name, "refused %d: %s", s->pid, s->error.msg);
	s->failed = s->begun;
	s->blocked_by = NULL;
	sim_server_abort(s);
}

/* True if the commit has to wait for the standby that hangs. */
static bool hangs(struct sim_session *s)
{
	s->hangs = sim_server_hangs_until_us() > sim_world_now_us() && s->touched_count > 0 &&
		   !s->cancelled;
	if (s->hangs)
		sim_server_pump_at(s, sim_server_hangs_until_us());
	return s->hangs;
}

static bool writes(const struct sim_call *c)
{
	static const char *const words[] = { "insert into", "update ", "delete from", "nextval(" };
	bool any = false;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		any |= strstr(c->sql, words[i]) != NULL;
	return any;
}

static enum status run_statement(struct sim_session *s, const struct sim_call *c)
{
	PGresult *result = NULL;
	enum status st = ST_OK;

	if (s->blocked_since_us == 0)
		s->snapshot = s->database->commits;
	if (s->failed && strcmp(c->name, "rollback") != 0 && strcmp(c->name, PG_COMMIT) != 0)
		return error_set(&s->error, ST_INTERNAL, "the transaction is aborted");
	if (sim_server_is_read_only() && writes(c)) {
		s->ends = true;
		return error_set(&s->error, ST_UNAVAILABLE, "the server is read-only");
	}
	if (strcmp(c->name, PG_BEGIN) == 0) {
		s->begun = true;
	} else if (strcmp(c->name, PG_COMMIT) == 0 && !s->failed) {
		if (hangs(s))
			return SIM_BLOCKED;
		sim_server_commit(s);
	} else if (strcmp(c->name, "rollback") == 0 || strcmp(c->name, PG_COMMIT) == 0) {
		s->begun = s->failed = false;
		sim_server_abort(s);
	} else {
		st = sim_sql_execute(s, c, &result);
	}
	if (st == ST_OK)
		s->results[s->result_count++] = result ? result : sim_args_result(0);
	return st;
}

static void look_for_deadlock(void *session)
{
	struct sim_session *s = session;
	const struct sim_session *other = s->blocked_by;

	if (s->ended || !other || sim_world_now_us() - s->blocked_since_us < DEADLOCK_MS * SIM_MS)
		return;
	for (int i = 0; other && other != s && i < 100; i++)
		other = other->blocked_by;
	if (other != s)
		return;
	(void)error_set(&s->error, ST_UNAVAILABLE, "deadlock detected");
	fail(s);
	sim_server_pump_at(s, sim_world_now_us());
}

static void block(struct sim_session *s)
{
	if (s->hangs)
		return;
	if (s->blocked_since_us == 0)
		s->blocked_since_us = sim_world_now_us();
	sim_world_at(sim_world_now_us() + DEADLOCK_MS * SIM_MS, look_for_deadlock, s);
}

static void end_if_idle(void *session)
{
	struct sim_session *s = session;

	if (!s->ended && s->begun && !s->calls &&
	    sim_world_now_us() - s->began_us >= IDLE_IN_A_TRANSACTION_S * SIM_S)
		sim_server_terminate(s);
}

static enum status sync(struct sim_session *s)
{
	if (!s->begun && s->error.status == ST_OK) {
		if (hangs(s))
			return SIM_BLOCKED;
		sim_server_commit(s);
	}
	if (s->begun) {
		s->began_us = sim_world_now_us();
		sim_world_at(s->began_us + IDLE_IN_A_TRANSACTION_S * SIM_S, end_if_idle, s);
	}
	sim_server_answer(s);
	return ST_OK;
}

/* Executes the first call. SIM_BLOCKED: it stays. */
static enum status execute(struct sim_session *s, struct sim_call *c)
{
	enum status st = ST_OK;

	if (c->kind == CALL_TERMINATE) {
		s->client = NULL;
		sim_server_terminate(s);
		return ST_OK;
	}
	if (c->kind == CALL_SYNC)
		return sync(s);
	if (s->error.status == ST_OK)
		st = run_statement(s, c);
	if (st == SIM_BLOCKED)
		return st;
	if (st != ST_OK)
		fail(s);
	return ST_OK;
}

static void drop_first(struct sim_session *s)
{
	struct sim_call *c = s->calls;

	s->calls = c->next;
	if (!s->calls)
		s->calls_end = &s->calls;
	for (int i = 0; i < c->count; i++)
		free((void *)c->params[i].bytes);
	free(c);
}

/* True: it goes on later. */
static bool rests(struct sim_session *s)
{
	struct sim_random *r = sim_world_random();
	int64_t us = 0;

	if (sim_server_pauses() && sim_random_chance(r, 200))
		us = sim_random_between(r, 1, 3000) * SIM_MS;
	else if (sim_random_chance(r, 150))
		us = sim_server_delay_us();
	if (us > 0)
		sim_server_pump_at(s, sim_world_now_us() + us);
	return us > 0;
}

static void pump(void *session)
{
	struct sim_session *s = session;

	s->pumping = false;
	if (s->hangs && sim_server_hangs_until_us() > sim_world_now_us() && !s->cancelled) {
		sim_server_pump_at(s, sim_server_hangs_until_us());
		return;
	}
	s->hangs = false;
	while (!s->ended && s->calls) {
		s->blocked_by = NULL;
		if (execute(s, s->calls) == SIM_BLOCKED) {
			block(s);
			return;
		}
		s->blocked_since_us = 0;
		if (s->ended)
			return;
		drop_first(s);
		/* Others get in between. */
		if (s->calls && rests(s))
			return;
	}
	if (s->cancelled)
		sim_server_terminate(s);
}
