#include "delivery-service/store/batch_rows.h"

#include <stdlib.h>
#include <string.h>

#include "common/event/event_json.h"
#include "common/runtime/clock.h"
#include "delivery-service/store/dead_letter.h"

/* --- deliveries ---------------------------------------------------------------------------- */

static const enum pg_array_type delivery_types[D_COUNT] = {
	PG_ARRAY_INT8, PG_ARRAY_INT8, PG_ARRAY_INT4, PG_ARRAY_INT8, PG_ARRAY_TEXT,
	PG_ARRAY_TEXT, PG_ARRAY_INT4, PG_ARRAY_TEXT, PG_ARRAY_TEXT, PG_ARRAY_INT4,
};

void batch_rows_add_delivery(struct batch_rows *s, const struct batch_order *order)
{
	struct pg_array *d = order->has_row ? s->updated : s->inserted;
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

static const enum pg_array_type history_types[H_COUNT] = {
	PG_ARRAY_INT8, PG_ARRAY_INT4, PG_ARRAY_TEXT,        PG_ARRAY_TEXT,
	PG_ARRAY_INT4, PG_ARRAY_INT8, PG_ARRAY_TIMESTAMPTZ, PG_ARRAY_INT8,
};

static void add_history(struct pg_array h[H_COUNT], const struct batch_event *event)
{
	const struct event_record *record = event->record;
	const struct order_event *e = record->event;

	pg_array_i64(&h[H_ORDER], e->order_id);
	pg_array_i32(&h[H_VERSION], e->version);
	pg_array_text(&h[H_EVENT], event_order_names[e->type]);
	pg_array_text(&h[H_STATUS], delivery_status(event->decision.next));
	pg_array_i32(&h[H_PARTITION], record->at.partition);
	pg_array_i64(&h[H_OFFSET], record->at.offset);
	pg_array_wall_ms(&h[H_RECEIVED], record->received_wall_ms);
	pg_array_i64(&h[H_CONTENT], event_content(e));
}

/* --- traces -------------------------------------------------------------------------------- */

static const enum pg_array_type trace_types[T_COUNT] = {
	PG_ARRAY_INT8, PG_ARRAY_INT4, PG_ARRAY_INT8, PG_ARRAY_TEXT, PG_ARRAY_TEXT,
};

/* As the message had it; of one that begins here, our span stands for the caller's. */
static void add_trace(struct pg_array t[T_COUNT], const struct event_record *record)
{
	static const uint8_t none[TRACE_SPAN_BYTES];
	const struct trace *trace = record->trace;
	struct trace_parent parent = trace->at;
	char text[TRACE_PARENT_SIZE];

	if (memcmp(trace->caller, none, sizeof(none)) != 0)
		memcpy(parent.span, trace->caller, sizeof(parent.span));
	trace_parent_write(&parent, text);
	pg_array_i64(&t[T_ORDER], record->event->order_id);
	pg_array_i32(&t[T_PARTITION], record->at.partition);
	pg_array_i64(&t[T_OFFSET], record->at.offset);
	pg_array_text(&t[T_PARENT], text);
	pg_array_text(&t[T_STATE], trace->state[0] ? trace->state : NULL);
}

/* --- parked events ------------------------------------------------------------------------- */

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

/* --- all of them ---------------------------------------------------------------------------- */

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

void batch_rows_init(struct batch_rows *s, const char *topic, const char *replica)
{
	*s = (struct batch_rows){ .topic = topic, .replica = replica };
	init_all(s->inserted, delivery_types, D_COUNT);
	init_all(s->updated, delivery_types, D_COUNT);
	init_all(s->history, history_types, H_COUNT);
	init_all(s->traces, trace_types, T_COUNT);
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

void batch_rows_fini(struct batch_rows *s)
{
	fini_all(s->inserted, D_COUNT);
	fini_all(s->updated, D_COUNT);
	fini_all(s->history, H_COUNT);
	fini_all(s->traces, T_COUNT);
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

static void add_unparked(struct batch_rows *s, const struct order_event *e)
{
	pg_array_i64(&s->unparked_order, e->order_id);
	pg_array_i32(&s->unparked_version, e->version);
}

void batch_rows_add_effect(struct batch_rows *s, const struct batch_event *event)
{
	const struct event_record *record = event->record;

	add_history(s->history, event);
	if (record->trace && !record->was_parked)
		add_trace(s->traces, record);
	if (record->event->version > 0)
		return;
	pg_array_i32(&s->plain_partition, record->origin.partition);
	pg_array_i64(&s->plain_offset, record->origin.offset);
}

void batch_rows_add_outgoing(struct batch_rows *s, const struct batch_event *event,
			     const struct batch_order *order)
{
	const struct order_event *e = event->record->event;
	char *payload;

	if (!s->topic)
		return;
	payload = event_encode_delivery(e, order->delivery_id, clock_wall_ms());
	if (!payload ||
	    !outbox_batch_add_event(&s->outbox, s->topic, e->order_id,
				    event_delivery_names[e->type], payload, event->record->trace))
		s->no_memory = true;
	free(payload);
	/* Also where it came from the topic: a copy of it may be parked. */
	if (order->has_parked && e->version > 0)
		add_unparked(s, e);
}

void batch_rows_add_other(struct batch_rows *s, const struct batch_event *event)
{
	const struct event_record *record = event->record;
	const char *refusal = record->event ? delivery_refusal(event->decision.verdict)
					    : event_record_reason(record);
	bool parks = record->event && event->decision.verdict == DELIVERY_PARK;

	if (refusal || !record->event)
		s->no_memory |= !dead_letter_add(&s->outbox, s->topic, record, refusal);
	if (parks && !record->was_parked) {
		add_parked(s->parked, record);
		if (record->trace)
			add_trace(s->traces, record);
	}
	if (!parks && record->was_parked)
		add_unparked(s, record->event);
}

void batch_rows_add_position(struct batch_rows *s, const struct commit_entry *entry)
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
