#include "delivery-service/consume/ownership.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/backoff.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"
#include "delivery-service/core/intake.h"

#define RECLAIM_AFTER_MS 2000 /* several heartbeats */
#define VERIFY_EVERY_MS  5000

static void log_failure(struct ownership *o, const char *what, const struct error *err)
{
	if (log_due(&o->next_log_mono_ms, 5000))
		log_warn("delivery", what, "error=%s", LOG_QUOTE(err->msg));
}

/* False: stopping, or it is another's to claim: the database is silent, or refuses it to us. */
static bool claim_with_retries(struct ownership *o, int32_t partition,
			       struct partition_claim *claim, struct offset_tracker *tracker)
{
	struct backoff backoff = { .base_ms = 50, .cap_ms = 500 };
	const int64_t deadline = clock_mono_ms() + DELIVERY_SILENCE_MAX_MS;
	struct error err;

	while (delivery_store_claim(o->store, partition, claim, tracker, &err) != ST_OK) {
		if (atomic_load(o->stopping) || clock_mono_ms() >= deadline ||
		    delivery_store_silence_ms(o->store) >= DELIVERY_SILENCE_MAX_MS)
			return false;
		log_failure(o, "cannot claim a partition, will retry", &err);
		clock_pause_ms(backoff_next_ms(&backoff, (uint32_t)clock_mono_us()));
	}
	return true;
}

/* The database has forgotten our claim, and another has got its epoch since. */
static bool is_given_out_again(struct partition_claim ours, const struct delivery_position *found)
{
	return found->epoch == ours.epoch && found->claim != ours.number;
}

static void log_forgotten(struct ownership *o, int32_t partition, int64_t committed,
			  struct partition_claim ours, const struct delivery_position *found)
{
	atomic_fetch_add(&o->metrics->forgotten, 1);
	log_error("delivery", "the database has forgotten what was committed",
		  "partition=%" PRId32 " committed=%" PRId64 " found=%" PRId64 " epoch=%" PRId64
		  " found_epoch=%" PRId64 " epoch_given_out_again=%d",
		  partition, committed, found->next_offset, ours.epoch, found->epoch,
		  is_given_out_again(ours, found));
}

/*
 * A partition that comes back may have been another's in between, who read a topic that was
 * re-created, or a log that repeats offsets, so its position may have gone back rightly. But then
 * its epoch is not the one that follows ours, unless the database has forgotten claims, which is to
 * be told as well.
 */
static void compare_with_past(struct ownership *o, int32_t partition,
			      const struct partition_place *past, int64_t epoch,
			      const struct offset_tracker *tracker)
{
	const struct delivery_position found = { tracker->next, epoch, tracker->commits, 0 };

	if (epoch == past->epoch + 1 &&
	    (found.next_offset < past->position || found.commits < past->commits))
		log_forgotten(o, partition, past->position,
			      (struct partition_claim){ past->epoch, 0 }, &found);
}

int64_t ownership_claim(struct ownership *o, int32_t partition)
{
	const struct partition_place *past = partitions_past(&o->partitions, partition);
	struct partition_claim claim = { past ? past->epoch : 0, 0 };
	struct offset_tracker tracker;
	struct partition *p;

	if (!claim_with_retries(o, partition, &claim, &tracker))
		return -1;
	if (past)
		compare_with_past(o, partition, past, claim.epoch, &tracker);
	p = partitions_add(&o->partitions, partition, claim, &tracker);
	if (!p) {
		offset_tracker_fini(&tracker);
		return -1;
	}
	lag_set(o->lag, partition, p->tracker.next);
	return p->next_read;
}

void ownership_release(struct ownership *o, int32_t partition)
{
	partitions_remove(&o->partitions, partition);
	lag_remove(o->lag, partition);
}

/* --- is it as we left it? ------------------------------------------------------------------ */

enum verdict { HELD, CLAIMED, FORGOTTEN, UNKNOWN };

/* All that is compared only rises, unless it was us who set the position back, perhaps without an
 * answer to that. */
static enum verdict judge(const struct partition *p, const struct delivery_position *position)
{
	if (position->epoch > p->claim.epoch)
		return CLAIMED;
	if (position->epoch < p->claim.epoch || position->claim != p->claim.number ||
	    (position->next_offset < p->tracker.next && !p->rewinds) ||
	    position->commits < p->tracker.commits)
		return FORGOTTEN;
	return HELD;
}

