#include "delivery-service/store/batch_load.h"

#include <stdlib.h>
#include <string.h>

const struct pg_statement batch_load_statements[] = {
	{ "batch_advance", "update position p "
			   "set next_offset = n.next_offset, commits = p.commits + 1, "
			   "  updated_at = now() "
			   "from unnest($2::int4[], $3::int8[], $4::int8[], $5::int8[], "
			   "    $6::int8[], $7::int8[]) with ordinality "
			   "  as n (\"partition\", next_offset, epoch, known, commits, claim, "
			   "    place) "
			   "where p.topic = $1 and p.\"partition\" = n.\"partition\" "
			   "  and p.epoch = n.epoch and p.claim = n.claim "
			   "  and p.next_offset between n.known and n.next_offset "
			   "  and p.commits >= n.commits "
			   "returning n.place - 1, p.commits" },
	/* The numbers of advisory locks are the whole database's: ours are order ids moved by a
	 * number of the role's own. */
	{ "batch_lock_orders",
	  "select pg_advisory_xact_lock(o # k) "
	  "from hashtextextended('ordering-lab order of ' || current_user, 0) as k, "
	  "  unnest($1::int8[]) as o" },
	{ "batch_orders", "select o, d.id, d.version, d.status, "
			  "  case when d.id is null then nextval('delivery_id_seq') end "
			  "from unnest($1::int8[]) as o "
			  "left join delivery d on d.order_id = o" },
	{ "batch_seen",
	  "select h.order_id, h.version, coalesce(h.content, 0) "
	  "from unnest($1::int8[], $2::int4[]) as e (o, v) "
	  "join delivery d on d.order_id = e.o and d.version >= e.v "
	  "join history h on h.order_id = e.o and h.version = e.v and h.version > 0" },
	{ "batch_seen_plain", "select a.\"partition\", a.\"offset\" "
			      "from unnest($2::int4[], $3::int8[]) as e (p, o) "
			      "join applied_plain a on a.topic = $1 "
			      "  and a.\"partition\" = e.p and a.\"offset\" = e.o" },
	{ "batch_first_parked",
	  "select o, (select min(p.version) from parked p where p.order_id = o) "
	  "from unnest($1::int8[]) as o "
	  "where exists (select from parked p where p.order_id = o)" },
	{ "batch_skipped", "select order_id, version "
			   "from given_up "
			   "where order_id = any($1::int8[]) "
			   "order by order_id, version" },
	{ 0 },
};

/* --- what the statements are about --------------------------------------------------------- */

enum load_column {
	L_PARTITION,
	L_NEXT_OFFSET,
	L_EPOCH,
	L_KNOWN,
	L_COMMITS,
	L_CLAIM,
	L_ORDER,
	L_KEY_ORDER,
	L_KEY_VERSION,
	L_OFFSET_PARTITION,
	L_OFFSET_OFFSET,
	L_COUNT
};

static const enum pg_array_type load_types[L_COUNT] = {
	PG_ARRAY_INT4, PG_ARRAY_INT8, PG_ARRAY_INT8, PG_ARRAY_INT8, PG_ARRAY_INT8, PG_ARRAY_INT8,
	PG_ARRAY_INT8, PG_ARRAY_INT8, PG_ARRAY_INT4, PG_ARRAY_INT4, PG_ARRAY_INT8,
};

static void add_positions(struct pg_array a[L_COUNT], const struct commit_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		pg_array_i32(&a[L_PARTITION], plan->list[i].partition);
		pg_array_i64(&a[L_NEXT_OFFSET], plan->list[i].change.after.next);
		pg_array_i64(&a[L_EPOCH], plan->list[i].claim.epoch);
		pg_array_i64(&a[L_KNOWN], plan->list[i].known);
		pg_array_i64(&a[L_COMMITS], plan->list[i].change.after.commits);
		pg_array_i64(&a[L_CLAIM], plan->list[i].claim.number);
	}
}

static void add_keys(struct pg_array a[L_COUNT], const struct delivery_batch *b)
{
	for (size_t i = 0; i < b->key_count; i++) {
		pg_array_i64(&a[L_KEY_ORDER], b->keys[i].order_id);
		pg_array_i32(&a[L_KEY_VERSION], b->keys[i].version);
	}
}

