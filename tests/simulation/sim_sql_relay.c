/*
 * The statements of the relay: its lease, the outbox's reading side.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/simulation/sim_args.h"
#include "tests/simulation/sim_sql.h"
#include "tests/simulation/sim_world.h"

enum { PID, HEARTBEAT, LOW }; /* numbers of the lease */

#define LEASE_MS 5000

static bool has_run_out(const struct sim_value *lease)
{
	int64_t age = sim_world_wall_ms() - lease->number[HEARTBEAT];

	return age > LEASE_MS || age < -LEASE_MS;
}

static const struct sim_value *lease_of(struct sim_session *s)
{
	return sim_sql_see(s, T_LEASE, 1, 0, 0);
}

/* A relay's session that is there; NULL: it is not. */
static struct sim_session *relay_session(const struct sim_session *s, int64_t pid,
					 struct sim_text application)
{
	struct sim_session *other = sim_server_session((int)pid);

	return other && other->database == s->database &&
			       strcmp(other->application, application.bytes) == 0
		       ? other
		       : NULL;
}

/* Changes the lease. */
static enum status write_lease(struct sim_session *s, const struct sim_value *value)
{
	struct sim_row *row = sim_table_row(sim_sql_table(s, T_LEASE), 1, 0, 0);

	if (sim_server_lock_row(s, T_LEASE, row) != ST_OK)
		return SIM_BLOCKED;
	sim_server_write(row, value);
	return ST_OK;
}

static enum status lease_make(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	const struct sim_value none = { .number = { 0, INT64_MIN / 2, 0 }, .text = { { "", 0 } } };

	(void)c;
	(void)out;
	return lease_of(s) ? ST_OK : write_lease(s, &none);
}

static enum status lease_evict(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	const struct sim_value *lease = lease_of(s);
	struct sim_session *holder = NULL;

	*out = sim_args_result(1);
	if (lease && (has_run_out(lease) || !sim_args_says(c, "l.heartbeat_at not between")))
		holder = relay_session(s, lease->number[PID], sim_args_text(c, 1));
	if (!holder || holder == s)
		return ST_OK;
	if (s->database->judged && !has_run_out(lease))
		sim_world_violation("%s ends the session of a relay whose lease is fresh",
				    s->node->name);
	sim_world_trace(s->node->name, "ends session %d", holder->pid);
	sim_server_terminate(holder);
	sim_args_put_number(*out, 0, 0, 1);
	return ST_OK;
}

/* last_value of a sequence that was never drawn from is 1. */
static int64_t low_id(struct sim_session *s, const struct sim_value *lease, int64_t low)
{
	int64_t last = s->database->sequences[Q_OUTBOX];

	if (lease->number[LOW] > low)
		low = lease->number[LOW];
	return low <= (last ? last : 1) + 1 ? low : 0;
}

static enum status hold_lease(struct sim_session *s, struct sim_value *value, PGresult **out)
{
	value->number[HEARTBEAT] = sim_world_wall_ms();
	if (write_lease(s, value) != ST_OK)
		return SIM_BLOCKED;
	s->node->lost_lease_us = 0;
	*out = sim_args_result(1);
	sim_args_put_number(*out, 0, 0, value->number[LOW]);
	return ST_OK;
}

static bool may_take(struct sim_session *s, const struct sim_call *c, const struct sim_value *lease)
{
	return sim_args_same_text(lease->text[0], sim_args_text(c, 1)) || has_run_out(lease) ||
	       !sim_args_says(c, "where holder = $1 or heartbeat_at not between") ||
	       !relay_session(s, lease->number[PID], sim_args_text(c, 3));
}

static void judge_take(const struct sim_session *s, const struct sim_call *c,
		       const struct sim_value *lease)
{
	if (s->database->judged && !sim_args_same_text(lease->text[0], sim_args_text(c, 1)) &&
	    !has_run_out(lease) && relay_session(s, lease->number[PID], sim_args_text(c, 3)))
		sim_world_violation("%s takes a lease that is fresh, and whose holder is there",
				    s->node->name);
}

/* Like PostgreSQL, decides by the row that is there once its lock is had. */
static enum status lease_take(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	struct sim_row *row = sim_table_row(sim_sql_table(s, T_LEASE), 1, 0, 0);
	struct sim_value value;

	if (row->owner && row->owner != s)
		return sim_server_lock_row(s, T_LEASE, row);
	if (!lease_of(s) || !may_take(s, c, lease_of(s))) {
		*out = sim_args_result(1);
		s->lost_lease = true;
		return ST_OK;
	}
	judge_take(s, c, lease_of(s));
	value = *lease_of(s);
	value.text[0] = sim_args_text(c, 1);
	value.number[PID] = s->pid;
	value.number[LOW] = low_id(s, lease_of(s), sim_args_number(c, 2));
	return hold_lease(s, &value, out);
}

