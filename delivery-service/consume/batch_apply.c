#include "delivery-service/consume/batch_apply.h"

#include <inttypes.h>

#include "common/otlp/otlp.h"
#include "delivery-service/core/resequencer.h"

static void end_batch(struct delivery_batch *b)
{
	for (size_t i = 0; i < b->fetched_count; i++)
		event_record_free(b->fetched[i].record);
	delivery_batch_fini(b);
}

/* The transaction is open. */
static enum status decide(struct batch_apply *a, struct error *err)
{
	struct delivery_batch *b = &a->batch;
	int32_t limit;

	resequencer_decide(b);
	while (!a->leaves_parked && resequencer_ask(b, &limit)) {
		size_t first = b->fetched_count;

		if (delivery_store_load_parked(a->store, b, limit, err) != ST_OK)
			return err->status;
		for (size_t i = first; i < b->fetched_count; i++)
			otlp_adopt(a->otlp, b->fetched[i].record->trace);
		resequencer_answer(b, first, limit);
	}
	return ST_OK;
}

/* a->batch is there, and gone again unless it is ST_OK. */
static enum status send(struct batch_apply *a, struct commit_plan *plan, struct error *err)
{
	enum status st = delivery_store_load(a->store, plan, &a->batch, err);

	if (st == ST_OK)
		st = decide(a, err);
	if (st == ST_OK)
		st = delivery_store_save(a->store, plan, &a->batch, err);
	if (st != ST_OK)
		end_batch(&a->batch);
	return st;
}

enum status batch_apply_begin(struct batch_apply *a, struct commit_plan *plan,
			      struct event_record *const *events, size_t event_count,
			      struct error *err)
{
	enum status st =
		delivery_batch_init(&a->batch, a->in_sequence, events, event_count, NULL, 0, err);

	return st == ST_OK ? send(a, plan, err) : st;
}

static void conclude(const struct batch_apply *a, struct batch_applied *applied)
{
	const struct delivery_batch *b = &a->batch;

	for (size_t i = 0; i < b->event_count; i++)
		a->decided(a->context, &b->events[i]);
	for (size_t i = 0; i < b->fetched_count; i++) {
		if (b->fetched[i].decision.verdict == DELIVERY_PARK)
			continue;
		a->decided(a->context, &b->fetched[i]);
		applied->resumed++;
	}
	for (size_t i = 0; i < b->order_count; i++)
		applied->more |= resequencer_wanting(b, &b->orders[i]);
}

enum status batch_apply_finish(struct batch_apply *a, struct batch_applied *applied,
			       struct error *err)
{
	enum status st = delivery_store_finish(a->store, err);

	*applied = (struct batch_applied){ 0 };
	if (st == ST_OK)
		conclude(a, applied);
	end_batch(&a->batch);
	return st;
}

static enum status resume_orders(struct batch_apply *a, const int64_t *ids, size_t count,
				 struct batch_applied *applied, struct error *err)
{
	struct commit_plan nowhere = { 0 };
	enum status st = delivery_batch_init(&a->batch, a->in_sequence, NULL, 0, ids, count, err);

	if (st == ST_OK)
		st = send(a, &nowhere, err);
	return st == ST_OK ? batch_apply_finish(a, applied, err) : st;
}

/* An event of one of them is refused: it holds up no other order. */
static enum status resume_each(struct batch_apply *a, const int64_t *ids, size_t count,
			       struct batch_applied *applied, struct error *err)
{
	enum status all = ST_OK;

	for (size_t i = 0; i < count && (all == ST_OK || all == ST_INVALID); i++) {
		struct batch_applied one = { 0 };
		struct error why;
		enum status st = resume_orders(a, &ids[i], 1, &one, &why);

		applied->resumed += one.resumed;
		applied->more |= one.more;
		if (st == ST_OK)
			continue;
		all = error_set(err, st, "order %" PRId64 ": %s", ids[i], why.msg);
	}
	return all;
}

enum status batch_apply_resume(struct batch_apply *a, bool all, struct batch_applied *applied,
			       struct error *err)
{
	int64_t ids[DELIVERY_RESUME_MAX];
	size_t count = 0;
	enum status st = delivery_store_resumable(a->store, all, ids, &count, err);

	*applied = (struct batch_applied){ 0 };
	if (st != ST_OK || count == 0)
		return st;
	st = resume_orders(a, ids, count, applied, err);
	if (st == ST_INVALID)
		st = resume_each(a, ids, count, applied, err);
	if (st == ST_OK && count == DELIVERY_RESUME_MAX && applied->resumed > 0)
		applied->more = true;
	return st;
}
