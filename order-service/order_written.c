#include "order-service/order_written.h"

static const enum pg_array_type column_types[ORDER_COLUMN_COUNT] = {
	PG_ARRAY_INT8, PG_ARRAY_INT4, PG_ARRAY_TEXT, PG_ARRAY_INT8, PG_ARRAY_TEXT,
	PG_ARRAY_TEXT, PG_ARRAY_INT4, PG_ARRAY_TEXT, PG_ARRAY_TEXT, PG_ARRAY_INT8,
};

static void columns_add(struct pg_array columns[ORDER_COLUMN_COUNT], const struct order_working *w)
{
	const struct order_content *c = &w->order->content;

	pg_array_i64(&columns[ORDER_COLUMN_ID], w->order->id);
	pg_array_i32(&columns[ORDER_COLUMN_VERSION], w->order->version);
	pg_array_text(&columns[ORDER_COLUMN_STATUS], order_status(w->order));
	pg_array_i64(&columns[ORDER_COLUMN_CUSTOMER], c->customer_id);
	pg_array_text(&columns[ORDER_COLUMN_PRODUCT], c->product_id);
	pg_array_text(&columns[ORDER_COLUMN_NAME], c->product_name);
	pg_array_i32(&columns[ORDER_COLUMN_QTY], c->qty);
	pg_array_text(&columns[ORDER_COLUMN_ADDRESS], c->address);
	pg_array_text(&columns[ORDER_COLUMN_KEY], w->idempotency_key);
	if (w->idempotency_key)
		pg_array_i64(&columns[ORDER_COLUMN_FINGERPRINT], w->fingerprint);
	else
		pg_array_null(&columns[ORDER_COLUMN_FINGERPRINT]);
}

static void init_columns(struct order_written *w)
{
	for (int c = 0; c < ORDER_COLUMN_COUNT; c++) {
		pg_array_init(&w->fresh[c], column_types[c]);
		pg_array_init(&w->old[c], column_types[c]);
	}
}

void order_written_fini(struct order_written *w)
{
	for (int c = 0; c < ORDER_COLUMN_COUNT; c++) {
		pg_array_fini(&w->fresh[c]);
		pg_array_fini(&w->old[c]);
	}
	outbox_batch_fini(&w->events);
}

static void add_rows(struct order_written *w, const struct order_batch *b)
{
	for (size_t i = 0; i < b->working_count; i++) {
		if (b->working[i].is_new)
			columns_add(w->fresh, &b->working[i]);
		else if (b->working[i].changed)
			columns_add(w->old, &b->working[i]);
	}
}

static void add_events(struct order_written *w, const struct order_batch *b, const char *topic)
{
	for (size_t i = 0; i < b->event_count; i++) {
		const struct order_batch_event *e = &b->events[i];

		if (!outbox_batch_add_event(&w->events, topic, e->order_id,
					    event_order_names[e->type], e->payload, e->trace))
			w->no_memory = true;
	}
}

void order_written_init(struct order_written *w, const struct order_batch *b, const char *topic)
{
	init_columns(w);
	add_rows(w, b);
	outbox_batch_init(&w->events);
	w->no_memory = false;
	add_events(w, b, topic);
}

void order_written_update_params(struct order_written *w, struct pg_params *p)
{
	static const enum order_column updated[] = { ORDER_COLUMN_ID,     ORDER_COLUMN_VERSION,
						     ORDER_COLUMN_STATUS, ORDER_COLUMN_PRODUCT,
						     ORDER_COLUMN_NAME,   ORDER_COLUMN_QTY,
						     ORDER_COLUMN_ADDRESS };

	for (size_t i = 0; i < sizeof(updated) / sizeof(updated[0]); i++)
		pg_param_array(p, &w->old[updated[i]]);
}

void order_written_insert_params(struct order_written *w, struct pg_params *p)
{
	for (int c = 0; c < ORDER_COLUMN_COUNT; c++)
		pg_param_array(p, &w->fresh[c]);
}