/* As the database has it; UNKNOWN: it does not answer. */
static enum verdict look(struct ownership *o, const struct partition *p,
			 struct delivery_position *position)
{
	struct error err;

	return delivery_store_positions(o->store, &p->number, 1, position, &err) == ST_OK
		       ? judge(p, position)
		       : UNKNOWN;
}

static void tell_claimed(struct ownership *o, const struct partition *p)
{
	atomic_fetch_add(&o->metrics->fenced, 1);
	log_warn("delivery", "fenced: the partition was claimed by another",
		 "partition=%" PRId32 " epoch=%" PRId64, p->number, p->claim.epoch);
}

void ownership_lost(struct ownership *o, struct partition *p)
{
	struct delivery_position position;
	const enum verdict verdict = look(o, p, &position);

	p->reclaim_at_mono_ms = clock_mono_ms();
	p->unexplained = verdict == UNKNOWN;
	if (verdict == HELD)
		return; /* a commit or a rewind of ours had no answer: it is further than we know */
	if (verdict == FORGOTTEN)
		log_forgotten(o, p->number, p->tracker.next, p->claim, &position);
	if (verdict == CLAIMED)
		tell_claimed(o, p);
	if (verdict != FORGOTTEN || is_given_out_again(p->claim, &position))
		p->reclaim_at_mono_ms += RECLAIM_AFTER_MS;
}

/* All that we own, asked for at once; owned, by index. NULL: they cannot be had now. */
static struct delivery_position *ask_positions(struct ownership *o)
{
	const size_t count = o->partitions.count;
	struct delivery_position *positions = calloc(count + 1, sizeof(*positions));
	int32_t *numbers = calloc(count + 1, sizeof(*numbers));
	enum status st = ST_UNAVAILABLE;
	struct error err;

	if (positions && numbers) {
		for (size_t i = 0; i < count; i++)
			numbers[i] = o->partitions.list[i].number;
		st = delivery_store_positions(o->store, numbers, count, positions, &err);
	}
	free(numbers);
	if (st == ST_OK)
		return positions;
	free(positions);
	return NULL;
}

void ownership_verify(struct ownership *o)
{
	struct delivery_position *positions;

	if (clock_mono_ms() < o->next_verify_mono_ms)
		return;
	o->next_verify_mono_ms = clock_mono_ms() + VERIFY_EVERY_MS;
	positions = o->partitions.count > 0 ? ask_positions(o) : NULL;
	for (size_t i = 0; positions && i < o->partitions.count; i++) {
		struct partition *p = &o->partitions.list[i];

		if (p->reclaim_at_mono_ms == 0 && judge(p, &positions[i]) != HELD)
			o->fenced(o->context, p);
	}
	free(positions);
}

/* --- claimed again ------------------------------------------------------------------------- */

/* Nobody could be asked why a write was refused: what the claim found says it. */
static void explain(struct ownership *o, const struct partition *p, int64_t epoch,
		    const struct offset_tracker *found)
{
	const struct partition_place past = { 0, true, p->claim.epoch, p->tracker.next,
					      p->tracker.commits };

	if (epoch > p->claim.epoch + 1)
		tell_claimed(o, p);
	else if (!p->rewinds)
		compare_with_past(o, p->number, &past, epoch, found);
}

/* Since when the database has refused it to us, for the first time in a row. */
static void note_refusal(struct ownership *o, struct partition *p, const struct error *err)
{
	if (p->refused_mono_ms == 0)
		p->refused_mono_ms = clock_mono_ms();
	log_failure(o, "cannot claim a partition again, will retry", err);
}

static bool reclaim(struct ownership *o, struct partition *p)
{
	const int32_t partition = p->number;
	struct partition_claim claim = p->claim;
	const struct log_return returned = p->returned;
	struct offset_tracker tracker;
	struct error err;

	if (kafka_consumer_assignment_lost(o->consumer))
		return false;
	if (delivery_store_claim(o->store, partition, &claim, &tracker, &err) != ST_OK) {
		note_refusal(o, p, &err);
		return false;
	}
	p->refused_mono_ms = 0;
	if (p->unexplained)
		explain(o, p, claim.epoch, &tracker);
	p->unexplained = false;
	if (!kafka_consumer_seek(o->consumer, partition, tracker.next)) {
		offset_tracker_fini(&tracker);
		return false;
	}
	lag_set(o->lag, partition, tracker.next);
	kafka_consumer_commit(o->consumer, partition, tracker.next);
	(void)partitions_add(&o->partitions, partition, claim, &tracker);
	p->returned = returned;
	kafka_consumer_pause(o->consumer, partition, false);
	return true;
}

