#include "delivery-service/store/delivery_store.h"

#include <stdlib.h>

#include "common/pg/pg_write_probe.h"
#include "common/runtime/clock.h"
#include "common/service/service_config.h"
#include "delivery-service/core/silence.h"
#include "delivery-service/store/batch_load.h"
#include "delivery-service/store/batch_parked.h"
#include "delivery-service/store/batch_save.h"

const struct pg_statement delivery_store_statements[] = {
	{ "store_claim",
	  "insert into position as p (topic, \"partition\", next_offset, epoch, owner, claim) "
	  "values ($1, $2::int4, 0, $4::int8 + 1, $3, $5) "
	  "on conflict (topic, \"partition\") do update "
	  "set epoch = greatest(p.epoch, $4::int8) + 1, owner = excluded.owner, "
	  "  claim = excluded.claim, updated_at = now() "
	  "returning next_offset, epoch, commits" },
	{ "store_ranges", "select first_offset, end_offset "
			  "from position_range "
			  "where topic = $1 and \"partition\" = $2::int4 "
			  "order by first_offset" },
	{ "store_positions", "select n - 1, p.next_offset, p.epoch, p.commits, p.claim "
			     "from unnest($2::int4[]) with ordinality as a (number, n) "
			     "join position p on p.topic = $1 and p.\"partition\" = a.number" },
	/* Events without a version are known by their offset, which was one of the old log. */
	{ "store_rewind", "with rewound as ("
			  "  update position "
			  "  set next_offset = 0, updated_at = now() "
			  "  where topic = $1 and \"partition\" = $2::int4 "
			  "    and epoch = $3 and claim = $4 "
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
	{ "store_reread", "with rewound as ("
			  "  update position "
			  "  set next_offset = least(next_offset, $5::int8), "
			  "    commits = commits + 1, updated_at = now() "
			  "  where topic = $1 and \"partition\" = $2::int4 "
			  "    and epoch = $3 and claim = $4 "
			  "  returning commits"
			  "), "
			  "cut as ("
			  "  update position_range "
			  "  set end_offset = $5::int8 "
			  "  where topic = $1 and \"partition\" = $2::int4 "
			  "    and first_offset < $5::int8 and end_offset > $5::int8 "
			  "    and exists (select from rewound)"
			  "), "
			  "gone as ("
			  "  delete from position_range "
			  "  where topic = $1 and \"partition\" = $2::int4 "
			  "    and first_offset >= $5::int8 "
			  "    and exists (select from rewound)"
			  ") "
			  "select commits "
			  "from rewound" },
	{ "store_resumable_skipped",
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

const struct pg_statement *const delivery_store_tables[] = {
	delivery_store_statements,
	batch_load_statements,
	batch_parked_statements,
	batch_save_statements,
	outbox_statements,
	pg_write_probe_statements,
	NULL,
};

struct delivery_store {
	struct batch_saving saving; /* of the batch that is being saved */
	struct pg *pg;
	struct delivery_store_config config;
	struct silence silence;
	int64_t began_mono_ms; /* the call that runs */
	int64_t resume_after;  /* orders that cannot go on yet must not hide those behind them */
};

enum status delivery_store_open(struct delivery_store **out,
				const struct delivery_store_config *config, struct error *err)
{
	const struct pg_config database = { config->database_url, "delivery-service loop",
					    SERVICE_SCHEMA_DELIVERY, delivery_store_tables };
	struct delivery_store *store = calloc(1, sizeof(*store));

	if (!store)
		return error_set(err, ST_INTERNAL, "out of memory");
	store->config = *config;
	if (pg_open(&store->pg, &database, err) != ST_OK) {
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

/* --- whether it answers -------------------------------------------------------------------- */

static void begin(struct delivery_store *store)
{
	store->began_mono_ms = clock_mono_ms();
	pg_deadline(store->pg, store->began_mono_ms + silence_patience_ms(&store->silence));
}

/* To be told what became of each call that began. Who loses the session has no answer; a refusal is
 * one. */
static enum status ended(struct delivery_store *store, enum status st, bool writes)
{
	int64_t now = clock_mono_ms();

	if (st == ST_UNAVAILABLE && !pg_connected(store->pg))
		silence_failed(&store->silence, store->began_mono_ms, now, writes);
	else
		silence_answered(&store->silence, now - store->began_mono_ms, writes);
	return st;
}

int64_t delivery_store_silence_ms(const struct delivery_store *store)
{
	return store->silence.ms;
}

enum status delivery_store_try_write(struct delivery_store *store, struct error *err)
{
	begin(store);
	return ended(store, pg_write_probe_once(store->pg, err), true);
}

static enum status run(struct delivery_store *store, struct pg_call *calls, size_t count,
		       bool writes, struct error *err)
{
	begin(store);
	return ended(store, pg_run(store->pg, calls, count, err), writes);
}

/* --- partitions ---------------------------------------------------------------------------- */

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

enum status delivery_store_claim(struct delivery_store *store, int32_t partition,
				 struct partition_claim *claim, struct offset_tracker *tracker,
				 struct error *err)
{
	struct pg_params taken = { 0 }, ranges = { 0 };
	struct pg_call calls[] = { { "store_claim", &taken, NULL },
				   { "store_ranges", &ranges, NULL } };
	enum status st;

	arc4random_buf(&claim->number, sizeof(claim->number));
	pg_param_text(&taken, store->config.topic);
	pg_param_i32(&taken, partition);
	pg_param_text(&taken, store->config.replica);
	pg_param_i64(&taken, claim->epoch);
	pg_param_i64(&taken, claim->number);
	pg_param_text(&ranges, store->config.topic);
	pg_param_i32(&ranges, partition);
	if (run(store, calls, 2, true, err) != ST_OK)
		return err->status;
	offset_tracker_init(tracker, pg_i64(calls[0].result, 0, 0));
	claim->epoch = pg_i64(calls[0].result, 0, 1);
	tracker->commits = pg_i64(calls[0].result, 0, 2);
	st = restore(tracker, calls[1].result, err);
	pg_clear(calls, 2);
	return st;
}

static enum status ask_positions(struct delivery_store *store, const int32_t *numbers, size_t count,
				 struct pg_call *call, struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_array array;
	enum status st;

	pg_array_init(&array, PG_ARRAY_INT4);
	for (size_t i = 0; i < count; i++)
		pg_array_i32(&array, numbers[i]);
	pg_param_text(&params, store->config.topic);
	pg_param_array(&params, &array);
	call->params = &params;
	st = run(store, call, 1, false, err);
	call->params = NULL;
	pg_array_fini(&array);
	return st;
}

enum status delivery_store_positions(struct delivery_store *store, const int32_t *numbers,
				     size_t count, struct delivery_position *positions,
				     struct error *err)
{
	struct pg_call call = { "store_positions", NULL, NULL };

	if (ask_positions(store, numbers, count, &call, err) != ST_OK)
		return err->status;
	for (size_t i = 0; i < count; i++)
		positions[i] = (struct delivery_position){ -1, -1, -1, 0 };
	for (int row = 0; row < PQntuples(call.result); row++)
		positions[pg_i64(call.result, row, 0)] = (struct delivery_position){
			pg_i64(call.result, row, 1), pg_i64(call.result, row, 2),
			pg_i64(call.result, row, 3), pg_i64(call.result, row, 4)
		};
	pg_clear(&call, 1);
	return ST_OK;
}

static void set_claimed(struct pg_params *params, const struct delivery_store *store,
			int32_t partition, struct partition_claim claim)
{
	pg_param_text(params, store->config.topic);
	pg_param_i32(params, partition);
	pg_param_i64(params, claim.epoch);
	pg_param_i64(params, claim.number);
}

/* The statement gives a row if the partition is still claimed so; then the result is the caller's.
 */
static enum status run_claimed(struct delivery_store *store, struct pg_call *call,
			       struct error *err)
{
	if (run(store, call, 1, true, err) != ST_OK)
		return err->status;
	if (PQntuples(call->result) == 1)
		return ST_OK;
	pg_clear(call, 1);
	return error_set(err, ST_FENCED, "the partition has a new owner");
}

enum status delivery_store_rewind(struct delivery_store *store, int32_t partition,
				  struct partition_claim claim, struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_call call = { "store_rewind", &params, NULL };

	set_claimed(&params, store, partition, claim);
	if (run_claimed(store, &call, err) != ST_OK)
		return err->status;
	pg_clear(&call, 1);
	return ST_OK;
}

enum status delivery_store_reread(struct delivery_store *store, int32_t partition,
				  struct partition_claim claim, int64_t offset, int64_t *commits,
				  struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_call call = { "store_reread", &params, NULL };

	set_claimed(&params, store, partition, claim);
	pg_param_i64(&params, offset);
	if (run_claimed(store, &call, err) != ST_OK)
		return err->status;
	*commits = pg_i64(call.result, 0, 0);
	pg_clear(&call, 1);
	return ST_OK;
}

/* --- writing ------------------------------------------------------------------------------- */

enum status delivery_store_load(struct delivery_store *store, struct commit_plan *plan,
				struct delivery_batch *batch, struct error *err)
{
	enum status st;

	begin(store);
	st = batch_load(store->pg, store->config.topic, plan, batch, err);
	return ended(store, st, st != ST_OK); /* written is what is committed */
}

enum status delivery_store_load_parked(struct delivery_store *store, struct delivery_batch *batch,
				       int32_t limit, struct error *err)
{
	begin(store);
	return ended(store, batch_parked_load(store->pg, batch, limit, err), false);
}

enum status delivery_store_save(struct delivery_store *store, const struct commit_plan *plan,
				struct delivery_batch *batch, struct error *err)
{
	return batch_save(store->pg, store->config.topic, store->config.replica, plan, batch,
			  &store->saving, err);
}

enum status delivery_store_finish(struct delivery_store *store, struct error *err)
{
	enum status st;

	begin(store);
	st = ended(store, batch_save_finish(store->pg, &store->saving, err), true);
	/* Another replica had the same order or event between our two round trips: it is committed
	 * now, and the next try sees it. */
	if (st == ST_CONFLICT)
		st = error_set(err, ST_UNAVAILABLE, "another replica was faster");
	return st;
}

/* --- what is parked ------------------------------------------------------------------------ */

enum status delivery_store_resumable(struct delivery_store *store, bool all,
				     int64_t ids[DELIVERY_RESUME_MAX], size_t *count,
				     struct error *err)
{
	const bool skipped = store->config.in_sequence && !all;
	const char *sequenced = all ? "store_resumable" : "store_resumable_skipped";
	struct pg_params params = { 0 };
	struct pg_call call = { store->config.in_sequence ? sequenced : "store_resumable_all",
				&params, NULL };

	pg_param_i32(&params, DELIVERY_RESUME_MAX);
	if (skipped)
		pg_param_i64(&params, store->resume_after);
	if (run(store, &call, 1, false, err) != ST_OK)
		return err->status;
	*count = (size_t)PQntuples(call.result);
	for (size_t i = 0; i < *count; i++)
		ids[i] = pg_i64(call.result, (int)i, 0);
	if (skipped)
		store->resume_after = *count == DELIVERY_RESUME_MAX ? ids[*count - 1] : 0;
	pg_clear(&call, 1);
	return ST_OK;
}

enum status delivery_store_parked(struct delivery_store *store, struct delivery_parked *parked,
				  struct error *err)
{
	struct pg_call call = { "store_parked", NULL, NULL };

	*parked = (struct delivery_parked){ 0 };
	if (run(store, &call, 1, false, err) != ST_OK)
		return err->status;
	if (PQntuples(call.result) == 1)
		*parked = (struct delivery_parked){ .count = pg_i64(call.result, 0, 0),
						    .oldest_wall_ms = pg_i64(call.result, 0, 1),
						    .order_id = pg_i64(call.result, 0, 2),
						    .missing = pg_i64(call.result, 0, 3) };
	pg_clear(&call, 1);
	return ST_OK;
}
