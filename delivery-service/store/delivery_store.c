/*
 * A batch takes two round trips: batch_load begins the transaction and reads, the resequencer
 * decides in memory, batch_save writes and commits. Only if an order's next events are parked,
 * batch_load_parked goes once more between the two.
 */
#include "delivery-service/store/delivery_store.h"

#include <stdlib.h>

#include "delivery-service/core/resequencer.h"
#include "delivery-service/store/batch_load.h"
#include "delivery-service/store/batch_save.h"

#define RESUME_ORDERS 100 /* orders that are resumed in one transaction */

const struct pg_statement delivery_store_statements[] = {
	{ "store_claim",
	  "insert into position as p (topic, \"partition\", next_offset, epoch, owner) "
	  "values ($1, $2::int4, 0, 1, $3) "
	  "on conflict (topic, \"partition\") do update "
	  "set epoch = p.epoch + 1, owner = excluded.owner, updated_at = now() "
	  "returning next_offset, epoch" },
	{ "store_ranges", "select first_offset, end_offset "
			  "from position_range "
			  "where topic = $1 and \"partition\" = $2::int4 "
			  "order by first_offset" },
	/* Events without a version are known by their offset, which was one of the old log. */
	{ "store_rewind", "with rewound as ("
			  "  update position "
			  "  set next_offset = 0, updated_at = now() "
			  "  where topic = $1 and \"partition\" = $2::int4 and epoch = $3 "
			  "  returning 1"
			  "), "
			  "ranges as ("
			  "  delete from position_range "
			  "  where topic = $1 and \"partition\" = $2::int4 "
			  "    and exists (select from rewound)"
			  "), "
			  "plain as ("
			  "  delete from applied_plain "
			  "  where topic = $1 and \"partition\" = $2::int4 "
			  "    and exists (select from rewound)"
			  ") "
			  "select "
			  "from rewound" },
	{ "store_resumable_given_up",
	  "select distinct g.order_id "
	  "from given_up g "
	  "join parked p on p.order_id = g.order_id and p.version = g.version + 1 "
	  "where g.order_id > $2 "
	  "order by g.order_id "
	  "limit $1::int4" },
	{ "store_resumable", "select distinct p.order_id "
			     "from parked p "
			     "left join delivery d on d.order_id = p.order_id "
			     "where p.version <= coalesce(d.version, 0) + 1 "
			     "limit $1::int4" },
	{ "store_resumable_all", "select distinct order_id "
				 "from parked "
				 "limit $1::int4" },
	{ "store_parked",
	  "select (select count(*) from (select from parked limit 10000) c), "
	  "  (extract(epoch from p.parked_at) * 1000)::int8, p.order_id, "
	  "  coalesce((select version from delivery d where d.order_id = p.order_id), 0)::int8 + 1 "
	  "from (select order_id, parked_at from parked order by parked_at limit 1) p" },
	{ 0 },
};

struct delivery_store {
	struct delivery_batch batch; /* under way, and how its second round trip was sent */
	struct batch_saving saving;
	struct pg *pg;
	struct delivery_store_config config;
	int64_t resume_after; /* orders that cannot go on yet must not hide those behind them */
};

