/*
 * The statements of batch_save.c: what a batch writes. And the outbox's writing side.
 */
#include "tests/simulation/sim_args.h"
#include "tests/simulation/sim_sql.h"
#include "tests/simulation/sim_world.h"

/* What the order's content is, for the judge: of all that the event says of it. */
static int64_t content_at(const struct sim_call *c, int i)
{
	uint64_t hash = (uint64_t)sim_args_number_at(c, 4, i) * 31 +
			(uint64_t)sim_args_number_at(c, 7, i);

	hash = hash * 31 + (uint64_t)sim_args_hash(sim_args_text_at(c, 5, i));
	hash = hash * 31 + (uint64_t)sim_args_hash(sim_args_text_at(c, 6, i));
	hash = hash * 31 + (uint64_t)sim_args_hash(sim_args_text_at(c, 8, i));
	return (int64_t)(hash >> 1);
}

static struct sim_value delivery_at(const struct sim_call *c, int i)
{
	return (struct sim_value){
		.number = { sim_args_number_at(c, 1, i), sim_args_number_at(c, 3, i),
			    content_at(c, i) },
		.text = { sim_args_text_at(c, 9, i) },
	};
}

static struct sim_row *delivery_row(struct sim_session *s, const struct sim_call *c, int i)
{
	return sim_table_row(sim_sql_table(s, T_DELIVERY), sim_args_number_at(c, 2, i), 0, 0);
}

static enum status insert_deliveries(struct sim_session *s, const struct sim_call *c,
				     PGresult **out)
{
	int count = sim_args_count(c, 2);

	(void)out;
	for (int i = 0; i < count; i++) {
		struct sim_text product = sim_args_text_at(c, 5, i);

		if (sim_args_same_text(product, (struct sim_text){ SIM_REFUSED, 7 }))
			return error_set(&s->error, ST_INVALID, "a value is refused");
	}
	for (int i = 0; i < count; i++) {
		enum status st = sim_sql_lock_new(s, T_DELIVERY, delivery_row(s, c, i));

		if (st != ST_OK)
			return st;
	}
	for (int i = 0; i < count; i++) {
		struct sim_value value = delivery_at(c, i);

		if (sim_sql_insert(s, delivery_row(s, c, i), &value) != ST_OK)
			return s->error.status;
	}
	return ST_OK;
}

static bool is_as_read(struct sim_session *s, const struct sim_call *c, int i,
		       const struct sim_row *row)
{
	const struct sim_value *v = sim_table_see(row, s);

	return v && (!sim_args_says(c, "d.version = n.row_version") ||
		     v->number[1] == sim_args_number_at(c, 10, i));
}

static enum status update_deliveries(struct sim_session *s, const struct sim_call *c,
				     PGresult **out)
{
	int64_t changed = 0;

	for (int i = 0; i < sim_args_count(c, 2); i++) {
		struct sim_row *row = sim_table_find(sim_sql_table(s, T_DELIVERY),
						     sim_args_number_at(c, 2, i), 0, 0);

		if (is_as_read(s, c, i, row) && sim_server_lock_row(s, T_DELIVERY, row) != ST_OK)
			return SIM_BLOCKED;
	}
	for (int i = 0; i < sim_args_count(c, 2); i++) {
		struct sim_row *row = sim_table_find(sim_sql_table(s, T_DELIVERY),
						     sim_args_number_at(c, 2, i), 0, 0);
		struct sim_value value = delivery_at(c, i);

		if (!is_as_read(s, c, i, row))
			continue;
		sim_server_write(row, &value);
		changed++;
	}
	if (changed != sim_args_number(c, 11) && sim_args_says(c, "expect_rows(count(*)"))
		return error_set(&s->error, ST_UNAVAILABLE, "rows were not as they had been read");
	*out = sim_args_result(1);
	return ST_OK;
}

/* Of an event without a version there may be many. */
static struct sim_row *history_row(struct sim_session *s, const struct sim_call *c, int i,
				   int64_t serial)
{
	int64_t version = sim_args_number_at(c, 2, i);

	return sim_table_row(sim_sql_table(s, T_HISTORY), sim_args_number_at(c, 1, i), version,
			     version ? 0 : serial);
}

static enum status record(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	int count = sim_args_count(c, 1);

	(void)out;
	for (int i = 0; i < count; i++) {
		enum status st = sim_args_number_at(c, 2, i) == 0
					 ? ST_OK
					 : sim_sql_lock_new(s, T_HISTORY, history_row(s, c, i, 0));

		if (st != ST_OK)
			return st;
	}
	for (int i = 0; i < count; i++) {
		int64_t serial = sim_server_draw(s, Q_HISTORY);
		struct sim_row *row = history_row(s, c, i, serial);
		struct sim_value value = {
			.number = { sim_args_number_at(c, 5, i), sim_args_number_at(c, 6, i),
				    sim_args_number_at(c, 9, i), serial },
			.text = { sim_args_text_at(c, 3, i), sim_args_text_at(c, 4, i) },
		};

		if (sim_server_lock_row(s, T_HISTORY, row) != ST_OK)
			return SIM_BLOCKED;
		if (sim_sql_insert(s, row, &value) != ST_OK)
			return s->error.status;
	}
	return ST_OK;
}

