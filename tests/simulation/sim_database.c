/*
 * What a database has committed lately, so that a fail-over can forget it.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/simulation/sim_server.h"
#include "tests/simulation/sim_world.h"

#define CHANGES_MAX (1 << 14)
#define DRAWN_AHEAD 32 /* numbers of a sequence that the log has at once */

struct change {
	int64_t at_us;
	enum sim_table_name table;
	int64_t key[3];
	const struct sim_value *before;
	int64_t sequences[Q_COUNT]; /* at the commit before this one */
};

/* A ring: the latest changes, from the first one that is still there. */
struct sim_past {
	struct change changes[CHANGES_MAX];
	uint64_t first, count;
	int64_t sequences[Q_COUNT];
};

void sim_database_remember(struct sim_database *d, const struct sim_session *s)
{
	if (!d->past)
		d->past = sim_world_memory(sizeof(*d->past));
	for (size_t i = 0; i < s->touched_count; i++) {
		const struct sim_row *row = s->touched[i].row;
		struct change *c;

		if (row->written == row->committed)
			continue;
		c = &d->past->changes[d->past->count++ % CHANGES_MAX];
		*c = (struct change){ .at_us = sim_world_now_us(),
				      .table = s->touched[i].table,
				      .key = { row->key[0], row->key[1], row->key[2] },
				      .before = row->committed };
		memcpy(c->sequences, d->past->sequences, sizeof(c->sequences));
		if (d->past->count - d->past->first > CHANGES_MAX)
			d->past->first = d->past->count - CHANGES_MAX;
	}
	memcpy(d->past->sequences, d->sequences, sizeof(d->sequences));
}

static void undo(struct sim_database *d, const struct change *c)
{
	struct sim_table *t = &d->tables[c->table];
	struct sim_row *row = sim_table_row(t, c->key[0], c->key[1], c->key[2]);
	const struct sim_value *was = row->committed;

	row->committed = c->before;
	for (int i = 0; i < Q_COUNT; i++) {
		int64_t kept = c->sequences[i] +
			       sim_random_below(sim_world_random(), DRAWN_AHEAD + 1);

		if (kept < d->sequences[i])
			d->sequences[i] = kept;
	}
	d->forgotten(d, c->table, row, was);
	sim_table_tidy(t, row);
}

/* A commit is forgotten whole: of the oldest one the ring may have lost a part. */
static bool is_whole(const struct sim_past *past, const struct change *c)
{
	return past->first == 0 || c->at_us > past->changes[past->first % CHANGES_MAX].at_us;
}

bool sim_database_forget(struct sim_database *d, int64_t since_us)
{
	int64_t undone = 0;

	while (d->past && d->past->count > d->past->first) {
		const struct change *c = &d->past->changes[(d->past->count - 1) % CHANGES_MAX];

		if (c->at_us < since_us || !is_whole(d->past, c))
			break;
		undo(d, c);
		d->past->count--;
		undone++;
	}
	if (d->past)
		memcpy(d->past->sequences, d->sequences, sizeof(d->sequences));
	sim_world_trace("server", "%s forgets %lld changes", d->schema, (long long)undone);
	return undone > 0;
}
