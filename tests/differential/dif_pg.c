#include "tests/differential/dif_pg.h"

#include <stdio.h>
#include <string.h>

#include "tests/differential/dif_session.h"
#include "tests/differential/dif_world.h"

static struct run {
	struct dif_session sessions[DIF_SESSIONS];
	struct sim_random random;
	uint64_t seed;
	int calls, number; /* to be made, and that is made */
	bool evicted;      /* the session of another relay */
} run;

/* --- answers ------------------------------------------------------------------------------- */

static const char *word_of(enum status st)
{
	switch (st) {
	case ST_OK:
		return "ok";
	case ST_UNAVAILABLE:
		return "unavailable";
	case ST_CONFLICT:
		return "conflict";
	case ST_INVALID:
		return "invalid";
	default:
		return "another error";
	}
}

/* Whom relay_writers named is asked about the next time. */
static void note(struct dif_session *s, const struct pg_call *call)
{
	run.evicted |= strcmp(call->statement, "lease_evict") == 0 && PQntuples(call->result) > 0;
	if (strcmp(call->statement, "relay_writers") == 0)
		(void)snprintf(s->caller.writers, sizeof(s->caller.writers), "%s",
			       pg_text(call->result, 0, 0));
}

static void receive(struct dif_session *s, const char *what)
{
	struct dif_step *step = &s->step;
	struct error err = { 0 };
	enum status st = pg_receive(s->pg, step->calls, step->count, &err);

	s->busy = false;
	printf("%d %s %s => %s", run.number, s->caller.name, what, word_of(st));
	if (st != ST_OK)
		(void)fprintf(stderr, "%d %s: %s\n", run.number, s->caller.name, err.msg);
	for (size_t i = 0; st == ST_OK && i < step->count; i++) {
		if (step->statements[i])
			dif_statement_print(step->statements[i], step->calls[i].result);
		note(s, &step->calls[i]);
	}
	if (st == ST_OK)
		pg_clear(step->calls, step->count);
	printf("%s\n", pg_in_transaction(s->pg) ? " (in a transaction)" : "");
	dif_step_fini(step);
}

/* Takes all answers that can come, with just's call named in full. */
static void take_answers(const struct dif_session *just)
{
	struct pg *sent[DIF_SESSIONS];
	struct dif_session *of[DIF_SESSIONS];
	bool answered[DIF_SESSIONS];
	size_t n = 0;

	for (int i = 0; i < DIF_SESSIONS; i++) {
		if (!run.sessions[i].busy)
			continue;
		of[n] = &run.sessions[i];
		sent[n++] = run.sessions[i].pg;
	}
	dif_world_settle(sent, n, answered);
	for (size_t i = 0; i < n; i++) {
		if (answered[i])
			receive(of[i], of[i] == just ? of[i]->step.text : "goes on");
		else if (of[i] == just)
			printf("%d %s %s => waits\n", run.number, just->caller.name,
			       just->step.text);
	}
}

/* --- calls --------------------------------------------------------------------------------- */

static void end_session(struct dif_session *s)
{
	if (!pg_connected(s->pg))
		return;
	printf("%d %s's session is ended\n", run.number, s->caller.name);
	dif_world_end_session(s->pg);
	take_answers(NULL);
}

/* Two that wait for the same one, or for two: who goes on first is not said. The second one is
 * ended. */
static void keep_a_chain(struct dif_session *just)
{
	for (int i = 0; i < DIF_SESSIONS && just->busy; i++) {
		struct dif_session *other = &run.sessions[i];

		if (other != just && other->busy && !dif_world_waits_for(other->pg, just->pg))
			end_session(just);
	}
}

static bool somebody_waits_for(const struct dif_session *s)
{
	for (int i = 0; i < DIF_SESSIONS; i++) {
		if (run.sessions[i].busy && dif_world_waits_for(run.sessions[i].pg, s->pg))
			return true;
	}
	return false;
}

/* False: it could not be sent. The first call goes ahead of the others now and then. */
static enum status send_step(struct dif_session *s, struct error *err)
{
	struct dif_step *step = &s->step;
	bool ahead = step->count > 1 && pg_in_transaction(s->pg) &&
		     sim_random_chance(&run.random, 300);
	enum status st;