/*
 * A replica that was away too long is fenced first and hears from the group soon after. One that
 * the group still counts as the owner claims its partition again, or nobody would work on it.
 */
bool ownership_reclaim_fenced(struct ownership *o)
{
	bool refused = false;

	for (size_t i = 0; i < o->partitions.count; i++) {
		struct partition *p = &o->partitions.list[i];
		int64_t now = clock_mono_ms();

		if (p->reclaim_at_mono_ms == 0 || now < p->reclaim_at_mono_ms)
			continue;
		p->reclaim_at_mono_ms = now + RECLAIM_AFTER_MS;
		if (reclaim(o, p))
			log_info("delivery", "reclaimed", "partition=%" PRId32 " offset=%" PRId64,
				 p->number, p->next_read);
		refused |= p->refused_mono_ms != 0 &&
			   clock_mono_ms() - p->refused_mono_ms >= DELIVERY_SILENCE_MAX_MS;
	}
	return !refused;
}

/* --- the log went back --------------------------------------------------------------------- */

static bool is_another_log(struct ownership *o, const struct partition *p, int64_t offset)
{
	struct topic_offset end = { p->number, -1 };

	kafka_consumer_high_watermarks(o->consumer, &end, 1);
	return intake_is_another_log(p, offset, kafka_consumer_log_start(o->consumer, p->number),
				     end.offset);
}

/* False: the database does not say that it has gone back too. */
static bool read_on(struct ownership *o, struct partition *p, int64_t offset)
{
	int64_t commits;
	struct error err;

	p->rewinds = true;
	if (delivery_store_reread(o->store, p->number, p->claim, offset, &commits, &err) != ST_OK) {
		log_failure(o, "cannot go back with the log, will retry", &err);
		return false;
	}
	p->rewinds = false;
	atomic_fetch_add(&o->metrics->log_returns, 1);
	log_warn("delivery", "the log gives offsets again: reading on",
		 "partition=%" PRId32 " offset=%" PRId64 " position=%" PRId64, p->number, offset,
		 p->next_read);
	partition_read_on(p, offset);
	p->tracker.commits = commits;
	lag_set(o->lag, p->number, p->tracker.next);
	kafka_consumer_commit(o->consumer, p->number, p->tracker.next);
	return true;
}

void ownership_go_back(struct ownership *o, struct partition *p, int64_t offset)
{
	const bool another = is_another_log(o, p, offset);

	p->returned = (struct log_return){ p->next_read, offset };
	if (!another && !partition_skipped(p) && read_on(o, p, offset))
		return;
	p->went_back = true;
	p->replaced = another;
}

static enum status set_back(struct ownership *o, struct partition *p, struct error *err)
{
	int64_t commits;

	p->rewinds = true;
	if (p->replaced)
		return delivery_store_rewind(o->store, p->number, p->claim, err);
	return delivery_store_reread(o->store, p->number, p->claim, p->returned.to, &commits, err);
}

static void restart(struct ownership *o, struct partition *p)
{
	struct error err;
	const enum status st = set_back(o, p, &err);

	if (st == ST_FENCED) {
		o->fenced(o->context, p);
	} else if (st != ST_OK) {
		log_failure(o, "cannot restart a partition, will retry", &err);
	} else {
		atomic_fetch_add(&o->metrics->log_returns, 1);
		log_warn("delivery",
			 p->replaced ? "the topic was re-created: reading it from its beginning"
				     : "the log gives offsets again: reading them again",
			 "partition=%" PRId32 " position=%" PRId64, p->number, p->next_read);
		p->reclaim_at_mono_ms = clock_mono_ms();
	}
}

void ownership_restart_gone_back(struct ownership *o)
{
	for (size_t i = 0; i < o->partitions.count; i++) {
		struct partition *p = &o->partitions.list[i];

		if (p->went_back && p->reclaim_at_mono_ms == 0 && p->unwritten == 0)
			restart(o, p);
	}
}
