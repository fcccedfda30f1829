/*
 * The statements of delivery_store.c: partitions, and what is parked. And the probe for a write.
 */
#include "tests/simulation/sim_args.h"
#include "tests/simulation/sim_sql.h"
#include "tests/simulation/sim_world.h"

enum { NEXT, EPOCH, COMMITS, CLAIM }; /* numbers of a position */

static enum status claim(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	struct sim_row *row =
		sim_table_row(sim_sql_table(s, T_POSITION), sim_args_number(c, 2), 0, 0);
	struct sim_value value = { 0 };
	int64_t known = sim_args_number(c, 4);

	if (sim_server_lock_row(s, T_POSITION, row) != ST_OK)
		return SIM_BLOCKED;
	if (row->written)
		value = *row->written;
	if (!row->written || sim_args_says(c, "set epoch = greatest(p.epoch, $4::int8) + 1"))
		value.number[EPOCH] = (value.number[EPOCH] > known ? value.number[EPOCH] : known) +
				      1;
	if (!row->written || sim_args_says(c, "claim = excluded.claim"))
		value.number[CLAIM] = sim_args_number(c, 5);
	value.text[0] = sim_args_text(c, 3);
	sim_server_write(row, &value);
	*out = sim_args_result(3);
	sim_args_put_number(*out, 0, 0, value.number[NEXT]);
	sim_args_put_number(*out, 0, 1, value.number[EPOCH]);
	sim_args_put_number(*out, 0, 2, value.number[COMMITS]);
	return ST_OK;
}

static enum status ranges(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	const struct sim_table *t = sim_sql_table(s, T_RANGE);
	int64_t partition = sim_args_number(c, 2);
	int n = 0;

	*out = sim_args_result(2);
	for (size_t i = sim_table_from(t, partition, 0, 0);
	     i < t->count && t->rows[i]->key[0] == partition; i++) {
		const struct sim_value *v = sim_table_see(t->rows[i], s);

		if (!v)
			continue;
		sim_args_put_number(*out, n, 0, t->rows[i]->key[1]);
		sim_args_put_number(*out, n++, 1, v->number[0]);
	}
	return ST_OK;
}

static enum status positions(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	const struct sim_table *t = sim_sql_table(s, T_POSITION);
	int n = 0;

	*out = sim_args_result(5);
	for (int i = 0; i < sim_args_count(c, 2); i++) {
		const struct sim_value *v =
			sim_table_see(sim_table_find(t, sim_args_number_at(c, 2, i), 0, 0), s);

		if (!v)
			continue;
		sim_args_put_number(*out, n, 0, i);
		sim_args_put_number(*out, n, 1, v->number[NEXT]);
		sim_args_put_number(*out, n, 2, v->number[EPOCH]);
		sim_args_put_number(*out, n, 3, v->number[COMMITS]);
		sim_args_put_number(*out, n++, 4, v->number[CLAIM]);
	}
	return ST_OK;
}

/* Those that begin at or behind an offset. */
static enum status delete_all(struct sim_session *s, enum sim_table_name name, int64_t partition,
			      int64_t offset)
{
	struct sim_table *t = sim_sql_table(s, name);

	for (size_t i = sim_table_from(t, partition, offset, 0);
	     i < t->count && t->rows[i]->key[0] == partition; i++) {
		if (!sim_table_see(t->rows[i], s))
			continue;
		if (sim_server_lock_row(s, name, t->rows[i]) != ST_OK)
			return SIM_BLOCKED;
		sim_server_write(t->rows[i], NULL);
	}
	return ST_OK;
}

static bool is_claimed_by(const struct sim_value *v, const struct sim_call *c)
{
	return v && v->number[EPOCH] == sim_args_number(c, 3) &&
	       (v->number[CLAIM] == sim_args_number(c, 4) || !sim_args_says(c, "claim = $4"));
}

/* A range that goes on behind the offset ends there. */
static enum status cut_ranges(struct sim_session *s, int64_t partition, int64_t offset)
{
	struct sim_table *t = sim_sql_table(s, T_RANGE);

	for (size_t i = sim_table_from(t, partition, 0, 0);
	     i < t->count && t->rows[i]->key[0] == partition && t->rows[i]->key[1] < offset; i++) {
		const struct sim_value *v = sim_table_see(t->rows[i], s);
		struct sim_value value;

		if (!v || v->number[0] <= offset)
			continue;
		if (sim_server_lock_row(s, T_RANGE, t->rows[i]) != ST_OK)
			return SIM_BLOCKED;
		value = *t->rows[i]->written;
		value.number[0] = offset;
		sim_server_write(t->rows[i], &value);
	}
	return ST_OK;
}

