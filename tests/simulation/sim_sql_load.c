/*
 * The statements of batch_load.c: what a batch reads.
 */
#include "tests/simulation/sim_args.h"
#include "tests/simulation/sim_sql.h"
#include "tests/simulation/sim_world.h"

static bool may_advance(const struct sim_call *c, int i, const struct sim_value *v)
{
	if (!v)
		return false;
	if (sim_args_says(c, "p.epoch = n.epoch") && v->number[1] != sim_args_number_at(c, 4, i))
		return false;
	if (sim_args_says(c, "p.claim = n.claim") && v->number[3] != sim_args_number_at(c, 7, i))
		return false;
	if (sim_args_says(c, "p.commits >= n.commits") &&
	    v->number[2] < sim_args_number_at(c, 6, i))
		return false;
	return !sim_args_says(c, "p.next_offset between n.known and n.next_offset") ||
	       (v->number[0] >= sim_args_number_at(c, 5, i) &&
		v->number[0] <= sim_args_number_at(c, 3, i));
}

static enum status advance(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	int count = sim_args_count(c, 2), n = 0;

	for (int i = 0; i < count; i++) {
		struct sim_row *row = sim_table_find(sim_sql_table(s, T_POSITION),
						     sim_args_number_at(c, 2, i), 0, 0);

		if (may_advance(c, i, sim_table_see(row, s)) &&
		    sim_server_lock_row(s, T_POSITION, row) != ST_OK)
			return SIM_BLOCKED;
	}
	*out = sim_args_result(2);
	for (int i = 0; i < count; i++) {
		struct sim_row *row = sim_table_find(sim_sql_table(s, T_POSITION),
						     sim_args_number_at(c, 2, i), 0, 0);
		struct sim_value value;

		if (!may_advance(c, i, sim_table_see(row, s)))
			continue;
		value = *row->written;
		value.number[0] = sim_args_number_at(c, 3, i);
		value.number[2] += 1;
		sim_server_write(row, &value);
		sim_args_put_number(*out, n, 0, i);
		sim_args_put_number(*out, n++, 1, value.number[2]);
	}
	return ST_OK;
}

static enum status lock_orders(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	*out = NULL;
	for (int i = 0; i < sim_args_count(c, 1); i++) {
		if (sim_server_lock(s, sim_args_number_at(c, 1, i)) != ST_OK)
			return SIM_BLOCKED;
	}
	*out = sim_args_result(1);
	return ST_OK;
}

static enum status orders(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	*out = sim_args_result(5);
	for (int i = 0; i < sim_args_count(c, 1); i++) {
		int64_t order = sim_args_number_at(c, 1, i);
		const struct sim_value *v = sim_sql_see(s, T_DELIVERY, order, 0, 0);

		sim_args_put_number(*out, i, 0, order);
		if (v) {
			sim_args_put_number(*out, i, 1, v->number[0]);
			sim_args_put_number(*out, i, 2, v->number[1]);
			sim_args_put_text(*out, i, 3, v->text[0]);
		} else {
			(void)PQsetvalue(*out, i, 1, NULL, -1);
			sim_args_put_number(*out, i, 4, sim_server_draw(s, Q_DELIVERY));
		}
	}
	return ST_OK;
}

static enum status seen(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	int n = 0;

	*out = sim_args_result(3);
	for (int i = 0; i < sim_args_count(c, 1); i++) {
		int64_t order = sim_args_number_at(c, 1, i), version = sim_args_number_at(c, 2, i);
		const struct sim_value *delivery = sim_sql_see(s, T_DELIVERY, order, 0, 0);
		const struct sim_value *history = sim_sql_see(s, T_HISTORY, order, version, 0);

		if (!delivery || delivery->number[1] < version || !history)
			continue;
		sim_args_put_number(*out, n, 0, order);
		sim_args_put_number(*out, n, 1, version);
		sim_args_put_number(*out, n++, 2, history->number[2]);
	}
	return ST_OK;
}

