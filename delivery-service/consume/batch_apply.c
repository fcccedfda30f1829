#include "delivery-service/consume/batch_apply.h"

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
	while (resequencer_ask(b, &limit)) {
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

enum status batch_apply_resume(struct batch_apply *a, bool all, struct batch_applied *applied,
			       struct error *err)
{
	struct commit_plan nowhere = { 0 };
	int64_t ids[DELIVERY_RESUME_MAX];
	size_t count = 0;
	enum status st = delivery_store_resumable(a->store, all, ids, &count, err);

	*applied = (struct batch_applied){ 0 };
	if (st != ST_OK || count == 0)
		return st;
	st = delivery_batch_init(&a->batch, a->in_sequence, NULL, 0, ids, count, err);
	if (st == ST_OK)
		st = send(a, &nowhere, err);
	if (st == ST_OK)
		st = batch_apply_finish(a, applied, err);
	if (st == ST_OK && count == DELIVERY_RESUME_MAX && applied->resumed > 0)
		applied->more = true;
	return st;
}