static struct sim_row *plain_row(struct sim_session *s, const struct sim_call *c, int i)
{
	return sim_table_row(sim_sql_table(s, T_PLAIN), sim_args_number_at(c, 2, i),
			     sim_args_number_at(c, 3, i), 0);
}

static enum status record_plain(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	const struct sim_value value = { 0 };
	int count = sim_args_count(c, 2);

	(void)out;
	for (int i = 0; i < count; i++) {
		enum status st = sim_sql_lock_new(s, T_PLAIN, plain_row(s, c, i));

		if (st != ST_OK)
			return st;
	}
	for (int i = 0; i < count; i++) {
		if (sim_sql_insert(s, plain_row(s, c, i), &value) != ST_OK)
			return s->error.status;
	}
	return ST_OK;
}

static enum status park(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	(void)out;
	for (int i = 0; i < sim_args_count(c, 1); i++) {
		struct sim_row *row = sim_table_row(sim_sql_table(s, T_PARKED),
						    sim_args_number_at(c, 1, i),
						    sim_args_number_at(c, 2, i), 0);
		struct sim_value value = {
			.number = { sim_args_number_at(c, 5, i), sim_args_number_at(c, 6, i),
				    sim_args_wall_ms_at(c, 7, i), sim_world_wall_ms(),
				    sim_server_draw(s, Q_PARKED) },
			.text = { sim_args_text_at(c, 3, i), sim_args_text_at(c, 4, i) },
		};

		if (sim_server_lock_row(s, T_PARKED, row) != ST_OK)
			return SIM_BLOCKED;
		if (!row->written)
			sim_server_write(row, &value);
		else if (!sim_args_same_text(row->written->text[1], value.text[1]))
			return error_set(&s->error, ST_INVALID,
					 "another event with its order and version is parked");
	}
	return ST_OK;
}

static enum status unpark(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	(void)out;
	for (int i = 0; i < sim_args_count(c, 1); i++) {
		struct sim_row *row = sim_table_find(sim_sql_table(s, T_PARKED),
						     sim_args_number_at(c, 1, i),
						     sim_args_number_at(c, 2, i), 0);

		if (!sim_table_see(row, s))
			continue;
		if (sim_server_lock_row(s, T_PARKED, row) != ST_OK)
			return SIM_BLOCKED;
		sim_server_write(row, NULL);
	}
	return ST_OK;
}

static enum status clear_ranges(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	struct sim_table *t = sim_sql_table(s, T_RANGE);

	(void)out;
	for (int i = 0; i < sim_args_count(c, 2); i++) {
		int64_t partition = sim_args_number_at(c, 2, i), end = sim_args_number_at(c, 4, i);

		for (size_t at = sim_table_from(t, partition, sim_args_number_at(c, 3, i), 0);
		     at < t->count && t->rows[at]->key[0] == partition && t->rows[at]->key[1] < end;
		     at++) {
			if (!sim_table_see(t->rows[at], s))
				continue;
			if (sim_server_lock_row(s, T_RANGE, t->rows[at]) != ST_OK)
				return SIM_BLOCKED;
			sim_server_write(t->rows[at], NULL);
		}
	}
	return ST_OK;
}

static enum status put_ranges(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	(void)out;
	for (int i = 0; i < sim_args_count(c, 2); i++) {
		struct sim_row *row = sim_table_row(sim_sql_table(s, T_RANGE),
						    sim_args_number_at(c, 2, i),
						    sim_args_number_at(c, 3, i), 0);
		struct sim_value value = { .number = { sim_args_number_at(c, 4, i) } };

		if (sim_server_lock_row(s, T_RANGE, row) != ST_OK)
			return SIM_BLOCKED;
		sim_server_write(row, &value);
	}
	return ST_OK;
}

static enum status outbox_insert(struct sim_session *s, const struct sim_call *c, PGresult **out)
{
	(void)out;
	/* The trigger, which is in the migrations. */
	s->notifies |= sim_args_count(c, 1) > 0 && !sim_server_share_sleep(s);
	for (int i = 0; i < sim_args_count(c, 1); i++) {
		struct sim_row *row = sim_table_row(sim_sql_table(s, T_OUTBOX),
						    sim_server_draw(s, Q_OUTBOX), 0, 0);
		struct sim_value value = { .number = { sim_world_now_us() } };

		for (int column = 0; column < 5; column++)
			value.text[column] = sim_args_text_at(c, column + 1, i);
		(void)sim_server_lock_row(s, T_OUTBOX, row);
		sim_server_write(row, &value);
	}
	return ST_OK;
}

const struct sim_sql sim_sql_save[] = {
	{ "batch_insert", insert_deliveries },
	{ "batch_update", update_deliveries },
	{ "batch_record", record },
	{ "batch_record_plain", record_plain },
	{ "batch_park", park },
	{ "batch_unpark", unpark },
	{ "batch_clear_ranges", clear_ranges },
	{ "batch_put_ranges", put_ranges },
	{ "outbox_insert", outbox_insert },
	{ 0 },
};