/* offset: what lies before it stays done. */
static enum status set_back(struct sim_session *s, const struct sim_call *c, int64_t offset,
			    bool anew, PGresult **out)
{
	struct sim_row *row =
		sim_table_find(sim_sql_table(s, T_POSITION), sim_args_number(c, 2), 0, 0);
	bool claimed = is_claimed_by(sim_table_see(row, s), c);
	struct sim_value value;

	if (claimed && sim_server_lock_row(s, T_POSITION, row) != ST_OK)
		return SIM_BLOCKED;
	/* Another may have claimed it while this one waited for its row. */
	claimed = claimed && is_claimed_by(row->written, c);
	if (claimed) {
		if (cut_ranges(s, row->key[0], offset) != ST_OK ||
		    delete_all(s, T_RANGE, row->key[0], offset) != ST_OK ||
		    (anew && delete_all(s, T_PLAIN, row->key[0], 0) != ST_OK))
			return SIM_BLOCKED;
		value = *row->written;
		if (value.number[NEXT] > offset)
			value.number[NEXT] = offset;
		value.number[COMMITS] += !anew;
		sim_server_write(row, &value);
	}
	*out = sim_args_result(1);
	if (claimed)
		sim_args_put_number(*out, 0, 0, value.number[COMMITS]);
	return ST_OK;
}

static enum status rewind_position(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	return set_back(s, c, 0, true, out);
}

static enum status reread(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	return set_back(s, c, sim_args_number(c, 5), false, out);
}

/* --- what is parked ------------------------------------------------------------------------ */

/* Calls take for each order that has something parked, with the first version of it. */
static enum status orders_of(struct sim_session *s, const struct sim_call *c, PGresult **out,
			     bool (*wanted)(struct sim_session *, const struct sim_call *,
					    const struct sim_row *))
{
	const struct sim_table *t = sim_sql_table(s, T_PARKED);
	int64_t limit = sim_args_number(c, 1), last = 0;
	int n = 0;

	*out = sim_args_result(1);
	for (size_t i = 0; i < t->count && n < limit; i++) {
		const struct sim_row *row = t->rows[i];

		if (row->key[0] == last || !sim_table_see(row, s) || !wanted(s, c, row))
			continue;
		last = row->key[0];
		sim_args_put_number(*out, n++, 0, last);
	}
	return ST_OK;
}

static bool is_skipped_before(struct sim_session *s, const struct sim_call *c,
			      const struct sim_row *parked)
{
	return parked->key[0] > sim_args_number(c, 2) &&
	       sim_table_see(sim_table_find(sim_sql_table(s, T_GIVEN_UP), parked->key[0],
					    parked->key[1] - 1, 0),
			     s);
}

static int64_t version_of(struct sim_session *s, int64_t order)
{
	const struct sim_value *v =
		sim_table_see(sim_table_find(sim_sql_table(s, T_DELIVERY), order, 0, 0), s);

	return v ? v->number[1] : 0;
}

static bool is_next(struct sim_session *s, const struct sim_call *c, const struct sim_row *parked)
{
	(void)c;
	return parked->key[1] <= version_of(s, parked->key[0]) + 1;
}

static bool any(struct sim_session *s, const struct sim_call *c, const struct sim_row *parked)
{
	(void)s;
	(void)c;
	(void)parked;
	return true;
}

static enum status resumable_skipped(struct sim_session *s, const struct sim_call *c,
				     PGresult **out)
{
	return orders_of(s, c, out, is_skipped_before);
}

static enum status resumable(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	return orders_of(s, c, out, is_next);
}

static enum status resumable_all(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	return orders_of(s, c, out, any);
}

static enum status parked(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	const struct sim_table *t = sim_sql_table(s, T_PARKED);
	const struct sim_row *oldest = NULL;
	int64_t count = 0;

	(void)c;
	*out = sim_args_result(4);
	for (size_t i = 0; i < t->count; i++) {
		const struct sim_value *v = sim_table_see(t->rows[i], s);

		count += v != NULL;
		if (v && (!oldest || v->number[4] < sim_table_see(oldest, s)->number[4]))
			oldest = t->rows[i];
	}
	if (!oldest)
		return ST_OK;
	sim_args_put_number(*out, 0, 0, count);
	sim_args_put_number(*out, 0, 1, sim_table_see(oldest, s)->number[3]);
	sim_args_put_number(*out, 0, 2, oldest->key[0]);
	sim_args_put_number(*out, 0, 3, version_of(s, oldest->key[0]) + 1);
	return ST_OK;
}

static enum status write_probe(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	(void)s;
	(void)c;
	*out = sim_args_result(1);
	sim_args_put_text(*out, 0, 0, (struct sim_text){ "0/1", 3 });
	return ST_OK;
}

const struct sim_sql sim_sql_delivery[] = {
	{ "store_claim", claim },
	{ "store_ranges", ranges },
	{ "store_positions", positions },
	{ "store_rewind", rewind_position },
	{ "store_reread", reread },
	{ "store_resumable_skipped", resumable_skipped },
	{ "store_resumable", resumable },
	{ "store_resumable_all", resumable_all },
	{ "store_parked", parked },
	{ "write_probe", write_probe },
	{ 0 },
};
