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

		if (!v)
			continue;
		sim_args_put_text(*out, n, 0, key);
		sim_args_put_number(*out, n, 1, v->number[FINGERPRINT]);
		put_order(*out, n++, 2, known->number[0], v);
	}
	return ST_OK;
}

/* The lowest id of the array that is above last; INT64_MAX: none. */
static int64_t next_id(const struct sim_call *c, int count, int64_t last)
{
	int64_t next = INT64_MAX;

	for (int i = 0; i < count; i++) {
		int64_t id = sim_args_number_at(c, 1, i);

		if (id > last && id < next)
			next = id;
	}
	return next;
}

/* In the order of the ids, as the statement says: so are its locks, and its rows. */
static enum status lock(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	int count = sim_args_count(c, 1), n = 0;

	for (int64_t id = next_id(c, count, 0); id != INT64_MAX; id = next_id(c, count, id)) {
		struct sim_row *row = sim_table_find(sim_sql_table(s, T_ORDERS), id, 0, 0);

		if (sim_table_see(row, s) && sim_args_says(c, "for update") &&
		    sim_server_lock_row(s, T_ORDERS, row) != ST_OK)
			return SIM_BLOCKED;
	}
	*out = sim_args_result(8);
	for (int64_t id = next_id(c, count, 0); id != INT64_MAX; id = next_id(c, count, id)) {
		const struct sim_value *v = sim_sql_see(s, T_ORDERS, id, 0, 0);

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

static enum status lock_all(struct sim_session *s, const struct sim_call *c)
{
	if (sim_server_lock(s, COMMIT_ORDER_LOCK) != ST_OK)
		return SIM_BLOCKED;
	for (int i = 0; i < sim_args_count(c, 1); i++) {
		struct sim_text key = sim_args_text_at(c, 9, i);

		if (sim_server_lock_row(s, T_ORDERS, order_row(s, c, i)) != ST_OK ||
		    (key.bytes && sim_server_lock_row(s, T_ORDER_KEYS, key_row(s, key)) != ST_OK))
			return SIM_BLOCKED;
	}
	return ST_OK;
}

static enum status insert(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	(void)out;
	if (lock_all(s, c) != ST_OK)
		return SIM_BLOCKED;
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
