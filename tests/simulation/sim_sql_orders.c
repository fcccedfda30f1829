/*
 * The statements of order-service's writer.
 */
#include "tests/simulation/sim_args.h"
#include "tests/simulation/sim_sql.h"
#include "tests/simulation/sim_world.h"

/* Of an order: the numbers and texts that a row has. */
enum { VERSION, CUSTOMER, QTY, FINGERPRINT };
enum { STATUS, PRODUCT, NAME, ADDRESS, KEY };

static void put_order(PGresult *out, int row, int column, int64_t id, const struct sim_value *v)
{
	sim_args_put_number(out, row, column, id);
	sim_args_put_number(out, row, column + 1, v->number[VERSION]);
	sim_args_put_text(out, row, column + 2, v->text[STATUS]);
	sim_args_put_number(out, row, column + 3, v->number[CUSTOMER]);
	sim_args_put_text(out, row, column + 4, v->text[PRODUCT]);
	sim_args_put_text(out, row, column + 5, v->text[NAME]);
	sim_args_put_number(out, row, column + 6, v->number[QTY]);
	sim_args_put_text(out, row, column + 7, v->text[ADDRESS]);
}

/* Whether the key is one of those before it. */
static bool is_repeated(const struct sim_call *c, int i, struct sim_text key)
{
	for (int j = 0; j < i; j++) {
		if (sim_args_same_text(sim_args_text_at(c, 1, j), key))
			return true;
	}
	return false;
}

static enum status by_key(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	int n = 0;

	*out = sim_args_result(10);
	for (int i = 0; i < sim_args_count(c, 1); i++) {
		struct sim_text key = sim_args_text_at(c, 1, i);
		const struct sim_value *known =
			sim_sql_see(s, T_ORDER_KEYS, sim_args_hash(key), 0, 0);
		const struct sim_value *v = known ? sim_sql_see(s, T_ORDERS, known->number[0], 0, 0)
						  : NULL;

		if (!v || is_repeated(c, i, key))
			continue;
		sim_args_put_text(*out, n, 0, key);
		sim_args_put_number(*out, n, 1, v->number[FINGERPRINT]);
		put_order(*out, n++, 2, known->number[0], v);
	}
	return ST_OK;
}

/* In the order of the ids, as the statement says: so are its locks, and its rows. */
static enum status lock(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	int64_t id = 0;
	int n = 0;

	for (int i = sim_args_next(c, 1, 0); i >= 0; i = sim_args_next(c, 1, id)) {
		struct sim_row *row;

		id = sim_args_number_at(c, 1, i);
		row = sim_table_find(sim_sql_table(s, T_ORDERS), id, 0, 0);
		if (sim_table_see(row, s) && sim_args_says(c, "for update") &&
		    sim_server_lock_row(s, T_ORDERS, row) != ST_OK)
			return SIM_BLOCKED;
	}
	*out = sim_args_result(8);
	for (int i = sim_args_next(c, 1, 0); i >= 0; i = sim_args_next(c, 1, id)) {
		const struct sim_value *v;

		id = sim_args_number_at(c, 1, i);
		v = sim_sql_see(s, T_ORDERS, id, 0, 0);
		if (v)
			put_order(*out, n++, 0, id, v);
	}
	return ST_OK;
}

static enum status ids(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	*out = sim_args_result(1);
	for (int i = 0; i < sim_args_number(c, 1); i++)
		sim_args_put_number(*out, i, 0, sim_server_draw(s, Q_ORDERS));
	return ST_OK;
}

static struct sim_value order_at(const struct sim_call *c, int i)
{
	return (struct sim_value){
		.number = { [VERSION] = sim_args_number_at(c, 2, i),
			    [CUSTOMER] = sim_args_number_at(c, 4, i),
			    [QTY] = sim_args_number_at(c, 7, i),
			    [FINGERPRINT] = sim_args_number_at(c, 10, i) },
		.text = { [STATUS] = sim_args_text_at(c, 3, i),
			  [PRODUCT] = sim_args_text_at(c, 5, i),
			  [NAME] = sim_args_text_at(c, 6, i),
			  [ADDRESS] = sim_args_text_at(c, 8, i),
			  [KEY] = sim_args_text_at(c, 9, i) },
	};
}

static struct sim_row *key_row(struct sim_session *s, struct sim_text key)
{
	return sim_table_row(sim_sql_table(s, T_ORDER_KEYS), sim_args_hash(key), 0, 0);
}

static struct sim_row *order_row(struct sim_session *s, const struct sim_call *c, int i)
{
	return sim_table_row(sim_sql_table(s, T_ORDERS), sim_args_number_at(c, 1, i), 0, 0);
}

#define COMMIT_ORDER_LOCK (-1)

/* A key that is there, of an order that another transaction has changed, may be gone with it. */
static enum status lock_key(struct sim_session *s, struct sim_row *key)
{
	const struct sim_value *known = sim_table_see(key, s);
	const struct sim_row *order =
		known ? sim_table_find(sim_sql_table(s, T_ORDERS), known->number[0], 0, 0) : NULL;

	if (order && order->owner && order->owner != s && order->written != order->committed) {
		s->blocked_by = order->owner;
		return SIM_BLOCKED;
	}
	return sim_sql_lock_new(s, T_ORDER_KEYS, key);
}

/* Row by row, as they are inserted. */
static enum status lock_all(struct sim_session *s, const struct sim_call *c)
{
	enum status st = sim_server_lock(s, COMMIT_ORDER_LOCK);

	for (int i = 0; st == ST_OK && i < sim_args_count(c, 1); i++) {
		struct sim_text key = sim_args_text_at(c, 9, i);

		st = sim_sql_lock_new(s, T_ORDERS, order_row(s, c, i));
		if (st == ST_OK && key.bytes)
			st = lock_key(s, key_row(s, key));
	}
	return st;
}

static enum status insert(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	enum status st = lock_all(s, c);

	(void)out;
	if (st != ST_OK)
		return st;
	for (int i = 0; i < sim_args_count(c, 1); i++) {
		struct sim_value value = order_at(c, i);
		const struct sim_value id = { .number = { sim_args_number_at(c, 1, i) } };

		if (sim_sql_insert(s, order_row(s, c, i), &value) != ST_OK)
			return s->error.status;
		if (value.text[KEY].bytes &&
		    sim_sql_insert(s, key_row(s, value.text[KEY]), &id) != ST_OK)
			return s->error.status;
	}
	return ST_OK;
}

static enum status update(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	(void)out;
	for (int i = 0; i < sim_args_count(c, 1); i++) {
		struct sim_row *row = sim_table_find(sim_sql_table(s, T_ORDERS),
						     sim_args_number_at(c, 1, i), 0, 0);
		struct sim_value value;

		if (!sim_table_see(row, s))
			continue;
		if (sim_server_lock_row(s, T_ORDERS, row) != ST_OK)
			return SIM_BLOCKED;
		value = *row->written;
		value.number[VERSION] = sim_args_number_at(c, 2, i);
		value.text[STATUS] = sim_args_text_at(c, 3, i);
		value.text[PRODUCT] = sim_args_text_at(c, 4, i);
		value.text[NAME] = sim_args_text_at(c, 5, i);
		value.number[QTY] = sim_args_number_at(c, 6, i);
		value.text[ADDRESS] = sim_args_text_at(c, 7, i);
		sim_server_write(row, &value);
	}
	return ST_OK;
}

const struct sim_sql sim_sql_orders[] = {
	{ "orders_by_key", by_key }, { "orders_lock", lock },     { "orders_ids", ids },
	{ "orders_insert", insert }, { "orders_update", update }, { 0 },
};
