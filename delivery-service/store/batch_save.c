#include "delivery-service/store/batch_save.h"

#include <stdlib.h>

#include "common/event/event_json.h"
#include "common/runtime/clock.h"
#include "delivery-service/store/dead_letter.h"

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
	  "  replica, received_at) "
	  "select o, v, e, s, p, f, $7, r "
	  "from unnest($1::int8[], $2::int4[], $3::text[], $4::text[], $5::int4[], $6::int8[], "
	  "    $8::timestamptz[]) "
	  "  with ordinality as h (o, v, e, s, p, f, r, n) "
	  "order by n" },
	{ "batch_record_plain", "insert into applied_plain (topic, \"partition\", \"offset\") "
				"select $1, p, o "
				"from unnest($2::int4[], $3::int8[]) as e (p, o)" },
	{ "batch_park",
	  "insert into parked (order_id, version, event, payload, \"partition\", \"offset\", "
	  "  received_at) "
	  "select * "
	  "from unnest($1::int8[], $2::int4[], $3::text[], $4::bytea[], $5::int4[], $6::int8[], "
	  "  $7::timestamptz[]) "
	  "on conflict do nothing" },
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

/* --- deliveries ---------------------------------------------------------------------------- */

enum {
	D_ID,
	D_ORDER,
	D_VERSION,
	D_CUSTOMER,
	D_PRODUCT,
	D_NAME,
	D_QTY,
	D_ADDRESS,
	D_STATUS,
	D_ROW_VERSION, /* only of rows that are there already */
	D_COUNT
};

static const enum pg_array_type delivery_types[D_COUNT] = {
	PG_ARRAY_INT8, PG_ARRAY_INT8, PG_ARRAY_INT4, PG_ARRAY_INT8, PG_ARRAY_TEXT,
	PG_ARRAY_TEXT, PG_ARRAY_INT4, PG_ARRAY_TEXT, PG_ARRAY_TEXT, PG_ARRAY_INT4,
};

static void add_delivery(struct pg_array d[D_COUNT], const struct batch_order *order)
{
	const struct order_event *e = order->content;

	pg_array_i64(&d[D_ID], order->delivery_id);
	pg_array_i64(&d[D_ORDER], order->order_id);
	pg_array_i32(&d[D_VERSION], order->version);
	pg_array_i64(&d[D_CUSTOMER], e->customer_id);
	pg_array_text(&d[D_PRODUCT], e->product_id);
	pg_array_text(&d[D_NAME], e->product_name);
	pg_array_i32(&d[D_QTY], e->qty);
	pg_array_text(&d[D_ADDRESS], e->address);
	pg_array_text(&d[D_STATUS], delivery_status(order->state));
	pg_array_i32(&d[D_ROW_VERSION], order->row_version);
}

/* --- effects ------------------------------------------------------------------------------- */

enum { H_ORDER, H_VERSION, H_EVENT, H_STATUS, H_PARTITION, H_OFFSET, H_RECEIVED, H_COUNT };

static const enum pg_array_type history_types[H_COUNT] = {
	PG_ARRAY_INT8, PG_ARRAY_INT4, PG_ARRAY_TEXT,        PG_ARRAY_TEXT,
	PG_ARRAY_INT4, PG_ARRAY_INT8, PG_ARRAY_TIMESTAMPTZ,
};

static void add_history(struct pg_array h[H_COUNT], const struct event_record *record)
{
	const struct order_event *e = record->event;

	pg_array_i64(&h[H_ORDER], e->order_id);
	pg_array_i32(&h[H_VERSION], e->version);
	pg_array_text(&h[H_EVENT], event_order_names[e->type]);
	pg_array_text(&h[H_STATUS], delivery_status(record->decision.next));
	pg_array_i32(&h[H_PARTITION], record->at.partition);
	pg_array_i64(&h[H_OFFSET], record->at.offset);
	pg_array_wall_ms(&h[H_RECEIVED], record->received_wall_ms);
}

/* --- parked events ------------------------------------------------------------------------- */

enum { P_ORDER, P_VERSION, P_EVENT, P_PAYLOAD, P_PARTITION, P_OFFSET, P_RECEIVED, P_COUNT };

static const enum pg_array_type parked_types[P_COUNT] = {
	PG_ARRAY_INT8, PG_ARRAY_INT4, PG_ARRAY_TEXT,        PG_ARRAY_BYTEA,
	PG_ARRAY_INT4, PG_ARRAY_INT8, PG_ARRAY_TIMESTAMPTZ,
};

static void add_parked(struct pg_array p[P_COUNT], const struct event_record *record)
{
	const struct order_event *e = record->event;

	pg_array_i64(&p[P_ORDER], e->order_id);
	pg_array_i32(&p[P_VERSION], e->version);
	pg_array_text(&p[P_EVENT], event_order_names[e->type]);
	pg_array_bytes(&p[P_PAYLOAD], record->message.payload, record->message.payload_len);
	pg_array_i32(&p[P_PARTITION], record->at.partition);
	pg_array_i64(&p[P_OFFSET], record->at.offset);
	pg_array_wall_ms(&p[P_RECEIVED], record->received_wall_ms);
}

