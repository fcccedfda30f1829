/*
 * Locks, writes and ends of the sessions' transactions.
 */
#include <stdlib.h>

#include "tests/simulation/sim_pg.h"
#include "tests/simulation/sim_server.h"
#include "tests/simulation/sim_world.h"

/* An advisory lock. */
struct sim_lock {
	struct sim_lock *next;
	int64_t number;
	struct sim_session *owner;
};

static void touch(struct sim_session *s, enum sim_table_name table, struct sim_row *row)
{
	if (s->touched_count == s->touched_capacity) {
		s->touched_capacity = s->touched_capacity ? 2 * s->touched_capacity : 64;
		s->touched = realloc(s->touched, s->touched_capacity * sizeof(*s->touched));
		if (!s->touched)
			abort();
	}
	s->touched[s->touched_count++] = (struct sim_touched){ table, row };
}

enum status sim_server_lock_row(struct sim_session *s, enum sim_table_name table,
				struct sim_row *row)
{
	if (row->owner == s)
		return ST_OK;
	if (row->owner) {
		s->blocked_by = row->owner;
		return SIM_BLOCKED;
	}
	row->owner = s;
	row->written = row->committed;
	touch(s, table, row);
	return ST_OK;
}

void sim_server_write(struct sim_row *row, const struct sim_value *value)
{
	struct sim_value *copy = NULL;

	if (value) {
		copy = sim_world_memory(sizeof(*copy));
		*copy = *value;
	}
	row->written = copy;
}

void sim_server_write_now(struct sim_row *row, const struct sim_value *value)
{
	sim_server_write(row, value);
	row->committed = row->written;
}

enum status sim_server_lock(struct sim_session *s, int64_t number)
{
	struct sim_lock **at = &s->database->locks;

	for (; *at && (*at)->number != number; at = &(*at)->next)
		;
	if (!*at) {
		*at = sim_world_loan(sizeof(**at));
		(*at)->number = number;
	}
	if ((*at)->owner && (*at)->owner != s) {
		s->blocked_by = (*at)->owner;
		return SIM_BLOCKED;
	}
	(*at)->owner = s;
	return ST_OK;
}

bool sim_server_lock_sleep(struct sim_session *s)
{
	for (const struct sim_session *o = sim_server_sessions(); o; o = o->next) {
		if (o != s && o->database == s->database && (o->sleeps || o->shares))
			return false;
	}
	s->sleeps = true;
	return true;
}

bool sim_server_share_sleep(struct sim_session *s)
{
	for (const struct sim_session *o = sim_server_sessions(); o; o = o->next) {
		if (o != s && o->database == s->database && o->sleeps)
			return false;
	}
	s->shares = true;
	return true;
}

int64_t sim_server_draw(struct sim_session *s, enum sim_sequence sequence)
{
	return ++s->database->sequences[sequence];
}

/* --- the end ------------------------------------------------------------------------------- */

static void unlock(struct sim_session *s)
{
	struct sim_lock **at = &s->database->locks;

	while (*at) {
		struct sim_lock *lock = *at;

		if (lock->owner != s) {
			at = &lock->next;
			continue;
		}
		*at = lock->next;
		free(lock);
	}
	s->touched_count = 0;
	s->transactions++;
	s->shares = s->notifies = false;
	sim_server_retry_blocked();
}

static void notify(const struct sim_session *writer)
{
	for (struct sim_session *s = sim_server_sessions(); s; s = s->next) {
		if (s->listens && s->database == writer->database && s->client)
			sim_pg_notified(s->client, s);
	}
}

void sim_server_commit(struct sim_session *s)
{
	bool notifies = s->notifies;

	if (s->touched_count > 0) {
		s->database->committing(s->database, s);
		sim_database_remember(s->database, s);
		s->committed = true;
		sim_world_trace(s->node->name, "commit of %d: %zu rows", s->pid, s->touched_count);
	}
	for (size_t i = 0; i < s->touched_count; i++) {
		struct sim_row *row = s->touched[i].row;

		if (row->committed != row->written) {
			row->before = row->committed;
			row->committed_at = s->database->commits + 1;
		}
		row->committed = row->written;
		row->owner = NULL;
		sim_table_tidy(&s->database->tables[s->touched[i].table], row);
	}
	s->database->commits++;
	s->begun = s->failed = false;
	unlock(s);
	if (notifies)
		notify(s);
}

void sim_server_abort(struct sim_session *s)
{
	for (size_t i = 0; i < s->touched_count; i++) {
		struct sim_row *row = s->touched[i].row;

		row->owner = NULL;
		sim_table_tidy(&s->database->tables[s->touched[i].table], row);
	}
	unlock(s);
}
