#include "delivery-service/consume/receiver.h"

#include <inttypes.h>

#include "common/runtime/clock.h"
#include "common/runtime/log.h"
#include "delivery-service/consume/delivery_span.h"

/* Events in flight of a partition, besides those that may be in progress; and, of orders that have
 * many events, those that others pass. All partitions share the second number of each. */
#define IN_FLIGHT_MAX   5000
#define IN_FLIGHT_SHARE 100000
#define BEHIND_MAX      25000
#define BEHIND_SHARE    100000
#define SHARE_MIN       100

void receiver_fini(struct receiver *r)
{
	intake_fini(&r->intake);
}

static size_t share_of(const struct receiver *r, size_t all, size_t most)
{
	const size_t share = all / r->intake.partitions->count;

	if (share > most)
		return most;
	return share < SHARE_MIN ? SHARE_MIN : share;
}

/* A full partition is paused. */
void receiver_apply_back_pressure(struct receiver *r, struct partition *p)
{
	const size_t in_flight = (size_t)r->max_concurrency +
				 share_of(r, IN_FLIGHT_SHARE, IN_FLIGHT_MAX);
	const bool full = partition_is_full(p, in_flight, share_of(r, BEHIND_SHARE, BEHIND_MAX));

	if (full == p->paused)
		return;
	p->paused = full;
	kafka_consumer_pause(r->consumer, p->number, full);
}

/*
 * Retention, or whoever deletes records, was faster than we: nobody will ever apply them. Where no
 * replica has owned the partition before, they are older than this installation.
 */
static void tell_lost(struct receiver *r, const struct partition *p, const struct intake_lost *lost)
{
	static const char fields[] = "partition=%" PRId32 " from=%" PRId64 " to=%" PRId64
				     " count=%" PRId64;

	if (p->claim.epoch == 1 && lost->range.first == 0) {
		log_warn("delivery", "the log began later than the first read of it", fields,
			 p->number, lost->range.first, lost->range.end - 1, lost->count);
		return;
	}
	atomic_fetch_add(&r->metrics->offsets_lost, lost->count);
	log_error("delivery", "Kafka deleted messages before they were read", fields, p->number,
		  lost->range.first, lost->range.end - 1, lost->count);
}

/* Nothing lies between the partition's next_read and offset any more: was there something? */
static void look_at_hole(struct receiver *r, const struct partition *p, int64_t offset)
{
	struct intake_lost lost;

	if (!p || offset <= p->next_read)
		return;
	if (intake_lost(p, offset, kafka_consumer_log_start(r->consumer, p->number), &lost))
		tell_lost(r, p, &lost);
}

static void look_back(struct receiver *r, struct partition *p, int64_t offset)
{
	if (!intake_goes_back(p, offset))
		return;
	progress_turned(r->progress); /* there may be many in one poll */
	delivery_writer_flush(r->writer);
	if (intake_goes_back(p, offset)) /* the write may have lost it */
		ownership_go_back(r->ownership, p, offset);
}

/* record stays when it cannot be added: its partition may refer to it. */
static bool enqueue(struct receiver *r, struct partition *p, struct event_record *record)
{
	log_debug("delivery", "received",
		  "partition=%" PRId32 " offset=%" PRId64 " order=%" PRId64 "%s",
		  record->at.partition, record->at.offset,
		  record->event ? record->event->order_id : 0, TRACE_FIELD(record->trace));
	if (!scheduler_add(r->scheduler, record))
		return false;
	if (scheduler_is_behind(r->scheduler, record))
		partition_wait_behind(p, record);
	receiver_apply_back_pressure(r, p);
	return true;
}

bool receiver_take(struct receiver *r, const struct message *m)
{
	struct partition *p = partitions_find(r->intake.partitions, m->at.partition);
	struct intake_result in;

	look_back(r, p, m->at.offset);
	look_at_hole(r, p, m->at.offset);
	in = intake_receive(&r->intake, m, clock_wall_ms());
	if (in.record)
		in.record->trace = delivery_span_begin(r->otlp, m);
	if (in.verdict == INTAKE_ENQUEUE && (!in.record || !enqueue(r, in.partition, in.record)))
		return false;
	if (in.verdict == INTAKE_SKIP)
		atomic_fetch_add(&r->metrics->skipped, 1);
	if (in.partition && partition_skipped(in.partition))
		delivery_writer_flush_later(r->writer);
	return true;
}

void receiver_end(struct receiver *r, int32_t partition, int64_t offset)
{
	struct partition *p = partitions_find(r->intake.partitions, partition);

	look_at_hole(r, p, offset);
	intake_end(p, offset);
	if (p && partition_skipped(p))
		delivery_writer_flush_later(r->writer);
}