	if (!ahead)
		return pg_send(s->pg, step->calls, step->count, err);
	st = pg_send_ahead(s->pg, step->calls, 1, err);
	return st == ST_OK ? pg_send(s->pg, step->calls + 1, step->count - 1, err) : st;
}

static void send_and_take(struct dif_session *s)
{
	struct error err;
	enum status st;

	if (s->loses_answer)
		dif_world_will_lose_answer(s->pg);
	st = send_step(s, &err);
	if (st != ST_OK) {
		printf("%d %s %s => not sent: %s\n", run.number, s->caller.name, s->step.text,
		       word_of(st));
		(void)fprintf(stderr, "%d %s: %s\n", run.number, s->caller.name, err.msg);
		dif_step_fini(&s->step);
		return;
	}
	s->busy = true;
	if (s->loses_answer)
		dif_world_lose_answer(s->pg);
	take_answers(s);
	keep_a_chain(s);
}

/* There are two of that role. */
static void await_eviction(const struct dif_session *by)
{
	for (int i = 0; i < DIF_SESSIONS; i++) {
		if (run.sessions[i].role == by->role && &run.sessions[i] != by)
			dif_world_await_end(run.sessions[i].pg);
	}
	run.evicted = false;
}

static void do_relay(struct dif_session *s)
{
	bool looks = strcmp(s->step.calls[0].statement, "relay_plan") == 0;

	if (sim_random_chance(&run.random, 100)) {
		printf("%d %s's lease is old\n", run.number, dif_session_schema(s));
		dif_world_age_lease(dif_session_schema(s));
	} else {
		dif_world_refresh_lease(dif_session_schema(s));
	}
	send_and_take(s);
	if (looks && pg_connected(s->pg))
		printf("%d %s %s\n", run.number, s->caller.name,
		       pg_take_notifications(s->pg) ? "is notified" : "is not notified");
	if (run.evicted)
		await_eviction(s);
}

static void roll_back(struct dif_session *s)
{
	printf("%d %s rolls back\n", run.number, s->caller.name);
	pg_rollback(s->pg);
	take_answers(NULL);
}

/* Of two things that are no statements now and then one. */
static bool do_other(struct dif_session *s)
{
	int64_t dice = sim_random_below(&run.random, 100);

	if (dice < 2)
		end_session(s);
	else if (dice < 10 && !s->busy && pg_in_transaction(s->pg))
		roll_back(s);
	else
		return s->busy;
	return true;
}

static void call(void)
{
	struct dif_session *s = &run.sessions[sim_random_below(&run.random, DIF_SESSIONS)];
	bool yields;

	/* Who waits is waited for. */
	for (int i = 0; i < DIF_SESSIONS; i++) {
		if (!run.sessions[i].busy && somebody_waits_for(&run.sessions[i]) &&
		    sim_random_chance(&run.random, 500))
			s = &run.sessions[i];
	}
	if (do_other(s))
		return;
	yields = somebody_waits_for(s);
	dif_session_choose(s, yields, &run.random);
	if (s->step.count == 0) {
		s->loses_answer = false;
		dif_step_fini(&s->step);
		roll_back(s);
	} else if (dif_session_is_relay(s)) {
		do_relay(s);
	} else {
		if (yields)
			dif_world_grow_old();
		send_and_take(s);
	}
}

/* --- the run ------------------------------------------------------------------------------- */

static void end_all(void)
{
	for (int i = 0; i < DIF_SESSIONS; i++) {
		if (run.sessions[i].busy)
			end_session(&run.sessions[i]);
	}
	for (int i = 0; i < DIF_SESSIONS; i++) {
		pg_rollback(run.sessions[i].pg);
		pg_close(run.sessions[i].pg);
	}
}

static void body(void *argument)
{
	(void)argument;
	for (int64_t i = sim_random_below(&run.random, 4); i > 0; i--)
		dif_world_give_up(sim_random_between(&run.random, 1, 5),
				  (int32_t)sim_random_between(&run.random, 1, 4));
	dif_session_open_all(run.sessions);
	for (run.number = 1; run.number <= run.calls; run.number++)
		call();
	end_all();
	dif_world_print_tables();
}

void dif_pg_run(uint64_t seed, int calls)
{
	run.seed = seed;
	run.calls = calls;
	run.random.state = seed * 0x2545f4914f6cdd1du + 7;
	dif_world_run(seed, body, NULL);
}
