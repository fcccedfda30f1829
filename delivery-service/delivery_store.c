/*
 * A batch takes two round trips: (1) begin, move the positions if the epochs still hold, lock the
 * deliveries in order-id order (two replicas cannot deadlock), look up which events had their
 * effect; (2) write deliveries, history and outbox, commit. Between the two, delivery_batch
 * decides in memory.
 */
#include "delivery-service/delivery_store.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/event_json.h"
#include "common/outbox.h"
#include "delivery-service/dead_letter.h"
#include "delivery-service/delivery_batch.h"

static const struct pg_statement statements[] = {
	{ "claim", "insert into position as p (topic, \"partition\", next_offset, epoch, owner) "
		   "values ($1, $2::int4, 0, 1, $3) on conflict (topic, \"partition\") do update "
		   "set epoch = p.epoch + 1, owner = excluded.owner, updated_at = now() "
		   "returning next_offset, epoch" },
	{ "advance",
	  "update position p set next_offset = n.next_offset, updated_at = now() "
	  "from unnest($2::int4[], $3::int8[], $4::int8[]) as n (\"partition\", next_offset, "
	  "epoch) "
	  "where p.topic = $1 and p.\"partition\" = n.\"partition\" and p.epoch = n.epoch "
	  "and p.next_offset <= n.next_offset returning p.\"partition\"" },
	{ "lock", "select order_id, id, version, status from delivery "
		  "where order_id = any($1::int8[]) order by order_id for update" },
	{ "seen", "select h.order_id, h.version from unnest($1::int8[], $2::int4[]) as e (o, v) "
		  "join history h on h.order_id = e.o and h.version = e.v and h.version > 0" },
	{ "ids", "select nextval('delivery_id_seq') from generate_series(1, $1::int4)" },
	{ "upsert",
	  "insert into delivery as d (id, order_id, version, customer_id, product_id, "
	  "product_name, "
	  "qty, address, status) select * from unnest($1::int8[], $2::int8[], $3::int4[], "
	  "$4::int8[], $5::text[], $6::text[], $7::int4[], $8::text[], $9::text[]) "
	  "on conflict (order_id) do update set version = excluded.version, "
	  "customer_id = excluded.customer_id, product_id = excluded.product_id, "
	  "product_name = excluded.product_name, qty = excluded.qty, address = excluded.address, "
	  "status = excluded.status, updated_at = now()" },
	{ "record",
	  "insert into history (order_id, version, event, status, \"partition\", \"offset\", "
	  "replica, received_at) select o, v, e, s, p, f, $7, r from unnest($1::int8[], "
	  "$2::int4[], "
	  "$3::text[], $4::text[], $5::int4[], $6::int8[], $8::timestamptz[]) "
	  "with ordinality as h (o, v, e, s, p, f, r, n) order by n" },
	OUTBOX_INSERT_STATEMENT,
};

struct delivery_store {
	struct pg *pg;
	const char *topic, *replica;
};

enum status delivery_store_open(struct delivery_store **out, const char *database_url,
				const char *topic, const char *replica, struct error *err)
{
	struct delivery_store *store = calloc(1, sizeof(*store));

	if (!store)
		return error_set(err, ST_INTERNAL, "out of memory");
	store->topic = topic;
	store->replica = replica;
	if (pg_open(&store->pg, database_url, "delivery-service loop", statements,
		    sizeof(statements) / sizeof(statements[0]), err) != ST_OK) {
		free(store);
		return err->status;
	}
	*out = store;
	return ST_OK;
}

void delivery_store_close(struct delivery_store *store)
{
	if (!store)
		return;
	pg_close(store->pg);
	free(store);
}

enum status delivery_store_claim(struct delivery_store *store, struct delivery_position *position,
				 struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_call call = { "claim", &params, NULL };

	pg_param_text(&params, store->topic);
	pg_param_i32(&params, position->partition);
	pg_param_text(&params, store->replica);
	if (pg_run(store->pg, &call, 1, err) != ST_OK)
		return err->status;
	position->next_offset = pg_i64(call.result, 0, 0);
	position->epoch = pg_i64(call.result, 0, 1);
	position->fenced = false;
	pg_clear(&call, 1);
	return ST_OK;
}

