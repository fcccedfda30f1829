#include "order-service/known_database.h"

/* How far past what was seen: an event of the lost orders may still be on its way to the topic. */
#define MARGIN 10000

const struct pg_statement known_database_statements[] = {
	/* A committed order that is missing, and is none of those that were lost when the database
	 * was last made known. */
	{ "ids_known",
	  "select (known.highest_order_id is not null)::int4, drawn.id, "
	  "  ($1::int8 > drawn.id or ($1::int8 > coalesce(known.highest_order_id, 0) "
	  "    and not exists (select from orders where id = $1::int8)))::int4 "
	  "from (select last_value - (not is_called)::int4 as id from orders_id_seq) as drawn "
	  "left join known_database known on known.identity = database_identity()" },
	{ "ids_forget", "update known_database set identity = 'went back' "
			"where identity = database_identity()" },
	{ "ids_highest", "select coalesce(max(id), 0) from orders" },
	/* One after the other: who comes second finds the database known. */
	{ "ids_lock", "select pg_advisory_xact_lock('orders'::regclass::oid::int4, 2)" },
	/* Only forwards, and only in a database that is not known, where nobody draws ids. In one
	 * that never was, without a later id anywhere, ids go on without a gap. */
	{ "ids_move", "select setval('orders_id_seq', greatest(seen.id, drawn.id) + $2::int8) "
		      "from (select greatest($1::int8, coalesce(max(id), 0)) as id from orders) "
		      "    as seen, "
		      "  (select last_value - (not is_called)::int4 as id from orders_id_seq) "
		      "    as drawn "
		      "where (seen.id > drawn.id or exists (select from known_database)) "
		      "  and not exists (select from known_database "
		      "    where identity = database_identity())" },
	{ "ids_move_positions",
	  "select setval('orders_commit_position_seq', seen.position) "
	  "from (select max(commit_position) as position from orders) as seen, "
	  "  orders_commit_position_seq as drawn "
	  "where seen.position > drawn.last_value" },
	{ "ids_record",
	  "insert into known_database (identity, highest_order_id) "
	  "values (database_identity(), $1::int8) "
	  "on conflict (one) do update "
	  "set identity = excluded.identity, highest_order_id = excluded.highest_order_id, "
	  "  known_at = now() "
	  "where known_database.identity <> excluded.identity" },
	{ 0 },
};

enum status known_database_ask(struct pg *pg, int64_t committed, struct known_database *found,
			       struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_call call = { "ids_known", &params, NULL };

	pg_param_i64(&params, committed);
	if (pg_run(pg, &call, 1, err) != ST_OK)
		return err->status;
	found->known = pg_i64(call.result, 0, 0) == 1;
	found->drawn = pg_i64(call.result, 0, 1);
	found->went_back = pg_i64(call.result, 0, 2) == 1;
	pg_clear(&call, 1);
	return ST_OK;
}

enum status known_database_highest(struct pg_pool *pool, int64_t *highest, struct error *err)
{
	struct pg_call call = { "ids_highest", NULL, NULL };

	if (pg_pool_run(pool, &call, 1, err) != ST_OK)
		return err->status;
	*highest = pg_i64(call.result, 0, 0);
	pg_clear(&call, 1);
	return ST_OK;
}

enum status known_database_forget(struct pg *pg, struct error *err)
{
	struct pg_call call = { "ids_forget", NULL, NULL };

	if (pg_run(pg, &call, 1, err) != ST_OK)
		return err->status;
	pg_clear(&call, 1);
	return ST_OK;
}

enum status known_database_record(struct pg *pg, int64_t highest, int64_t *moved_to,
				  struct error *err)
{
	enum { LOCK = 1, MOVE };
	struct pg_params p_move = { 0 }, p_record = { 0 };
	struct pg_call calls[] = {
		{ PG_BEGIN, NULL, NULL },          { "ids_lock", NULL, NULL },
		{ "ids_move", &p_move, NULL },     { "ids_move_positions", NULL, NULL },
		{ "ids_record", &p_record, NULL }, { PG_COMMIT, NULL, NULL },
	};
	const size_t count = sizeof(calls) / sizeof(calls[0]);

	pg_param_i64(&p_move, highest);
	pg_param_i64(&p_move, MARGIN);
	pg_param_i64(&p_record, highest);
	if (pg_run(pg, calls, count, err) != ST_OK)
		return err->status;
	*moved_to = PQntuples(calls[MOVE].result) == 1 ? pg_i64(calls[MOVE].result, 0, 0) : 0;
	pg_clear(calls, count);
	return ST_OK;
}
