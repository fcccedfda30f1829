#include "delivery-service/consume/delivery_writer.h"

#include <inttypes.h>

#include "common/runtime/clock.h"
#include "common/runtime/log.h"

#define SKIPPED_FLUSH_MS 500 /* when only skipped messages moved a position */

void delivery_writer_init(struct delivery_writer *w, const struct delivery_writer_config *config)
{
	*w = (struct delivery_writer){ .config = *config,
				       .flush_at_mono_ms = INT64_MAX,
				       .backoff = { .base_ms = 50, .cap_ms = 1000 } };
}

/* --- what is to be written ----------------------------------------------------------------- */

bool delivery_writer_has_room(const struct delivery_writer *w)
{
	return w->done_count < BATCH_APPLY_MAX;
}

void delivery_writer_add(struct delivery_writer *w, struct event_record *record)
{
	w->done[w->done_count++] = record;
}

void delivery_writer_flush_later(struct delivery_writer *w)
{
	if (w->flush_at_mono_ms == INT64_MAX)
		w->flush_at_mono_ms = clock_mono_ms() + SKIPPED_FLUSH_MS;
}

void delivery_writer_drop(struct delivery_writer *w, int32_t partition)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->done_count; i++) {
		if (w->done[i]->at.partition == partition)
			event_record_free(w->done[i]);
		else
			w->done[kept++] = w->done[i];
	}
	w->done_count = kept;
	if (kept == 0)
		progress_idle(w->config.progress); /* a write that failed is another's to do */
}

int64_t delivery_writer_due(const struct delivery_writer *w)
{
	if (w->in_progress)
		return 0;
	if (w->done_count > 0)
		return w->retry_at_mono_ms;
	return w->flush_at_mono_ms > w->retry_at_mono_ms ? w->flush_at_mono_ms
							 : w->retry_at_mono_ms;
}

/* --- the two steps ------------------------------------------------------------------------- */

static void tell_fenced(struct delivery_writer *w)
{
	for (size_t i = 0; i < w->plan.count; i++) {
		const struct commit_entry *entry = &w->plan.list[i];

		if (entry->fenced)
			w->config.fenced(w->config.context,
					 partitions_find(w->config.partitions, entry->partition));
	}
}

/* Sends the first count events, and what was skipped. */
static enum status send_events(struct delivery_writer *w, size_t count, struct error *err)
{
	enum status st = commit_plan_make(&w->plan, w->config.partitions, w->done, count, err);

	if (st != ST_OK)
		return st;
	if (count == 0 && w->plan.count == 0) {
		commit_plan_fini(&w->plan);
		return ST_OK; /* what was skipped is written already */
	}
	w->started_mono_us = clock_mono_us();
	w->sent_count = count;
	st = batch_apply_begin(w->config.apply, &w->plan, w->done, count, err);
	w->in_progress = st == ST_OK;
	if (st == ST_FENCED)
		tell_fenced(w);
	if (st != ST_OK)
		commit_plan_fini(&w->plan);
	return st;
}

static void forget_sent(struct delivery_writer *w)
{
	for (size_t i = 0; i < w->sent_count; i++) {
		partition_written(partitions_find(w->config.partitions, w->done[i]->at.partition));
		event_record_free(w->done[i]);
	}
	for (size_t i = w->sent_count; i < w->done_count; i++)
		w->done[i - w->sent_count] = w->done[i];
	w->done_count -= w->sent_count;
}

static void take_applied(struct delivery_writer *w, const struct batch_applied *applied)
{
	const struct commit_plan *plan = &w->plan;

	parked_events_applied(w->config.parked_events, applied);
	for (size_t i = 0; i < plan->count; i++)
		w->config.committed(w->config.context, plan->list[i].partition,
				    plan->list[i].change.after.next);
	commit_plan_apply(&w->plan, w->config.partitions);
	histogram_observe(&w->config.metrics->batch_size, (int64_t)w->sent_count);
	histogram_observe(&w->config.metrics->batch_us, clock_mono_us() - w->started_mono_us);
	forget_sent(w);
}

static enum status await_commit(struct delivery_writer *w, struct error *err)
{
	struct batch_applied applied;
	enum status st = batch_apply_finish(w->config.apply, &applied, err);

	w->in_progress = false;
	if (st == ST_OK)
		take_applied(w, &applied);
	commit_plan_fini(&w->plan);
	return st;
}

/* --- what becomes of a write --------------------------------------------------------------- */

/* The first count events, without the parked ones that may follow them. */
static enum status write_events(struct delivery_writer *w, size_t count, struct error *err)
{
	enum status st;

	w->config.apply->leaves_parked = true;
	st = send_events(w, count, err);
	w->config.apply->leaves_parked = false;
	return st == ST_OK ? await_commit(w, err) : st;
}

/*
 * Some event's data is refused by the database. Where it is that of a parked one, the batch is
 * written without those. Else its first event is written alone, and if it is the one, it becomes a
 * dead letter. The rest follows in the next rounds.
 */
static enum status write_apart(struct delivery_writer *w, struct error *err)
{
	enum status st = write_events(w, w->sent_count, err);

	if (st == ST_INVALID && w->sent_count > 1)
		st = write_events(w, 1, err);
	if (st != ST_INVALID)
		return st;
	event_record_reject(w->done[0], err->msg);
	return write_events(w, 1, err);
}

static void log_failure(struct delivery_writer *w, enum status st, const struct error *err)
{
	static const char what[] = "write failed, will retry";

	if (!log_due(&w->next_log_mono_ms, 5000))
		return;
	if (st == ST_UNAVAILABLE)
		log_warn("delivery", what, "error=%s", LOG_QUOTE(err->msg));
	else
		log_error("delivery", what, "error=%s", LOG_QUOTE(err->msg));
}

/* After either step. */
static void conclude(struct delivery_writer *w, enum status st, struct error *err)
{
	if (st == ST_INVALID && w->sent_count > 0)
		st = write_apart(w, err);
	if (partitions_skipped(w->config.partitions))
		delivery_writer_flush_later(w);
	if (st == ST_OK || st == ST_FENCED) {
		backoff_reset(&w->backoff);
		w->retry_at_mono_ms = 0;
		progress_idle(w->config.progress);
		return;
	}
	progress_held(w->config.progress, err->msg);
	atomic_fetch_add(&w->config.metrics->write_errors, 1);
	w->retry_at_mono_ms = clock_mono_ms() +
			      backoff_next_ms(&w->backoff, (uint32_t)clock_mono_us());
	log_failure(w, st, err);
}

void delivery_writer_begin(struct delivery_writer *w)
{
	struct error err;
	enum status st;

	if (clock_mono_ms() < delivery_writer_due(w))
		return;
	w->flush_at_mono_ms = INT64_MAX;
	progress_begin(w->config.progress);
	st = send_events(w, w->done_count, &err);
	if (st != ST_OK)
		conclude(w, st, &err);
	else if (!w->in_progress)
		progress_idle(w->config.progress);
}

void delivery_writer_finish(struct delivery_writer *w)
{
	struct error err;

	if (w->in_progress)
		conclude(w, await_commit(w, &err), &err);
}

void delivery_writer_flush(struct delivery_writer *w)
{
	struct error err;

	delivery_writer_finish(w);
	if (partitions_skipped(w->config.partitions) && send_events(w, 0, &err) == ST_OK)
		delivery_writer_finish(w);
}