/* --- first round trip ---------------------------------------------------------------------- */

enum load_array { L_PARTITION, L_OFFSET, L_EPOCH, L_ORDER, L_KEY_ORDER, L_KEY_VERSION, L_COUNT };

static void fill_load(struct pg_array a[L_COUNT], const struct delivery_position *positions,
		      size_t position_count, const struct delivery_batch *b)
{
	static const enum pg_array_type types[L_COUNT] = { PG_ARRAY_INT4, PG_ARRAY_INT8,
							   PG_ARRAY_INT8, PG_ARRAY_INT8,
							   PG_ARRAY_INT8, PG_ARRAY_INT4 };

	for (int i = 0; i < L_COUNT; i++)
		pg_array_init(&a[i], types[i]);
	for (size_t i = 0; i < position_count; i++) {
		pg_array_i32(&a[L_PARTITION], positions[i].partition);
		pg_array_i64(&a[L_OFFSET], positions[i].next_offset);
		pg_array_i64(&a[L_EPOCH], positions[i].epoch);
	}
	for (size_t i = 0; i < b->order_count; i++)
		pg_array_i64(&a[L_ORDER], b->orders[i].order_id);
	for (size_t i = 0; i < b->key_count; i++) {
		pg_array_i64(&a[L_KEY_ORDER], b->keys[i].order_id);
		pg_array_i32(&a[L_KEY_VERSION], b->keys[i].version);
	}
}

/* Which positions the advance did not touch. */
static enum status check_fence(struct delivery_position *positions, size_t count,
			       const PGresult *advanced, struct error *err)
{
	if ((size_t)PQntuples(advanced) == count)
		return ST_OK;
	for (size_t i = 0; i < count; i++) {
		positions[i].fenced = true;
		for (int row = 0; row < PQntuples(advanced); row++) {
			if (pg_i64(advanced, row, 0) == positions[i].partition)
				positions[i].fenced = false;
		}
	}
	return error_set(err, ST_FENCED, "a partition has a new owner");
}

static void take_loaded(struct delivery_batch *b, const PGresult *rows, const PGresult *seen)
{
	for (int row = 0; row < PQntuples(rows); row++) {
		struct batch_order *order = delivery_batch_order(b, pg_i64(rows, row, 0));

		order->delivery_id = pg_i64(rows, row, 1);
		order->version = (int32_t)pg_i64(rows, row, 2);
		order->state = delivery_state_of(pg_text(rows, row, 3));
	}
	for (int row = 0; row < PQntuples(seen); row++)
		delivery_batch_key(b, pg_i64(seen, row, 0), (int32_t)pg_i64(seen, row, 1))->seen =
			true;
}

/* On ST_OK *ids is owned by the caller and a transaction is open. */
static enum status load(struct delivery_store *store, struct delivery_position *positions,
			size_t position_count, struct delivery_batch *b, PGresult **ids,
			struct error *err)
{
	struct pg_array a[L_COUNT];
	struct pg_params advance = { 0 }, lock = { 0 }, seen = { 0 }, new_ids = { 0 };
	struct pg_call calls[] = { { PG_BEGIN, NULL, NULL },
				   { "advance", &advance, NULL },
				   { "lock", &lock, NULL },
				   { "seen", &seen, NULL },
				   { "ids", &new_ids, NULL } };
	size_t n = b->order_count > 0 ? 5 : 2;
	enum status st;

	fill_load(a, positions, position_count, b);
	pg_param_text(&advance, store->topic);
	for (int i = L_PARTITION; i <= L_EPOCH; i++)
		pg_param_array(&advance, &a[i]);
	pg_param_array(&lock, &a[L_ORDER]);
	pg_param_array(&seen, &a[L_KEY_ORDER]);
	pg_param_array(&seen, &a[L_KEY_VERSION]);
	pg_param_i32(&new_ids, (int32_t)b->new_ids);
	st = pg_run(store->pg, calls, n, err);
	for (int i = 0; i < L_COUNT; i++)
		pg_array_fini(&a[i]);
	if (st != ST_OK)
		return st;
	st = check_fence(positions, position_count, calls[1].result, err);
	if (st != ST_OK) {
		pg_rollback(store->pg);
	} else if (n == 5) {
		take_loaded(b, calls[2].result, calls[3].result);
		*ids = calls[4].result;
		calls[4].result = NULL;
	}
	pg_clear(calls, n);
	return st;
}