static enum status seen_plain(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	int n = 0;

	*out = sim_args_result(2);
	for (int i = 0; i < sim_args_count(c, 2); i++) {
		int64_t partition = sim_args_number_at(c, 2, i);
		int64_t offset = sim_args_number_at(c, 3, i);

		if (!sim_sql_see(s, T_PLAIN, partition, offset, 0))
			continue;
		sim_args_put_number(*out, n, 0, partition);
		sim_args_put_number(*out, n++, 1, offset);
	}
	return ST_OK;
}

static enum status first_parked(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	const struct sim_table *t = sim_sql_table(s, T_PARKED);
	int n = 0;

	*out = sim_args_result(2);
	for (int i = 0; i < sim_args_count(c, 1); i++) {
		int64_t order = sim_args_number_at(c, 1, i);
		size_t at = sim_table_from(t, order, 0, 0);

		while (at < t->count && t->rows[at]->key[0] == order &&
		       !sim_table_see(t->rows[at], s))
			at++;
		if (at == t->count || t->rows[at]->key[0] != order)
			continue;
		sim_args_put_number(*out, n, 0, order);
		sim_args_put_number(*out, n++, 1, t->rows[at]->key[1]);
	}
	return ST_OK;
}

static enum status skipped(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	const struct sim_table *t = sim_sql_table(s, T_GIVEN_UP);
	int n = 0;

	*out = sim_args_result(2);
	for (int i = sim_args_next(c, 1, 0); i >= 0;) {
		int64_t order = sim_args_number_at(c, 1, i);

		i = sim_args_next(c, 1, order);
		for (size_t at = sim_table_from(t, order, 0, 0);
		     at < t->count && t->rows[at]->key[0] == order; at++) {
			if (!sim_table_see(t->rows[at], s))
				continue;
			sim_args_put_number(*out, n, 0, order);
			sim_args_put_number(*out, n++, 1, t->rows[at]->key[1]);
		}
	}
	return ST_OK;
}

static void put_parked(struct sim_session *s, PGresult *out, int n, const struct sim_row *row)
{
	const struct sim_value *v = sim_table_see(row, s);

	sim_args_put_number(out, n, 0, row->key[0]);
	sim_args_put_number(out, n, 1, row->key[1]);
	sim_args_put_text(out, n, 2, v->text[0]);
	sim_args_put_text(out, n, 3, v->text[1]);
	sim_args_put_number(out, n, 4, v->number[0]);
	sim_args_put_number(out, n, 5, v->number[1]);
	sim_args_put_number(out, n, 6, v->number[2]);
	sim_args_put_number(out, n, 7,
			    sim_sql_see(s, T_HISTORY, row->key[0], row->key[1], 0) != NULL);
}

static enum status fetch_parked(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	const struct sim_table *t = sim_sql_table(s, T_PARKED);
	int64_t limit = sim_args_number(c, 3);
	int n = 0;

	*out = sim_args_result(10);
	for (int i = sim_args_next(c, 1, 0); i >= 0;) {
		int64_t order = sim_args_number_at(c, 1, i), taken = 0;
		size_t first = sim_table_from(t, order, sim_args_number_at(c, 2, i), 0);

		i = sim_args_next(c, 1, order);
		for (size_t at = first;
		     at < t->count && t->rows[at]->key[0] == order && taken < limit; at++) {
			if (!sim_table_see(t->rows[at], s))
				continue;
			put_parked(s, *out, n++, t->rows[at]);
			taken++;
		}
	}
	return ST_OK;
}

const struct sim_sql sim_sql_load[] = {
	{ "batch_advance", advance },
	{ "batch_lock_orders", lock_orders },
	{ "batch_orders", orders },
	{ "batch_seen", seen },
	{ "batch_seen_plain", seen_plain },
	{ "batch_first_parked", first_parked },
	{ "batch_skipped", skipped },
	{ "batch_fetch_parked", fetch_parked },
	{ 0 },
};
