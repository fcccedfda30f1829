/*
 * A batch takes two round trips: (1) begin, find what the idempotency keys placed, lock the
 * orders to be changed, draw ids for the new ones; (2) write orders and events, commit. Between
 * the two, the rules decide in memory, so several commands of one order see each other. The first
 * is left out if there is nothing to ask: under load, ids are drawn with the batch before.
 * With order_store_deliver_by the events are delivered between the two.
 * Orders are locked in id order: two replicas cannot deadlock.
 */
#include "order-service/order_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/outbox/outbox.h"
#include "common/runtime/clock.h"
#include "common/service/service_config.h"
#include "order-service/core/order_batch.h"
#include "order-service/known_database.h"
#include "order-service/order_row.h"
#include "order-service/order_written.h"

const struct pg_statement order_store_statements[] = {
	/* The transaction idles as long as the delivery takes, which has a limit of its own. */
	{ "orders_no_limit", "set local idle_in_transaction_session_timeout = 0" },
	{ "orders_by_key",
	  "select idempotency_key, idempotency_fingerprint, "
	  "  id, version, status, customer_id, product_id, product_name, qty, address "
	  "from orders "
	  "where idempotency_key = any($1::text[])" },
	{ "orders_lock",
	  "select id, version, status, customer_id, product_id, product_name, qty, address "
	  "from orders "
	  "where id = any($1::int8[]) "
	  "order by id "
	  "for update" },
	{ "orders_ids", "select nextval('orders_id_seq') "
			"from generate_series(1, $1::int4)" },
	{ "orders_insert",
	  /* The lock comes before any position is drawn: the join has no row without it. */
	  "insert into orders (id, version, status, customer_id, product_id, product_name, qty, "
	  "  address, idempotency_key, idempotency_fingerprint, commit_position) "
	  "select n.*, nextval('orders_commit_position_seq') "
	  "from (select pg_advisory_xact_lock('orders'::regclass::oid::int4, 1)) as locked, "
	  "  unnest($1::int8[], $2::int4[], $3::text[], $4::int8[], $5::text[], $6::text[], "
	  "    $7::int4[], $8::text[], $9::text[], $10::int8[]) as n" },
	{ "orders_update",
	  "update orders o "
	  "set version = n.version, status = n.status, product_id = n.product_id, "
	  "  product_name = n.product_name, qty = n.qty, address = n.address, updated_at = now() "
	  "from unnest($1::int8[], $2::int4[], $3::text[], $4::text[], $5::text[], $6::int4[], "
	  "    $7::text[]) "
	  "  as n (id, version, status, product_id, product_name, qty, address) "
	  "where o.id = n.id" },
	{ 0 },
};

struct order_store {
	struct pg *pg;
	const char *topic;
	struct order_ids *known;      /* borrowed; NULL: not asked */
	order_store_deliver *deliver; /* NULL: events go into the outbox */
	void *deliver_context;
	int64_t deadline_mono_ms;     /* for the database, of the batch that is applied */
	bool applying;                /* a batch, on a session that has been looked at */
	int64_t ids[ORDER_BATCH_MAX]; /* drawn and not used yet; the next one is the last */
	size_t id_count;
};

/* The statements of one round trip. */
struct calls {
	struct pg_call call[5];
	size_t count;
};

/* Returns where the result will be. */
static PGresult **add_call(struct calls *calls, const char *statement,
			   const struct pg_params *params)
{
	struct pg_call *call = &calls->call[calls->count++];

	*call = (struct pg_call){ statement, params, NULL };
	return &call->result;
}

/*
 * Ids that another session has drawn are dropped: this one may be in a database that has forgotten
 * them. Within a batch they are in use already.
 */
static enum status check_session(void *context, struct pg *pg, struct error *err)
{
	struct order_store *store = context;

	store->id_count = 0;
	if (store->applying)
		return error_set(err, ST_UNAVAILABLE, "the connection was lost within a batch");
	return store->known ? order_ids_check_session(store->known, pg, err) : ST_OK;
}

enum status order_store_open(struct order_store **out, const char *database_url, const char *topic,
			     struct order_ids *ids, struct error *err)
{
	static const struct pg_statement *const tables[] = {
		order_store_statements,
		known_database_statements,
		outbox_statements,
		NULL,
	};
	const struct pg_config config = { database_url, "order-service writer",
					  SERVICE_SCHEMA_ORDERS, tables };
	struct order_store *store = calloc(1, sizeof(*store));

