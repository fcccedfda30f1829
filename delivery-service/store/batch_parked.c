#include "delivery-service/store/batch_parked.h"

#include <inttypes.h>
#include <string.h>

#include "common/event/event_json.h"

const struct pg_statement batch_parked_statements[] = {
	{ "batch_fetch_parked",
	  "select p.order_id, p.version, p.event, p.payload, p.\"partition\", p.\"offset\", "
	  "  (extract(epoch from p.received_at) * 1000)::int8, "
	  "  exists (select from history h where h.order_id = p.order_id "
	  "    and h.version = p.version and h.version > 0)::int4, "
	  "  t.traceparent, t.tracestate "
	  "from unnest($1::int8[], $2::int4[]) as w (o, v) "
	  "cross join lateral ("
	  "  select * "
	  "  from parked "
	  "  where order_id = w.o and version >= w.v "
	  "  order by version "
	  "  limit $3::int4"
	  ") p "
	  "left join trace t on t.order_id = p.order_id and t.\"partition\" = p.\"partition\" "
	  "  and t.\"offset\" = p.\"offset\" "
	  "order by p.order_id, p.version" },
	{ 0 },
};

/* NULL: it had none. */
static struct trace *take_trace(const PGresult *rows, int row)
{
	const char *parent = pg_text(rows, row, 8), *state = pg_text(rows, row, 9);

	return parent ? trace_read(parent, strlen(parent), state, state ? strlen(state) : 0) : NULL;
}

/* Row's event into batch->fetched. One that cannot be read any more is a bug: it was read once. */
static enum status take_event(struct delivery_batch *b, const PGresult *rows, int row,
			      struct error *err)
{
	const char *name = pg_text(rows, row, 2);
	struct topic_offset at = { (int32_t)pg_i64(rows, row, 4), pg_i64(rows, row, 5) };
	struct order_event *event;
	enum event_type type;
	struct event_record *record;
	struct error why;
	enum status st;

	if (!event_order_type(name, strlen(name), &type))
		return error_set(err, ST_INTERNAL, "a parked event of type %s", name);
	st = event_decode(type, PQgetvalue(rows, row, 3), (size_t)PQgetlength(rows, row, 3), &event,
			  &why);
	if (st != ST_OK) /* the batch's own events are not to blame */
		return error_set(err, st == ST_INVALID ? ST_INTERNAL : st,
				 "a parked event of order %" PRId64 ": %s", pg_i64(rows, row, 0),
				 why.msg);
	record = event_record_from_event(event, at, pg_i64(rows, row, 6));
	if (!record)
		return error_set(err, ST_UNAVAILABLE, "out of memory");
	record->was_parked = true;
	record->trace = take_trace(rows, row);
	delivery_batch_add_fetched(b, record, pg_i64(rows, row, 7) != 0);
	return ST_OK;
}

static enum status take_events(struct delivery_batch *b, const PGresult *rows, struct error *err)
{
	int count = PQntuples(rows);

	if (delivery_batch_reserve(b, (size_t)count, err) != ST_OK)
		return err->status;
	for (int row = 0; row < count; row++) {
		if (take_event(b, rows, row, err) != ST_OK)
			return err->status;
	}
	return ST_OK;
}

static void fill_asked(const struct delivery_batch *b, struct pg_array *order,
		       struct pg_array *version)
{
	for (size_t i = 0; i < b->order_count; i++) {
		if (!b->orders[i].asked)
			continue;
		pg_array_i64(order, b->orders[i].order_id);
		pg_array_i32(version, (int32_t)b->orders[i].next_parked);
	}
}

enum status batch_parked_load(struct pg *pg, struct delivery_batch *b, int32_t limit,
			      struct error *err)
{
	struct pg_array order, version;
	struct pg_params params = { 0 };
	struct pg_call call = { "batch_fetch_parked", &params, NULL };
	enum status st;

	pg_array_init(&order, PG_ARRAY_INT8);
	pg_array_init(&version, PG_ARRAY_INT4);
	fill_asked(b, &order, &version);
	pg_param_array(&params, &order);
	pg_param_array(&params, &version);
	pg_param_i32(&params, limit);
	st = pg_run(pg, &call, 1, err);
	pg_array_fini(&order);
	pg_array_fini(&version);
	if (st != ST_OK)
		return st;
	st = take_events(b, call.result, err);
	pg_clear(&call, 1);
	if (st != ST_OK)
		pg_rollback(pg);
	return st;
}
