#include "tests/simulation/sim_table.h"

#include <stdlib.h>
#include <string.h>

#include "tests/simulation/sim_server.h"
#include "tests/simulation/sim_world.h"

static int compare(const struct sim_row *row, const int64_t key[3])
{
	for (int i = 0; i < 3; i++) {
		if (row->key[i] != key[i])
			return row->key[i] < key[i] ? -1 : 1;
	}
	return 0;
}

size_t sim_table_from(const struct sim_table *t, int64_t a, int64_t b, int64_t c)
{
	const int64_t key[3] = { a, b, c };
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (compare(t->rows[middle], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct sim_row *sim_table_find(const struct sim_table *t, int64_t a, int64_t b, int64_t c)
{
	const int64_t key[3] = { a, b, c };
	size_t i = sim_table_from(t, a, b, c);

	return i < t->count && compare(t->rows[i], key) == 0 ? t->rows[i] : NULL;
}

struct sim_row *sim_table_row(struct sim_table *t, int64_t a, int64_t b, int64_t c)
{
	const int64_t key[3] = { a, b, c };
	size_t at = sim_table_from(t, a, b, c);
	struct sim_row *row;

	if (at < t->count && compare(t->rows[at], key) == 0)
		return t->rows[at];
	if (t->count == t->capacity) {
		t->capacity = t->capacity ? 2 * t->capacity : 64;
		t->rows = realloc(t->rows, t->capacity * sizeof(struct sim_row *));
		if (!t->rows)
			abort();
	}
	memmove(t->rows + at + 1, t->rows + at, (t->count - at) * sizeof(struct sim_row *));
	t->count++;
	row = sim_world_memory(sizeof(*row));
	*row = (struct sim_row){ .key = { a, b, c } };
	t->rows[at] = row;
	return row;
}

void sim_table_tidy(struct sim_table *t, struct sim_row *row)
{
	size_t at;

	if (row->committed || row->owner)
		return;
	at = sim_table_from(t, row->key[0], row->key[1], row->key[2]);
	t->count--;
	memmove(t->rows + at, t->rows + at + 1, (t->count - at) * sizeof(struct sim_row *));
}

const struct sim_value *sim_table_see(const struct sim_row *row, const struct sim_session *session)
{
	if (!row)
		return NULL;
	if (row->owner && row->owner == session)
		return row->written;
	return session && row->committed && row->committed_at > session->snapshot ? row->before
										  : row->committed;
}