	if (!store)
		return error_set(err, ST_INTERNAL, "out of memory");
	store->topic = topic;
	store->known = ids;
	if (pg_open(&store->pg, &config, err) != ST_OK) {
		free(store);
		return err->status;
	}
	pg_check_sessions(store->pg, check_session, store);
	*out = store;
	return ST_OK;
}

void order_store_deliver_by(struct order_store *store, order_store_deliver *deliver, void *context)
{
	store->deliver = deliver;
	store->deliver_context = context;
}

bool order_store_delivers(const struct order_store *store)
{
	return store->deliver != NULL;
}

void order_store_close(struct order_store *store)
{
	if (!store)
		return;
	pg_close(store->pg);
	free(store);
}

/* --- ids ----------------------------------------------------------------------------------- */

static void take_ids(struct order_store *store, const PGresult *drawn)
{
	size_t n = (size_t)PQntuples(drawn);

	memmove(store->ids + n, store->ids, store->id_count * sizeof(store->ids[0]));
	for (size_t i = 0; i < n; i++)
		store->ids[n - 1 - i] = pg_i64(drawn, (int)i, 0);
	store->id_count += n;
}

/*
 * How many ids to draw along with this batch for the next one. Several orders at a time come with
 * load, so the next batch will want some too. Orders that come one by one draw none ahead: their
 * ids have no gaps, over restarts too.
 */
static size_t ids_ahead(const struct order_store *store, const struct order_batch *b)
{
	return b->places > 1 ? ORDER_BATCH_MAX - store->id_count : 0;
}

/* --- first round trip ---------------------------------------------------------------------- */

static void collect(const struct order_batch *b, struct pg_array *keys, struct pg_array *changed)
{
	for (size_t i = 0; i < b->count; i++) {
		const struct order_command *c = b->commands[i];

		if (c->kind != COMMAND_PLACE)
			pg_array_i64(changed, c->order_id);
		else if (c->idempotency_key)
			pg_array_text(keys, c->idempotency_key);
	}
}

/* False: out of memory. */
static bool take_locked(struct order_batch *b, const PGresult *rows)
{
	size_t n = (size_t)PQntuples(rows);

	if (!order_batch_load(b, n))
		return false;
	for (size_t i = 0; i < n; i++)
		order_row_read(rows, (int)i, 0, &b->loaded[i]);
	return true;
}

/* False: out of memory. */
static bool take_by_key(struct order_batch *b, const PGresult *rows)
{
	size_t n = (size_t)PQntuples(rows);

	if (!order_batch_load_by_key(b, n))
		return false;
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(b->by_key[i].key, sizeof(b->by_key[i].key), "%s",
			       pg_text(rows, (int)i, 0));
		b->by_key[i].has_fingerprint = !PQgetisnull(rows, (int)i, 1);
		b->by_key[i].fingerprint = pg_i64(rows, (int)i, 1);
		order_row_read(rows, (int)i, 2, &b->by_key[i].order);
	}
	return true;
}

static enum status ask(struct order_store *store, struct order_batch *b, struct pg_array *keys,
		       struct pg_array *changed, struct error *err)
{
	struct pg_params p_keys = { 0 }, p_lock = { 0 }, p_ids = { 0 };
	PGresult **by_key = NULL, **locked = NULL, **drawn = NULL;
	struct calls calls = { 0 };
	enum status st;

	(void)add_call(&calls, PG_BEGIN, NULL);
	if (store->deliver)
		(void)add_call(&calls, "orders_no_limit", NULL);
	pg_param_array(&p_keys, keys);
	if (keys->count)
		by_key = add_call(&calls, "orders_by_key", &p_keys);
	pg_param_array(&p_lock, changed);
	if (changed->count)
		locked = add_call(&calls, "orders_lock", &p_lock);
	pg_param_i32(&p_ids, (int32_t)b->places - (int32_t)store->id_count);
	if (b->places > store->id_count)
		drawn = add_call(&calls, "orders_ids", &p_ids);
	if (!by_key && !locked && !drawn)
		return ST_OK;
	st = pg_run(store->pg, calls.call, calls.count, err);
	if (st != ST_OK)
		return st;
	if (drawn)
		take_ids(store, *drawn);
	if ((locked && !take_locked(b, *locked)) || (by_key && !take_by_key(b, *by_key)))
		st = error_set(err, ST_UNAVAILABLE, "out of memory");
	pg_clear(calls.call, calls.count);
	return st;
}

static enum status load(struct order_store *store, struct order_batch *b, struct error *err)
{
	struct pg_array keys, changed;
	enum status st;

