#include "delivery-service/consume/delivery_metrics.h"

#include <inttypes.h>

#include "common/runtime/log.h"

void delivery_metrics_init(struct delivery_metrics *c)
{
	c->batch_size.first = 1;
	c->batch_us.first = 64;
	c->event_ms.first = 2;
}

static void count_dead_letter(struct delivery_metrics *c, const struct event_record *record,
			      const char *reason)
{
	atomic_fetch_add(&c->dead_letters, 1);
	log_warn("delivery", "dead letter", "partition=%" PRId32 " offset=%" PRId64 " reason=%s%s",
		 record->at.partition, record->at.offset, LOG_QUOTE(reason),
		 TRACE_FIELD(record->trace));
}

/* What was parked is left out: its time on the topic is not known any more. */
static void observe_time(struct delivery_metrics *c, const struct event_record *record,
			 int64_t now_wall_ms)
{
	int64_t ms = now_wall_ms - record->message.timestamp_ms;

	/* The publisher's clock may be ahead of ours. */
	if (!record->was_parked)
		histogram_observe(&c->event_ms, ms > 0 ? ms : 0);
}

static void warn_of_late(struct delivery_metrics *c, const struct event_record *record)
{
	const struct order_event *e = record->event;

	atomic_fetch_add(&c->late, 1);
	log_warn("delivery", "applied after a newer event of its order",
		 "order=%" PRId64 " version=%d event=%s partition=%" PRId32 " offset=%" PRId64 "%s",
		 e->order_id, e->version, event_order_names[e->type], record->at.partition,
		 record->at.offset, TRACE_FIELD(record->trace));
}

static void count_applied(struct delivery_metrics *c, const struct batch_event *event,
			  int64_t now_wall_ms)
{
	const struct event_record *record = event->record;
	const struct order_event *e = record->event;

	atomic_fetch_add(&c->applied, 1);
	atomic_fetch_add(&c->resumed, record->was_parked);
	log_debug("delivery", "applied", "order=%" PRId64 " version=%d event=%s%s", e->order_id,
		  e->version, event_order_names[e->type], TRACE_FIELD(record->trace));
	observe_time(c, record, now_wall_ms);
	if (event->decision.late)
		warn_of_late(c, record);
}

/* One of the two says what is not so: an order service went back to ids that it had used, say. */
static void tell_conflict(struct delivery_metrics *c, const struct event_record *record)
{
	const struct order_event *e = record->event;

	atomic_fetch_add(&c->conflicts, 1);
	log_error("delivery", "conflicting event: its order and version came with other content",
		  "order=%" PRId64 " version=%d event=%s partition=%" PRId32 " offset=%" PRId64
		  "%s",
		  e->order_id, e->version, event_order_names[e->type], record->at.partition,
		  record->at.offset, TRACE_FIELD(record->trace));
}

void delivery_metrics_event(struct delivery_metrics *c, const struct batch_event *event,
			    int64_t now_wall_ms)
{
	const struct event_record *record = event->record;

	if (!record->event) {
		count_dead_letter(c, record, event_record_reason(record));
		return;
	}
	switch (event->decision.verdict) {
	case DELIVERY_APPLY:
		count_applied(c, event, now_wall_ms);
		break;
	case DELIVERY_DUPLICATE:
		atomic_fetch_add(&c->duplicates, 1);
		break;
	case DELIVERY_PARK:
		atomic_fetch_add(&c->parked, 1);
		break;
	case DELIVERY_CONFLICT:
		tell_conflict(c, record);
		count_dead_letter(c, record, delivery_refusal(event->decision.verdict));
		break;
	case DELIVERY_UNKNOWN:
	case DELIVERY_TOO_LATE:
		count_dead_letter(c, record, delivery_refusal(event->decision.verdict));
		break;
	}
}

static void write_effects(struct delivery_metrics *c, struct metrics_out *out)
{
	metrics_one(out, "delivery_events_applied_total", "counter",
		    "Events that had their effect.", atomic_load(&c->applied));
	metrics_one(out, "delivery_events_late_total", "counter",
		    "Events applied after a newer one of their order.", atomic_load(&c->late));
}