static enum status lease_renew(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	struct sim_row *row = sim_table_row(sim_sql_table(s, T_LEASE), 1, 0, 0);
	struct sim_value value;

	if (row->owner && row->owner != s)
		return sim_server_lock_row(s, T_LEASE, row);
	if (!lease_of(s) || !sim_args_same_text(lease_of(s)->text[0], sim_args_text(c, 1))) {
		*out = sim_args_result(1);
		s->lost_lease = true;
		return ST_OK;
	}
	if (s->database->judged && lease_of(s)->number[PID] != s->pid)
		sim_world_violation("%s renews the lease that another session of its has taken",
				    s->node->name);
	value = *lease_of(s);
	value.number[LOW] = low_id(s, lease_of(s), sim_args_number(c, 2));
	return hold_lease(s, &value, out);
}

static enum status lease_release(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	const struct sim_value *lease = lease_of(s);
	struct sim_value value;

	(void)out;
	if (!lease || !sim_args_same_text(lease->text[0], sim_args_text(c, 1)))
		return ST_OK;
	value = *lease;
	value.text[0] = (struct sim_text){ "", 0 };
	value.number[PID] = 0;
	value.number[HEARTBEAT] = INT64_MIN / 2;
	return write_lease(s, &value);
}

static enum status lease_rivals(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	int64_t count = 0;

	for (const struct sim_session *o = sim_server_sessions(); o; o = o->next)
		count += o != s && relay_session(s, o->pid, sim_args_text(c, 1)) != NULL;
	*out = sim_args_result(1);
	sim_args_put_number(*out, 0, 0, count);
	return ST_OK;
}

/* --- the outbox ---------------------------------------------------------------------------- */

static enum status nothing(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	(void)s;
	(void)c;
	*out = sim_args_result(1);
	return ST_OK;
}

static enum status listen(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	s->listens = true;
	return nothing(s, c, out);
}

static enum status unlisten(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	s->listens = false;
	return nothing(s, c, out);
}

static enum status lock_sleep(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	(void)c;
	*out = sim_args_result(1);
	sim_args_put_number(*out, 0, 0, sim_server_lock_sleep(s));
	return ST_OK;
}

static enum status unlock_sleep(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	s->sleeps = false;
	return nothing(s, c, out);
}

static bool is_held_back(const struct sim_call *c, struct sim_text topic)
{
	for (int i = 0; i < sim_args_count(c, 5); i++) {
		if (sim_args_same_text(sim_args_text_at(c, 5, i), topic))
			return true;
	}
	return false;
}

static void put_row(PGresult *out, int n, const struct sim_row *row, const struct sim_value *v)
{
	sim_args_put_number(out, n, 0, row->key[0]);
	for (int column = 0; column < 5; column++)
		sim_args_put_text(out, n, column + 1, v->text[column]);
	sim_args_put_number(out, n, 6, v->number[0]);
}

static enum status fetch(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	const struct sim_table *t = sim_sql_table(s, T_OUTBOX);
	const struct sim_value *lease = lease_of(s);
	int64_t limit = sim_args_number(c, 1), bytes = 0, low = sim_args_number(c, 4);
	int n = 0;

	*out = sim_args_result(7);
	if (t->count > 0 && !sim_args_says(c, "exists (select from outbox_lease") &&
	    (!lease || !sim_args_same_text(lease->text[0], sim_args_text(c, 3))))
		sim_world_violation("%s reads the outbox without the lease", s->node->name);
	if (sim_args_says(c, "exists (select from outbox_lease where holder = $3)") &&
	    (!lease || !sim_args_same_text(lease->text[0], sim_args_text(c, 3))))
		return ST_OK;
	for (size_t i = sim_table_from(t, low, 0, 0);
	     i < t->count && n < limit && bytes < sim_args_number(c, 2); i++) {
		const struct sim_value *v = sim_table_see(t->rows[i], s);

		if (!v || is_held_back(c, v->text[0]))
			continue;
		put_row(*out, n++, t->rows[i], v);
		bytes += v->text[4].bytes ? v->text[4].len : 0;
	}
	return ST_OK;
}

static bool has_outbox_lock(const struct sim_session *s)
{
	for (size_t i = 0; i < s->touched_count; i++) {
		if (s->touched[i].table == T_OUTBOX)
			return true;
	}
	return false;
}