static void add_offsets(struct pg_array a[L_COUNT], const struct delivery_batch *b)
{
	for (size_t i = 0; i < b->offset_count; i++) {
		pg_array_i32(&a[L_OFFSET_PARTITION], b->offsets[i].origin.partition);
		pg_array_i64(&a[L_OFFSET_OFFSET], b->offsets[i].origin.offset);
	}
}

static void init_arrays(struct pg_array a[L_COUNT])
{
	for (int c = 0; c < L_COUNT; c++)
		pg_array_init(&a[c], load_types[c]);
}

static void fill_arrays(struct pg_array a[L_COUNT], const struct commit_plan *plan,
			const struct delivery_batch *b)
{
	add_positions(a, plan);
	for (size_t i = 0; i < b->order_count; i++)
		pg_array_i64(&a[L_ORDER], b->orders[i].order_id);
	add_keys(a, b);
	add_offsets(a, b);
}

static void fini_arrays(struct pg_array a[L_COUNT])
{
	for (int c = 0; c < L_COUNT; c++)
		pg_array_fini(&a[c]);
}

struct load_params {
	struct pg_params advance, orders, keys, offsets;
};

static void array_params(struct pg_params *params, struct pg_array a[L_COUNT],
			 enum load_column first, enum load_column last)
{
	for (int c = (int)first; c <= (int)last; c++)
		pg_param_array(params, &a[c]);
}

static void fill_params(struct load_params *p, const char *topic, struct pg_array a[L_COUNT])
{
	pg_param_text(&p->advance, topic);
	array_params(&p->advance, a, L_PARTITION, L_CLAIM);
	array_params(&p->orders, a, L_ORDER, L_ORDER);
	array_params(&p->keys, a, L_KEY_ORDER, L_KEY_VERSION);
	pg_param_text(&p->offsets, topic);
	array_params(&p->offsets, a, L_OFFSET_PARTITION, L_OFFSET_OFFSET);
}

/* --- what they answer ---------------------------------------------------------------------- */

/* How often each position is committed with this; which ones the advance did not touch. */
static enum status check_fence(struct commit_plan *plan, const PGresult *advanced,
			       struct error *err)
{
	for (size_t i = 0; i < plan->count; i++)
		plan->list[i].fenced = true;
	for (int row = 0; row < PQntuples(advanced); row++) {
		struct commit_entry *entry = &plan->list[pg_i64(advanced, row, 0)];

		entry->fenced = false;
		entry->change.after.commits = pg_i64(advanced, row, 1);
	}
	if ((size_t)PQntuples(advanced) == plan->count)
		return ST_OK;
	return error_set(err, ST_FENCED, "a position is not as it was left");
}

static void take_orders(struct delivery_batch *b, const PGresult *rows)
{
	for (int row = 0; row < PQntuples(rows); row++) {
		struct batch_order *order = delivery_batch_order(b, pg_i64(rows, row, 0));

		order->has_row = !PQgetisnull(rows, row, 1);
		order->delivery_id = pg_i64(rows, row, order->has_row ? 1 : 4);
		if (!order->has_row)
			continue;
		order->version = (int32_t)pg_i64(rows, row, 2);
		order->row_version = order->version;
		order->state = delivery_state_of(pg_text(rows, row, 3));
	}
}

static void take_seen(struct delivery_batch *b, const PGresult *seen, const PGresult *plain)
{
	for (int row = 0; row < PQntuples(seen); row++) {
		struct batch_key *key =
			delivery_batch_key(b, pg_i64(seen, row, 0), (int32_t)pg_i64(seen, row, 1));

		key->seen = true;
		key->content = pg_i64(seen, row, 2);
	}
	for (int row = 0; plain && row < PQntuples(plain); row++) {
		struct topic_offset origin = { (int32_t)pg_i64(plain, row, 0),
					       pg_i64(plain, row, 1) };

		delivery_batch_offset(b, origin)->seen = true;
	}
}