enum status delivery_store_open(struct delivery_store **out,
				const struct delivery_store_config *config, struct error *err)
{
	static const struct pg_statement *const tables[] = {
		delivery_store_statements,
		batch_load_statements,
		batch_save_statements,
		outbox_statements,
		NULL,
	};
	struct delivery_store *store = calloc(1, sizeof(*store));

	if (!store)
		return error_set(err, ST_INTERNAL, "out of memory");
	store->config = *config;
	if (pg_open(&store->pg, config->database_url, "delivery-service loop", tables, err) !=
	    ST_OK) {
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

static enum status restore(struct offset_tracker *tracker, const PGresult *ranges,
			   struct error *err)
{
	for (int row = 0; row < PQntuples(ranges); row++) {
		struct offset_range range = { pg_i64(ranges, row, 0), pg_i64(ranges, row, 1) };

		if (!offset_tracker_restore(tracker, range)) {
			offset_tracker_fini(tracker);
			return error_set(err, ST_UNAVAILABLE, "out of memory");
		}
	}
	return ST_OK;
}

enum status delivery_store_claim(struct delivery_store *store, int32_t partition, int64_t *epoch,
				 struct offset_tracker *tracker, struct error *err)
{
	struct pg_params claim = { 0 }, ranges = { 0 };
	struct pg_call calls[] = { { "store_claim", &claim, NULL },
				   { "store_ranges", &ranges, NULL } };
	enum status st;

	pg_param_text(&claim, store->config.topic);
	pg_param_i32(&claim, partition);
	pg_param_text(&claim, store->config.replica);
	pg_param_text(&ranges, store->config.topic);
	pg_param_i32(&ranges, partition);
	if (pg_run(store->pg, calls, 2, err) != ST_OK)
		return err->status;
	offset_tracker_init(tracker, pg_i64(calls[0].result, 0, 0));
	*epoch = pg_i64(calls[0].result, 0, 1);
	st = restore(tracker, calls[1].result, err);
	pg_clear(calls, 2);
	return st;
}

enum status delivery_store_rewind(struct delivery_store *store, int32_t partition, int64_t epoch,
				  struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_call call = { "store_rewind", &params, NULL };
	bool fenced;

	pg_param_text(&params, store->config.topic);
	pg_param_i32(&params, partition);
	pg_param_i64(&params, epoch);
	if (pg_run(store->pg, &call, 1, err) != ST_OK)
		return err->status;
	fenced = PQntuples(call.result) == 0;
	pg_clear(&call, 1);
	return fenced ? error_set(err, ST_FENCED, "the partition has a new owner") : ST_OK;
}

/* --- writing ------------------------------------------------------------------------------- */

/* What was parked and is decided is told here, for its caller has never seen it. */
static void conclude(const struct delivery_store *store, const struct delivery_batch *b,
		     struct delivery_written *written)
{
	*written = (struct delivery_written){ 0 };
	for (size_t i = 0; i < b->fetched_count; i++) {
		if (b->fetched[i]->decision.verdict == DELIVERY_PARK)
			continue;
		store->config.decided(store->config.context, b->fetched[i]);
		written->resumed++;
	}
	for (size_t i = 0; i < b->order_count; i++)
		written->more |= resequencer_wanting(b, &b->orders[i]);
}

static void end_batch(struct delivery_store *store)
{
	batch_unload(&store->batch);
	delivery_batch_fini(&store->batch);
}

/* store->batch is there, and gone again unless it is ST_OK. */
static enum status begin_batch(struct delivery_store *store, struct commit_plan *plan,
			       struct error *err)
{
	const char *topic = store->config.topic;
	struct delivery_batch *b = &store->batch;
	enum status st = batch_load(store->pg, topic, plan, b, err);

	if (st == ST_OK) {
		resequencer_decide(b);
		st = batch_load_parked(store->pg, b, err);
	}
	if (st == ST_OK)
		st = batch_save(store->pg, topic, store->config.replica, plan, b, &store->saving,
				err);
	if (st != ST_OK)
		end_batch(store);
	return st;
}

enum status delivery_store_begin(struct delivery_store *store, struct commit_plan *plan,
				 struct event_record **events, size_t event_count,
				 struct error *err)
{
	enum status st = delivery_batch_init(&store->batch, store->config.in_sequence, events,
					     event_count, NULL, 0, err);

	return st == ST_OK ? begin_batch(store, plan, err) : st;
}

enum status delivery_store_finish(struct delivery_store *store, struct delivery_written *written,
				  struct error *err)
{
	enum status st = batch_save_finish(store->pg, &store->saving, err);

	if (st == ST_OK)
		conclude(store, &store->batch, written);
	/* Another replica had the same order or event between our two round trips: it is committed
	 * now, and the next try sees it. */
	if (st == ST_CONFLICT)
		st = error_set(err, ST_UNAVAILABLE, "another replica was faster");
	end_batch(store);
	return st;
}

/* --- what is parked ------------------------------------------------------------------------ */

static enum status resumable(struct delivery_store *store, bool all, int64_t ids[RESUME_ORDERS],
			     size_t *count, struct error *err)
{
	const bool given_up = store->config.in_sequence && !all;
	const char *sequenced = all ? "store_resumable" : "store_resumable_given_up";
	struct pg_params params = { 0 };
	struct pg_call call = { store->config.in_sequence ? sequenced : "store_resumable_all",
				&params, NULL };

	pg_param_i32(&params, RESUME_ORDERS);
	if (given_up)
		pg_param_i64(&params, store->resume_after);
	if (pg_run(store->pg, &call, 1, err) != ST_OK)
		return err->status;
	*count = (size_t)PQntuples(call.result);
	for (size_t i = 0; i < *count; i++)
		ids[i] = pg_i64(call.result, (int)i, 0);
	if (given_up)
		store->resume_after = *count == RESUME_ORDERS ? ids[*count - 1] : 0;
	pg_clear(&call, 1);
	return ST_OK;
}

enum status delivery_store_resume(struct delivery_store *store, bool all,
				  struct delivery_written *written, struct error *err)
{
	struct commit_plan nowhere = { 0 };
	int64_t ids[RESUME_ORDERS];
	size_t count = 0;
	enum status st = resumable(store, all, ids, &count, err);

	*written = (struct delivery_written){ 0 };
	if (st != ST_OK || count == 0)
		return st;
	st = delivery_batch_init(&store->batch, store->config.in_sequence, NULL, 0, ids, count,
				 err);
	if (st == ST_OK)
		st = begin_batch(store, &nowhere, err);
	if (st == ST_OK)
		st = delivery_store_finish(store, written, err);
	if (st == ST_OK && count == RESUME_ORDERS && written->resumed > 0)
		written->more = true;
	return st;
}

enum status delivery_store_parked(struct delivery_store *store, struct delivery_parked *parked,
				  struct error *err)
{
	struct pg_call call = { "store_parked", NULL, NULL };

	*parked = (struct delivery_parked){ 0 };
	if (pg_run(store->pg, &call, 1, err) != ST_OK)
		return err->status;
	if (PQntuples(call.result) == 1)
		*parked = (struct delivery_parked){ .count = pg_i64(call.result, 0, 0),
						    .oldest_wall_ms = pg_i64(call.result, 0, 1),
						    .order_id = pg_i64(call.result, 0, 2),
						    .missing = pg_i64(call.result, 0, 3) };
	pg_clear(&call, 1);
	return ST_OK;
}