	pg_array_init(&keys, PG_ARRAY_TEXT);
	pg_array_init(&changed, PG_ARRAY_INT8);
	collect(b, &keys, &changed);
	st = ask(store, b, &keys, &changed, err);
	pg_array_fini(&keys);
	pg_array_fini(&changed);
	return st;
}

/* --- second round trip --------------------------------------------------------------------- */

static enum status write(struct order_store *store, const struct order_batch *b,
			 struct order_written *w, struct error *err)
{
	struct pg_params p_insert = { 0 }, p_update = { 0 }, p_outbox = { 0 }, p_ids = { 0 };
	size_t ahead = ids_ahead(store, b);
	struct calls calls = { 0 };
	PGresult **drawn = NULL;
	enum status st;

	order_written_insert_params(w, &p_insert);
	order_written_update_params(w, &p_update);
	outbox_batch_params(&w->events, &p_outbox);
	pg_param_i32(&p_ids, (int32_t)ahead);
	if (w->old[ORDER_COLUMN_ID].count)
		(void)add_call(&calls, "orders_update", &p_update);
	if (w->events.count && !store->deliver)
		(void)add_call(&calls, OUTBOX_INSERT, &p_outbox);
	if (ahead)
		drawn = add_call(&calls, "orders_ids", &p_ids);
	/* Last, since it takes the lock that other replicas wait for until the commit. */
	if (w->fresh[ORDER_COLUMN_ID].count)
		(void)add_call(&calls, "orders_insert", &p_insert);
	/* Without a begin the round trip is a transaction by itself. */
	if (pg_in_transaction(store->pg))
		(void)add_call(&calls, PG_COMMIT, NULL);
	st = pg_run(store->pg, calls.call, calls.count, err);
	if (st == ST_OK && drawn)
		take_ids(store, *drawn);
	if (st == ST_OK)
		pg_clear(calls.call, calls.count);
	return st;
}

static enum status save(struct order_store *store, const struct order_batch *b, struct error *err)
{
	struct order_written w;
	enum status st;

	order_written_init(&w, b, store->topic);
	st = w.no_memory ? error_set(err, ST_UNAVAILABLE, "out of memory")
			 : write(store, b, &w, err);
	order_written_fini(&w);
	return st;
}

/* The time that the delivery takes is not the database's. */
static enum status deliver(struct order_store *store, const struct order_batch *b,
			   struct error *err)
{
	int64_t began = clock_mono_ms();
	enum status st;

	if (!store->deliver || b->event_count == 0)
		return ST_OK;
	st = store->deliver(store->deliver_context, b->events, b->event_count, err);
	store->deadline_mono_ms += clock_mono_ms() - began;
	pg_deadline(store->pg, store->deadline_mono_ms);
	return st;
}

static enum status apply_once(struct order_store *store, struct order_batch *b, struct error *err)
{
	enum status st = load(store, b, err);

	if (st != ST_OK)
		return st;
	if (!order_batch_decide(b, clock_wall_ms(), store->ids, &store->id_count))
		return error_set(err, ST_UNAVAILABLE, "out of memory");
	st = deliver(store, b, err);
	return st == ST_OK ? save(store, b, err) : st;
}

static void note_placed(struct order_store *store, struct order_command **commands, size_t count)
{
	int64_t highest = 0;

	for (size_t i = 0; i < count; i++) {
		const struct order_command *c = commands[i];

		if (c->kind == COMMAND_PLACE && c->answer.status == ST_OK && !c->replayed &&
		    c->order.id > highest)
			highest = c->order.id;
	}
	order_ids_committed(store->known, highest);
}

enum status order_store_apply(struct order_store *store, struct order_command **commands,
			      size_t count, int64_t *deadline_mono_ms, struct error *err)
{
	enum status st = ST_CONFLICT;

	store->deadline_mono_ms = *deadline_mono_ms;
	pg_deadline(store->pg, *deadline_mono_ms);
	if (pg_connect(store->pg, err) != ST_OK)
		return err->status;
	store->applying = true;
	/* ST_CONFLICT: another replica placed an order with one of our keys between our two round
	 * trips. It is committed now, so the second try finds it. */
	for (int tries = 0; st == ST_CONFLICT && tries < 3; tries++) {
		struct order_batch b;

		st = order_batch_init(&b, commands, count)
			     ? apply_once(store, &b, err)
			     : error_set(err, ST_UNAVAILABLE, "out of memory");
		if (st != ST_OK)
			pg_rollback(store->pg);
		order_batch_fini(&b);
	}
	store->applying = false;
	*deadline_mono_ms = store->deadline_mono_ms;
	if (st == ST_OK && store->known)
		note_placed(store, commands, count);
	return st;
}