static void write_parking(struct delivery_metrics *c, struct metrics_out *out)
{
	metrics_one(out, "delivery_events_parked_total", "counter",
		    "Events that had to wait for a predecessor.", atomic_load(&c->parked));
	metrics_one(out, "delivery_events_resumed_total", "counter",
		    "Those of them that this replica applied in the end.",
		    atomic_load(&c->resumed));
}

static void write_not_applied(struct delivery_metrics *c, struct metrics_out *out)
{
	metrics_one(out, "delivery_events_duplicate_total", "counter",
		    "Events that had had their effect before.", atomic_load(&c->duplicates));
	metrics_one(out, "delivery_events_conflicting_total", "counter",
		    "Events whose order and version had come with other content.",
		    atomic_load(&c->conflicts));
	metrics_one(out, "delivery_events_skipped_total", "counter",
		    "Messages of other types on the topic.", atomic_load(&c->skipped));
	metrics_one(out, "delivery_dead_letters_total", "counter",
		    "Messages sent to the dead-letter topic.", atomic_load(&c->dead_letters));
}

static void write_failures(struct delivery_metrics *c, struct metrics_out *out)
{
	metrics_one(out, "delivery_fenced_writes_total", "counter",
		    "Partitions found to have a new owner when writing.", atomic_load(&c->fenced));
	metrics_one(out, "delivery_write_errors_total", "counter",
		    "Transactions that failed and were tried again.",
		    atomic_load(&c->write_errors));
	metrics_one(out, "delivery_positions_forgotten_total", "counter",
		    "Positions that the database had forgotten when they were looked at.",
		    atomic_load(&c->forgotten));
	metrics_one(out, "delivery_offsets_lost_total", "counter",
		    "Offsets that Kafka deleted before they were read.",
		    atomic_load(&c->offsets_lost));
	metrics_one(out, "delivery_log_returns_total", "counter",
		    "Times that the log of a partition went back.", atomic_load(&c->log_returns));
}

static void write_partitions(struct delivery_metrics *c, struct metrics_out *out)
{
	metrics_one(out, "delivery_partitions_assigned_total", "counter",
		    "Partitions that came to this replica.", atomic_load(&c->assigned));
	metrics_one(out, "delivery_partitions_revoked_total", "counter",
		    "Partitions that went to others.", atomic_load(&c->revoked));
	metrics_one(out, "delivery_group_member", "gauge",
		    "1 while the replica takes part in its group.", atomic_load(&c->member));
	metrics_one(out, "delivery_group_left_total", "counter",
		    "Times it left: the database did not answer, or its client of Kafka was stuck.",
		    atomic_load(&c->left));
	metrics_one(out, "delivery_partitions", "gauge", "Partitions owned.",
		    atomic_load(&c->partitions));
}

static void write_held(struct delivery_metrics *c, struct metrics_out *out)
{
	metrics_one(out, "delivery_events_in_work", "gauge", "Events in work now.",
		    atomic_load(&c->in_work));
	metrics_one(out, "delivery_events_held", "gauge", "Messages received and not done.",
		    atomic_load(&c->waiting));
}

static void write_histograms(struct delivery_metrics *c, struct metrics_out *out)
{
	histogram_write(out, &c->batch_size, "delivery_batch_events", "Events per transaction.", 1);
	histogram_write(out, &c->batch_us, "delivery_batch_duration_seconds",
			"Time of one transaction.", 1e6);
	histogram_write(
		out, &c->event_ms, "delivery_event_duration_seconds",
		"Time from an event's publication to its effect, work and waiting included.", 1e3);
}

void delivery_metrics_write(struct delivery_metrics *c, struct metrics_out *out)
{
	write_effects(c, out);
	write_parking(c, out);
	write_not_applied(c, out);
	write_failures(c, out);
	write_partitions(c, out);
	write_held(c, out);
	write_histograms(c, out);
}
