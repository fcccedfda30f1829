#include "delivery-service/store/batch_save.h"

#include "delivery-service/store/batch_rows.h"

const struct pg_statement batch_save_statements[] = {
	{ "batch_insert",
	  "insert into delivery (id, order_id, version, customer_id, product_id, product_name, "
	  "  qty, address, status) "
	  "select * "
	  "from unnest($1::int8[], $2::int8[], $3::int4[], $4::int8[], $5::text[], $6::text[], "
	  "  $7::int4[], $8::text[], $9::text[])" },
	{ "batch_update",
	  "with changed as ("
	  "  update delivery d "
	  "  set version = n.version, customer_id = n.customer_id, product_id = n.product_id, "
	  "    product_name = n.product_name, qty = n.qty, address = n.address, "
	  "    status = n.status, updated_at = now() "
	  "  from unnest($1::int8[], $2::int8[], $3::int4[], $4::int8[], $5::text[], $6::text[], "
	  "      $7::int4[], $8::text[], $9::text[], $10::int4[]) "
	  "    as n (id, order_id, version, customer_id, product_id, product_name, "
	  "      qty, address, status, row_version) "
	  "  where d.order_id = n.order_id and d.version = n.row_version "
	  "  returning 1"
	  ") "
	  "select expect_rows(count(*), $11::int8) "
	  "from changed" },
	{ "batch_record",
	  "insert into history (order_id, version, event, status, \"partition\", \"offset\", "
	  "  replica, received_at, content) "
	  "select o, v, e, s, p, f, $7, r, c "
	  "from unnest($1::int8[], $2::int4[], $3::text[], $4::text[], $5::int4[], $6::int8[], "
	  "    $8::timestamptz[], $9::int8[]) "
	  "  with ordinality as h (o, v, e, s, p, f, r, c, n) "
	  "order by n" },
	{ "batch_record_plain", "insert into applied_plain (topic, \"partition\", \"offset\") "
				"select $1, p, o "
				"from unnest($2::int4[], $3::int8[]) as e (p, o)" },
	/* One that was written before is of a topic that was re-created, or of a log that repeats
	 * offsets, which may give both at once. */
	{ "batch_trace",
	  "insert into trace (order_id, \"partition\", \"offset\", traceparent, "
	  "  tracestate) "
	  "select distinct on (o, p, f) o, p, f, t, s "
	  "from unnest($1::int8[], $2::int4[], $3::int8[], $4::text[], $5::text[]) "
	  "  with ordinality as e (o, p, f, t, s, n) "
	  "order by o, p, f, n desc "
	  "on conflict (order_id, \"partition\", \"offset\") do update "
	  "set traceparent = excluded.traceparent, tracestate = excluded.tracestate" },
	{ "batch_park",
	  "insert into parked (order_id, version, event, payload, \"partition\", \"offset\", "
	  "  received_at) "
	  "select * "
	  "from unnest($1::int8[], $2::int4[], $3::text[], $4::bytea[], $5::int4[], $6::int8[], "
	  "  $7::timestamptz[]) "
	  "on conflict (order_id, version) do update "
	  "set payload = expect_same(excluded.order_id, excluded.version) "
	  "where parked.payload <> excluded.payload" },
	{ "batch_unpark", "delete from parked p "
			  "using unnest($1::int8[], $2::int4[]) as e (o, v) "
			  "where p.order_id = e.o and p.version = e.v" },
	{ "batch_clear_ranges", "delete from position_range r "
				"using unnest($2::int4[], $3::int8[], $4::int8[]) as c (p, f, e) "
				"where r.topic = $1 and r.\"partition\" = c.p "
				"  and r.first_offset >= c.f and r.first_offset < c.e" },
	{ "batch_put_ranges",
	  "insert into position_range (topic, \"partition\", first_offset, end_offset) "
	  "select $1, p, f, e "
	  "from unnest($2::int4[], $3::int8[], $4::int8[]) as r (p, f, e) "
	  "on conflict (topic, \"partition\", first_offset) do update "
	  "set end_offset = excluded.end_offset" },
	{ 0 },
};

static void array_params(struct pg_params *p, struct pg_array *arrays, size_t count)
{
	for (size_t i = 0; i < count; i++)
		pg_param_array(p, &arrays[i]);
}

static void history_params(struct pg_params *p, struct batch_rows *s)
{
	array_params(p, s->history, H_RECEIVED);
	pg_param_text(p, s->replica);
	pg_param_array(p, &s->history[H_RECEIVED]);
	pg_param_array(p, &s->history[H_CONTENT]);
}

/* --- three steps, each executed by the server while the next one is prepared -------------------
 */

static enum status send_deliveries(struct pg *pg, struct batch_rows *s,
				   const struct delivery_batch *b, struct batch_saving *saving,
				   struct error *err)
{
	struct pg_params insert = { 0 }, update = { 0 };
	struct pg_call *calls = saving->calls;
	size_t n = 0;

	for (size_t i = 0; i < b->order_count; i++) {
		const struct batch_order *order = &b->orders[i];

		if (order->content)
			batch_rows_add_delivery(s, order);
	}
	array_params(&insert, s->inserted, D_ROW_VERSION);
	array_params(&update, s->updated, D_COUNT);
	pg_param_i64(&update, s->updated[D_ID].count);
	if (s->inserted[D_ID].count)
		calls[n++] = (struct pg_call){ "batch_insert", &insert, NULL };
	if (s->updated[D_ID].count)
		calls[n++] = (struct pg_call){ "batch_update", &update, NULL };
	saving->count = n;
	return pg_send_ahead(pg, calls, n, err);
}