static enum status writers(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	struct sim_text known = sim_args_text(c, 1);
	char list[1000] = "{", name[40];
	size_t len = 1;
	bool any_left = false;

	for (const struct sim_session *o = sim_server_sessions(); o && len < 900; o = o->next) {
		if (o == s || o->database != s->database || !has_outbox_lock(o))
			continue;
		(void)snprintf(name, sizeof(name), "%d/%" PRIu64, o->pid, o->transactions);
		any_left |= known.bytes && strstr(known.bytes, name) != NULL;
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", len > 1 ? "," : "",
					name);
	}
	list[len++] = '}';
	*out = sim_args_result(2);
	sim_args_put_text(*out, 0, 0, (struct sim_text){ list, (int)len });
	sim_args_put_number(*out, 0, 1, any_left);
	return ST_OK;
}

/* The row of that id; NULL: there is none, or one of another time than the parameter says (0: none
 * does). */
static struct sim_row *published_row(struct sim_session *s, const struct sim_call *c, int i,
				     int created)
{
	struct sim_row *row =
		sim_table_find(sim_sql_table(s, T_OUTBOX), sim_args_number_at(c, 1, i), 0, 0);
	const struct sim_value *v = sim_table_see(row, s);

	return v && (created == 0 || v->number[0] == sim_args_number_at(c, created, i)) ? row
											: NULL;
}

static enum status delete_rows(struct sim_session *s, const struct sim_call *c, int created)
{
	for (int i = 0; i < sim_args_count(c, 1); i++) {
		struct sim_row *row = published_row(s, c, i, created);

		if (!row)
			continue;
		if (sim_server_lock_row(s, T_OUTBOX, row) != ST_OK)
			return SIM_BLOCKED;
		sim_server_write(row, NULL);
	}
	return ST_OK;
}

static enum status delete (struct sim_session *s, const struct sim_call *c, PGresult **out) {
	(void)out; return delete_rows(s, c, 0);
}

static int created_of(const struct sim_call *c)
{
	return sim_args_says(c, "o.created_at = ") ? 2 : 0;
}

static enum status delete_committed(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	(void)out;
	return delete_rows(s, c, created_of(c));
}

/* Not blocked half-way: who else deletes these rows is gone when its lease is. */
static enum status move_to_dead(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	(void)out;
	for (int i = 0; i < sim_args_count(c, 1); i++) {
		int64_t id = sim_args_number_at(c, 1, i);
		const struct sim_row *row = published_row(s, c, i, created_of(c));
		struct sim_row *dead;

		if (!row)
			continue;
		dead = sim_table_row(sim_sql_table(s, T_OUTBOX_DEAD), id, 0, 0);
		if (sim_server_lock_row(s, T_OUTBOX_DEAD, dead) != ST_OK)
			return SIM_BLOCKED;
		sim_server_write(dead, sim_table_see(row, s));
	}
	return delete_rows(s, c, created_of(c));
}

/* Both ends of what is seen, from the bound on. How old the first one is, is not told. */
static enum status backlog(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	const struct sim_table *t = sim_sql_table(s, T_OUTBOX);
	const struct sim_value *lease = lease_of(s);
	int64_t low = sim_args_number(c, 1), first = 0, last = -1;

	if (lease && lease->number[LOW] > low)
		low = lease->number[LOW];
	for (size_t i = sim_table_from(t, low, 0, 0); i < t->count; i++) {
		if (!sim_table_see(t->rows[i], s))
			continue;
		first = last < 0 ? t->rows[i]->key[0] : first;
		last = t->rows[i]->key[0];
	}
	*out = sim_args_result(2);
	sim_args_put_number(*out, 0, 0, last - first + 1);
	sim_args_put_number(*out, 0, 1, 0);
	return ST_OK;
}

const struct sim_sql sim_sql_relay[] = {
	{ "lease_make", lease_make },
	{ "lease_evict", lease_evict },
	{ "lease_take", lease_take },
	{ "lease_renew", lease_renew },
	{ "lease_release", lease_release },
	{ "lease_rivals", lease_rivals },
	{ "relay_plan", nothing },
	{ "relay_lock", lock_sleep },
	{ "relay_unlock", unlock_sleep },
	{ "relay_listen", listen },
	{ "relay_unlisten", unlisten },
	{ "relay_fetch", fetch },
	{ "relay_writers", writers },
	{ "relay_delete", delete },
	{ "relay_delete_committed", delete_committed },
	{ "relay_move_to_dead", move_to_dead },
	{ "relay_backlog", backlog },
	{ 0 },
};