static enum status take_parked(struct delivery_batch *b, const PGresult *parked,
			       const PGresult *skipped, struct error *err)
{
	size_t count = skipped ? (size_t)PQntuples(skipped) : 0;

	for (int row = 0; parked && row < PQntuples(parked); row++) {
		struct batch_order *order = delivery_batch_order(b, pg_i64(parked, row, 0));

		order->has_parked = true;
		order->next_parked = pg_i64(parked, row, 1);
	}
	if (count == 0)
		return ST_OK;
	b->skipped = calloc(count, sizeof(*b->skipped));
	if (!b->skipped)
		return error_set(err, ST_UNAVAILABLE, "out of memory");
	for (size_t i = 0; i < count; i++)
		b->skipped[i] = (struct batch_skipped){ pg_i64(skipped, (int)i, 0),
							(int32_t)pg_i64(skipped, (int)i, 1) };
	b->skipped_count = count;
	return ST_OK;
}

/* --- the round trips ----------------------------------------------------------------------- */

/* What was seen comes before the orders: an event that another replica applies between the two is
 * not seen, but its order has it, so its effect meets the history's key, and the batch is tried
 * again. The other way round it would be a duplicate, and what follows it an event of an unknown
 * order. */
enum load_call { BEGIN, ADVANCE, LOCK_ORDERS, SEEN, SEEN_PLAIN, ORDERS, PARKED, SKIPPED };
#define LOAD_CALL_COUNT (SKIPPED + 1)

/* Which calls this batch needs, in order; where[]: where each stands, -1: left out. */
static size_t choose(const struct delivery_batch *b, bool resuming, bool move, struct pg_call *all,
		     struct pg_call *calls, int *where)
{
	const bool orders = b->order_count > 0;
	const bool parked = orders && (b->in_sequence || resuming);
	const bool needed[LOAD_CALL_COUNT] = {
		[BEGIN] = true,
		[ADVANCE] = move,
		[LOCK_ORDERS] = parked,
		[SEEN] = orders,
		[SEEN_PLAIN] = b->offset_count > 0,
		[ORDERS] = orders,
		[PARKED] = parked,
		[SKIPPED] = parked,
	};
	size_t n = 0;

	for (int i = 0; i < LOAD_CALL_COUNT; i++) {
		where[i] = needed[i] ? (int)n : -1;
		if (needed[i])
			calls[n++] = all[i];
	}
	return n;
}

static const PGresult *result_of(const struct pg_call *calls, int where)
{
	return where >= 0 ? calls[where].result : NULL;
}

static enum status take_all(struct delivery_batch *b, const struct pg_call *calls, const int *where,
			    struct commit_plan *plan, struct error *err)
{
	if (where[ADVANCE] >= 0 && check_fence(plan, calls[where[ADVANCE]].result, err) != ST_OK)
		return err->status;
	if (where[ORDERS] < 0)
		return ST_OK;
	take_orders(b, calls[where[ORDERS]].result);
	take_seen(b, calls[where[SEEN]].result, result_of(calls, where[SEEN_PLAIN]));
	return take_parked(b, result_of(calls, where[PARKED]), result_of(calls, where[SKIPPED]),
			   err);
}

enum status batch_load(struct pg *pg, const char *topic, struct commit_plan *plan,
		       struct delivery_batch *b, struct error *err)
{
	struct pg_array a[L_COUNT];
	struct load_params p = { 0 };
	struct pg_call all[LOAD_CALL_COUNT] = {
		[BEGIN] = { PG_BEGIN, NULL, NULL },
		[ADVANCE] = { "batch_advance", &p.advance, NULL },
		[LOCK_ORDERS] = { "batch_lock_orders", &p.orders, NULL },
		[SEEN] = { "batch_seen", &p.keys, NULL },
		[SEEN_PLAIN] = { "batch_seen_plain", &p.offsets, NULL },
		[ORDERS] = { "batch_orders", &p.orders, NULL },
		[PARKED] = { "batch_first_parked", &p.orders, NULL },
		[SKIPPED] = { "batch_skipped", &p.orders, NULL },
	};
	struct pg_call calls[LOAD_CALL_COUNT];
	int where[LOAD_CALL_COUNT];
	size_t n = choose(b, b->event_count == 0, plan->count > 0, all, calls, where);
	enum status st;

	init_arrays(a);
	fill_arrays(a, plan, b);
	fill_params(&p, topic, a);
	st = pg_run(pg, calls, n, err);
	fini_arrays(a);
	if (st != ST_OK)
		return st;
	st = take_all(b, calls, where, plan, err);
	if (st != ST_OK)
		pg_rollback(pg);
	pg_clear(calls, n);
	return st;
}