static enum status send_history(struct pg *pg, struct batch_rows *s, const struct delivery_batch *b,
				struct batch_saving *saving, struct error *err)
{
	struct pg_params record = { 0 }, plain = { 0 };
	struct pg_call *calls = saving->calls + saving->count;
	size_t n = 0;

	for (size_t i = 0; i < b->applied_count; i++)
		batch_rows_add_effect(s, &b->applied[i]);
	history_params(&record, s);
	pg_param_text(&plain, s->topic);
	pg_param_array(&plain, &s->plain_partition);
	pg_param_array(&plain, &s->plain_offset);
	if (s->history[H_ORDER].count)
		calls[n++] = (struct pg_call){ "batch_record", &record, NULL };
	if (s->plain_offset.count)
		calls[n++] = (struct pg_call){ "batch_record_plain", &plain, NULL };
	saving->count += n;
	return pg_send_ahead(pg, calls, n, err);
}

static void add_outgoing(struct batch_rows *s, struct delivery_batch *b,
			 const struct batch_event *event)
{
	batch_rows_add_outgoing(s, event, delivery_batch_order(b, event->record->event->order_id));
}

static void collect_others(struct batch_rows *s, const struct commit_plan *plan,
			   struct delivery_batch *b)
{
	for (size_t i = 0; i < plan->count; i++)
		batch_rows_add_position(s, &plan->list[i]);
	for (size_t i = 0; i < b->applied_count; i++)
		add_outgoing(s, b, &b->applied[i]);
	for (size_t i = 0; i < b->event_count + b->fetched_count; i++) {
		const struct batch_event *event =
			i < b->event_count ? &b->events[i] : &b->fetched[i - b->event_count];

		if (!event->record->event || event->decision.verdict != DELIVERY_APPLY)
			batch_rows_add_other(s, event);
	}
}

static void range_params(struct pg_params *p, const char *topic, struct pg_array *partition,
			 struct pg_array *first, struct pg_array *end)
{
	pg_param_text(p, topic);
	pg_param_array(p, partition);
	pg_param_array(p, first);
	pg_param_array(p, end);
}

static enum status send_others(struct pg *pg, struct batch_rows *s, struct batch_saving *saving,
			       struct error *err)
{
	struct pg_params park = { 0 }, unpark = { 0 }, clear = { 0 }, put = { 0 }, outbox = { 0 };
	struct pg_params trace = { 0 };
	struct pg_call *calls = saving->calls + saving->count;
	size_t n = 0;

	array_params(&trace, s->traces, T_COUNT);
	array_params(&park, s->parked, P_COUNT);
	pg_param_array(&unpark, &s->unparked_order);
	pg_param_array(&unpark, &s->unparked_version);
	range_params(&clear, s->topic, &s->cleared_partition, &s->cleared_first, &s->cleared_end);
	range_params(&put, s->topic, &s->put_partition, &s->put_first, &s->put_end);
	outbox_batch_params(&s->outbox, &outbox);
	if (s->traces[T_ORDER].count)
		calls[n++] = (struct pg_call){ "batch_trace", &trace, NULL };
	if (s->parked[P_ORDER].count)
		calls[n++] = (struct pg_call){ "batch_park", &park, NULL };
	if (s->unparked_order.count)
		calls[n++] = (struct pg_call){ "batch_unpark", &unpark, NULL };
	if (s->cleared_first.count)
		calls[n++] = (struct pg_call){ "batch_clear_ranges", &clear, NULL };
	if (s->put_first.count)
		calls[n++] = (struct pg_call){ "batch_put_ranges", &put, NULL };
	if (s->outbox.count)
		calls[n++] = (struct pg_call){ OUTBOX_INSERT, &outbox, NULL };
	calls[n++] = (struct pg_call){ PG_COMMIT, NULL, NULL };
	saving->count += n;
	return pg_send(pg, calls, n, err);
}

static enum status send_all(struct pg *pg, struct batch_rows *s, const struct commit_plan *plan,
			    struct delivery_batch *b, struct batch_saving *saving,
			    struct error *err)
{
	if (send_deliveries(pg, s, b, saving, err) != ST_OK ||
	    send_history(pg, s, b, saving, err) != ST_OK)
		return err->status;
	collect_others(s, plan, b);
	if (s->no_memory) {
		pg_rollback(pg);
		return error_set(err, ST_UNAVAILABLE, "out of memory");
	}
	return send_others(pg, s, saving, err);
}

enum status batch_save(struct pg *pg, const char *topic, const char *replica,
		       const struct commit_plan *plan, struct delivery_batch *b,
		       struct batch_saving *saving, struct error *err)
{
	struct batch_rows s;
	enum status st;

	batch_rows_init(&s, topic, replica);
	st = send_all(pg, &s, plan, b, saving, err);
	batch_rows_fini(&s);
	return st;
}

enum status batch_save_finish(struct pg *pg, struct batch_saving *saving, struct error *err)
{
	enum status st = pg_receive(pg, saving->calls, saving->count, err);

	if (st == ST_OK)
		pg_clear(saving->calls, saving->count);
	return st;
}