/* --- the whole ----------------------------------------------------------------------------- */

struct save {
	const char *topic, *replica;
	struct pg_array inserted[D_COUNT], updated[D_COUNT], history[H_COUNT], parked[P_COUNT];
	struct pg_array plain_partition, plain_offset;
	struct pg_array unparked_order, unparked_version;
	struct pg_array cleared_partition, cleared_first, cleared_end;
	struct pg_array put_partition, put_first, put_end;
	struct outbox_batch outbox;
	bool no_memory;
};

static void init_all(struct pg_array *arrays, const enum pg_array_type *types, size_t count)
{
	for (size_t i = 0; i < count; i++)
		pg_array_init(&arrays[i], types[i]);
}

static void fini_all(struct pg_array *arrays, size_t count)
{
	for (size_t i = 0; i < count; i++)
		pg_array_fini(&arrays[i]);
}

static void save_init(struct save *s, const char *topic, const char *replica)
{
	*s = (struct save){ .topic = topic, .replica = replica };
	init_all(s->inserted, delivery_types, D_COUNT);
	init_all(s->updated, delivery_types, D_COUNT);
	init_all(s->history, history_types, H_COUNT);
	init_all(s->parked, parked_types, P_COUNT);
	pg_array_init(&s->plain_partition, PG_ARRAY_INT4);
	pg_array_init(&s->plain_offset, PG_ARRAY_INT8);
	pg_array_init(&s->unparked_order, PG_ARRAY_INT8);
	pg_array_init(&s->unparked_version, PG_ARRAY_INT4);
	pg_array_init(&s->cleared_partition, PG_ARRAY_INT4);
	pg_array_init(&s->cleared_first, PG_ARRAY_INT8);
	pg_array_init(&s->cleared_end, PG_ARRAY_INT8);
	pg_array_init(&s->put_partition, PG_ARRAY_INT4);
	pg_array_init(&s->put_first, PG_ARRAY_INT8);
	pg_array_init(&s->put_end, PG_ARRAY_INT8);
	outbox_batch_init(&s->outbox);
}

static void save_fini(struct save *s)
{
	fini_all(s->inserted, D_COUNT);
	fini_all(s->updated, D_COUNT);
	fini_all(s->history, H_COUNT);
	fini_all(s->parked, P_COUNT);
	pg_array_fini(&s->plain_partition);
	pg_array_fini(&s->plain_offset);
	pg_array_fini(&s->unparked_order);
	pg_array_fini(&s->unparked_version);
	pg_array_fini(&s->cleared_partition);
	pg_array_fini(&s->cleared_first);
	pg_array_fini(&s->cleared_end);
	pg_array_fini(&s->put_partition);
	pg_array_fini(&s->put_first);
	pg_array_fini(&s->put_end);
	outbox_batch_fini(&s->outbox);
}

static void add_unparked(struct save *s, const struct order_event *e)
{
	pg_array_i64(&s->unparked_order, e->order_id);
	pg_array_i32(&s->unparked_version, e->version);
}

/* The history row of one event. */
static void add_record(struct save *s, const struct event_record *record)
{
	add_history(s->history, record);
	if (record->event->version > 0)
		return;
	pg_array_i32(&s->plain_partition, record->origin.partition);
	pg_array_i64(&s->plain_offset, record->origin.offset);
}

/* The Delivery* event of one event. */
static void add_outgoing(struct save *s, const struct event_record *record,
			 const struct batch_order *order)
{
	const struct order_event *e = record->event;
	char *payload = event_encode_delivery(e, order->delivery_id, clock_wall_ms());

	if (payload)
		outbox_batch_add_event(&s->outbox, s->topic, e->order_id,
				       event_delivery_names[e->type], payload);
	else
		s->no_memory = true;
	free(payload);
	/* Also where it came from the topic: a copy of it may be parked. */
	if (order->has_parked && e->version > 0)
		add_unparked(s, e);
}

/* What has no effect: it is parked, or a dead letter, or nothing is to be written for it. */
static void add_other(struct save *s, const struct event_record *record)
{
	const char *refusal = record->event ? delivery_refusal(record->decision.verdict)
					    : record->reason;
	bool parks = record->event && record->decision.verdict == DELIVERY_PARK;

	if (refusal || !record->event)
		s->no_memory |= !dead_letter_add(&s->outbox, s->topic, record, refusal);
	if (parks && !record->was_parked)
		add_parked(s->parked, record);
	if (!parks && record->was_parked)
		add_unparked(s, record->event);
}