/* --- second round trip --------------------------------------------------------------------- */

/* What the second round trip writes. */
struct effects {
	struct pg_array order_id, version, event, status, partition, offset, received;
	struct outbox_batch outbox;
	bool no_memory;
};

static void effects_init(struct effects *fx)
{
	pg_array_init(&fx->order_id, PG_ARRAY_INT8);
	pg_array_init(&fx->version, PG_ARRAY_INT4);
	pg_array_init(&fx->event, PG_ARRAY_TEXT);
	pg_array_init(&fx->status, PG_ARRAY_TEXT);
	pg_array_init(&fx->partition, PG_ARRAY_INT4);
	pg_array_init(&fx->offset, PG_ARRAY_INT8);
	pg_array_init(&fx->received, PG_ARRAY_TIMESTAMPTZ);
	outbox_batch_init(&fx->outbox);
	fx->no_memory = false;
}

static void effects_fini(struct effects *fx)
{
	pg_array_fini(&fx->order_id);
	pg_array_fini(&fx->version);
	pg_array_fini(&fx->event);
	pg_array_fini(&fx->status);
	pg_array_fini(&fx->partition);
	pg_array_fini(&fx->offset);
	pg_array_fini(&fx->received);
	outbox_batch_fini(&fx->outbox);
}

static void effects_add(struct effects *fx, const struct delivery_store *store,
			const struct inbound *in, const struct batch_order *order)
{
	const struct order_event *e = in->event;
	char *payload = event_encode_delivery(e, order->delivery_id, clock_wall_ms());

	pg_array_i64(&fx->order_id, e->order_id);
	pg_array_i32(&fx->version, e->version);
	pg_array_text(&fx->event, event_order_names[e->type]);
	pg_array_text(&fx->status, delivery_status(order->state));
	pg_array_i32(&fx->partition, in->message->partition);
	pg_array_i64(&fx->offset, in->message->offset);
	pg_array_wall_ms(&fx->received, in->received_wall_ms);
	if (payload)
		outbox_batch_add_event(&fx->outbox, store->topic, e->order_id,
				       event_delivery_names[e->type], payload);
	else
		fx->no_memory = true;
	free(payload);
}

/* Decides every event, in order. */
static void decide_all(struct effects *fx, const struct delivery_store *store,
		       struct delivery_batch *b, const PGresult *ids)
{
	int next_id = 0;

	for (size_t i = 0; i < b->event_count; i++) {
		struct inbound *in = b->events[i];
		struct batch_order *order = in->event ? delivery_batch_apply(b, i) : NULL;

		if (order) {
			if (order->delivery_id == 0)
				order->delivery_id = pg_i64(ids, next_id++, 0);
			effects_add(fx, store, in, order);
		} else if (in->reason[0]) {
			fx->no_memory |= !dead_letter_add(&fx->outbox, in->message, in->reason);
		} else if (in->event && in->decision.verdict == DELIVERY_UNKNOWN) {
			fx->no_memory |=
				!dead_letter_add(&fx->outbox, in->message, "unknown order");
		}
	}
}

enum upsert_array {
	U_ID,
	U_ORDER,
	U_VERSION,
	U_CUSTOMER,
	U_PRODUCT,
	U_NAME,
	U_QTY,
	U_ADDRESS,
	U_STATUS,
	U_COUNT
};

