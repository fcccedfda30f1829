#include "tests/simulation/sim_sql.h"

#include <inttypes.h>
#include <string.h>

#include "tests/simulation/sim_world.h"

struct sim_table *sim_sql_table(struct sim_session *s, enum sim_table_name name)
{
	return &s->database->tables[name];
}

const struct sim_value *sim_sql_see(struct sim_session *s, enum sim_table_name name, int64_t a,
				    int64_t b, int64_t c)
{
	return sim_table_see(sim_table_find(sim_sql_table(s, name), a, b, c), s);
}

static enum status conflict(struct sim_session *s, const struct sim_row *row)
{
	return error_set(&s->error, ST_CONFLICT, "duplicate key %" PRId64 "/%" PRId64, row->key[0],
			 row->key[1]);
}

enum status sim_sql_lock_new(struct sim_session *s, enum sim_table_name name, struct sim_row *row)
{
	/* Who only has its lock will not take it away. */
	bool stays = row->committed && row->written == row->committed;

	if (row->owner && stays)
		return conflict(s, row);
	if (sim_server_lock_row(s, name, row) != ST_OK)
		return SIM_BLOCKED;
	return row->written ? conflict(s, row) : ST_OK;
}

enum status sim_sql_insert(struct sim_session *s, struct sim_row *row,
			   const struct sim_value *value)
{
	if (row->written)
		return conflict(s, row);
	sim_server_write(row, value);
	return ST_OK;
}

enum status sim_sql_execute(struct sim_session *s, const struct sim_call *call, PGresult **out)
{
	static const struct sim_sql *const tables[] = { sim_sql_load, sim_sql_save,
							sim_sql_delivery, sim_sql_relay,
							sim_sql_orders };

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (const struct sim_sql *sql = tables[i]; sql->name; sql++) {
			if (strcmp(sql->name, call->name) == 0)
				return sql->run(s, call, out);
		}
	}
	sim_world_violation("the simulation has no model of the statement %s", call->name);
	return error_set(&s->error, ST_INTERNAL, "no model of %s", call->name);
}