static void add_position(struct save *s, const struct commit_entry *entry)
{
	const struct offset_tracker_plan *change = &entry->change;

	for (size_t i = 0; i < change->cleared_count; i++) {
		pg_array_i32(&s->cleared_partition, entry->partition);
		pg_array_i64(&s->cleared_first, change->cleared[i].first);
		pg_array_i64(&s->cleared_end, change->cleared[i].end);
	}
	for (size_t i = 0; i < change->put_count; i++) {
		pg_array_i32(&s->put_partition, entry->partition);
		pg_array_i64(&s->put_first, change->put[i].first);
		pg_array_i64(&s->put_end, change->put[i].end);
	}
}

static void array_params(struct pg_params *p, struct pg_array *arrays, size_t count)
{
	for (size_t i = 0; i < count; i++)
		pg_param_array(p, &arrays[i]);
}

static void history_params(struct pg_params *p, struct save *s)
{
	array_params(p, s->history, H_RECEIVED);
	pg_param_text(p, s->replica);
	pg_param_array(p, &s->history[H_RECEIVED]);
}

/* --- three steps, each worked by the server while the next one is prepared ------------------- */

static enum status send_deliveries(struct pg *pg, struct save *s, const struct delivery_batch *b,
				   struct batch_saving *saving, struct error *err)
{
	struct pg_params insert = { 0 }, update = { 0 };
	struct pg_call *calls = saving->calls;
	size_t n = 0;

	for (size_t i = 0; i < b->order_count; i++) {
		const struct batch_order *order = &b->orders[i];

		if (order->content)
			add_delivery(order->has_row ? s->updated : s->inserted, order);
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

static enum status send_history(struct pg *pg, struct save *s, const struct delivery_batch *b,
				struct batch_saving *saving, struct error *err)
{
	struct pg_params record = { 0 }, plain = { 0 };
	struct pg_call *calls = saving->calls + saving->count;
	size_t n = 0;

	for (size_t i = 0; i < b->applied_count; i++)
		add_record(s, b->applied[i]);
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

static void collect_rest(struct save *s, const struct commit_plan *plan, struct delivery_batch *b)
{
	for (size_t i = 0; i < plan->count; i++)
		add_position(s, &plan->list[i]);
	for (size_t i = 0; i < b->applied_count; i++)
		add_outgoing(s, b->applied[i],
			     delivery_batch_order(b, b->applied[i]->event->order_id));
	for (size_t i = 0; i < b->event_count + b->fetched_count; i++) {
		const struct event_record *record =
			i < b->event_count ? b->events[i] : b->fetched[i - b->event_count];

		if (!record->event || record->decision.verdict != DELIVERY_APPLY)
			add_other(s, record);
	}
}

static enum status send_rest(struct pg *pg, struct save *s, struct batch_saving *saving,
			     struct error *err)
{
	struct pg_params park = { 0 }, unpark = { 0 }, clear = { 0 }, put = { 0 }, outbox = { 0 };
	struct pg_call *calls = saving->calls + saving->count;
	size_t n = 0;

	array_params(&park, s->parked, P_COUNT);
	pg_param_array(&unpark, &s->unparked_order);
	pg_param_array(&unpark, &s->unparked_version);
	pg_param_text(&clear, s->topic);
	pg_param_array(&clear, &s->cleared_partition);
	pg_param_array(&clear, &s->cleared_first);
	pg_param_array(&clear, &s->cleared_end);
	pg_param_text(&put, s->topic);
	pg_param_array(&put, &s->put_partition);
	pg_param_array(&put, &s->put_first);
	pg_param_array(&put, &s->put_end);
	outbox_batch_params(&s->outbox, &outbox);
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

static enum status send_all(struct pg *pg, struct save *s, const struct commit_plan *plan,
			    struct delivery_batch *b, struct batch_saving *saving,
			    struct error *err)
{
	if (send_deliveries(pg, s, b, saving, err) != ST_OK ||
	    send_history(pg, s, b, saving, err) != ST_OK)
		return err->status;
	collect_rest(s, plan, b);
	if (s->no_memory) {
		pg_rollback(pg);
		return error_set(err, ST_UNAVAILABLE, "out of memory");
	}
	return send_rest(pg, s, saving, err);
}

enum status batch_save(struct pg *pg, const char *topic, const char *replica,
		       const struct commit_plan *plan, struct delivery_batch *b,
		       struct batch_saving *saving, struct error *err)
{
	struct save s;
	enum status st;

	save_init(&s, topic, replica);
	st = send_all(pg, &s, plan, b, saving, err);
	save_fini(&s);
	return st;
}

enum status batch_save_finish(struct pg *pg, struct batch_saving *saving, struct error *err)
{
	enum status st = pg_receive(pg, saving->calls, saving->count, err);

	if (st == ST_OK)
		pg_clear(saving->calls, saving->count);
	return st;
}