static void fill_upsert(struct pg_array u[U_COUNT], const struct delivery_batch *b)
{
	static const enum pg_array_type types[U_COUNT] = {
		PG_ARRAY_INT8, PG_ARRAY_INT8, PG_ARRAY_INT4, PG_ARRAY_INT8, PG_ARRAY_TEXT,
		PG_ARRAY_TEXT, PG_ARRAY_INT4, PG_ARRAY_TEXT, PG_ARRAY_TEXT,
	};

	for (int i = 0; i < U_COUNT; i++)
		pg_array_init(&u[i], types[i]);
	for (size_t i = 0; i < b->order_count; i++) {
		const struct batch_order *order = &b->orders[i];
		const struct order_event *e = order->content;

		if (!e)
			continue;
		pg_array_i64(&u[U_ID], order->delivery_id);
		pg_array_i64(&u[U_ORDER], order->order_id);
		pg_array_i32(&u[U_VERSION], order->version);
		pg_array_i64(&u[U_CUSTOMER], e->customer_id);
		pg_array_text(&u[U_PRODUCT], e->product_id);
		pg_array_text(&u[U_NAME], e->product_name);
		pg_array_i32(&u[U_QTY], e->qty);
		pg_array_text(&u[U_ADDRESS], e->address);
		pg_array_text(&u[U_STATUS], delivery_status(order->state));
	}
}

static void record_params(struct pg_params *p, struct effects *fx, const char *replica)
{
	pg_param_array(p, &fx->order_id);
	pg_param_array(p, &fx->version);
	pg_param_array(p, &fx->event);
	pg_param_array(p, &fx->status);
	pg_param_array(p, &fx->partition);
	pg_param_array(p, &fx->offset);
	pg_param_text(p, replica);
	pg_param_array(p, &fx->received);
}

static enum status save(struct delivery_store *store, struct delivery_batch *b, struct effects *fx,
			struct error *err)
{
	struct pg_array u[U_COUNT];
	struct pg_params upsert = { 0 }, record = { 0 }, outbox = { 0 };
	struct pg_call calls[4];
	size_t n = 0;
	enum status st;

	fill_upsert(u, b);
	for (int i = 0; i < U_COUNT; i++)
		pg_param_array(&upsert, &u[i]);
	record_params(&record, fx, store->replica);
	outbox_batch_params(&fx->outbox, &outbox);
	if (u[U_ID].count)
		calls[n++] = (struct pg_call){ "upsert", &upsert, NULL };
	if (fx->order_id.count)
		calls[n++] = (struct pg_call){ "record", &record, NULL };
	if (fx->outbox.count)
		calls[n++] = (struct pg_call){ OUTBOX_INSERT, &outbox, NULL };
	calls[n++] = (struct pg_call){ PG_COMMIT, NULL, NULL };
	st = pg_run(store->pg, calls, n, err);
	if (st == ST_OK)
		pg_clear(calls, n);
	for (int i = 0; i < U_COUNT; i++)
		pg_array_fini(&u[i]);
	return st;
}

static enum status write_once(struct delivery_store *store, struct delivery_position *positions,
			      size_t position_count, struct delivery_batch *b, struct error *err)
{
	struct effects fx;
	PGresult *ids = NULL;
	enum status st = load(store, positions, position_count, b, &ids, err);

	if (st != ST_OK)
		return st;
	effects_init(&fx);
	decide_all(&fx, store, b, ids);
	PQclear(ids);
	if (fx.no_memory) {
		pg_rollback(store->pg);
		st = error_set(err, ST_UNAVAILABLE, "out of memory");
	} else {
		st = save(store, b, &fx, err);
	}
	effects_fini(&fx);
	return st;
}

enum status delivery_store_write(struct delivery_store *store, struct delivery_position *positions,
				 size_t position_count, struct inbound **events, size_t event_count,
				 struct error *err)
{
	struct delivery_batch b;
	enum status st = delivery_batch_init(&b, events, event_count, err);

	if (st != ST_OK)
		return st;
	st = write_once(store, positions, position_count, &b, err);
	/* Another replica had the same order or event between our two round trips: it is committed
	 * now, and the next try sees it. */
	if (st == ST_CONFLICT)
		st = error_set(err, ST_UNAVAILABLE, "another replica was faster");
	delivery_batch_fini(&b);
	return st;
}
