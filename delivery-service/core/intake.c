#include "delivery-service/core/intake.h"

/* A consumer goes back by itself only where the log is another one. */
static bool is_read(struct partition *p, int64_t offset)
{
	if (!p || p->replaced || p->reclaim_at_mono_ms != 0)
		return false;
	p->replaced = offset < p->next_read;
	return !p->replaced;
}

/* What was not done before: its record, if it concerns us. */
static enum intake_verdict read_message(struct intake *in, const struct message *m,
					int64_t now_wall_ms, struct event_record **record)
{
	enum event_record_kind kind = event_record_new(record, m, &in->latest, now_wall_ms);

	return kind == EVENT_RECORD_OTHER ? INTAKE_SKIP : INTAKE_ENQUEUE;
}

struct intake_result intake_receive(struct intake *in, const struct message *m, int64_t now_wall_ms)
{
	const int64_t offset = m->at.offset;
	struct intake_result r = {
		.verdict = INTAKE_DONE,
		.partition = partitions_find(in->partitions, m->at.partition),
	};

	if (!is_read(r.partition, offset))
		return r;
	if (!offset_tracker_is_done(&r.partition->tracker, offset))
		r.verdict = read_message(in, m, now_wall_ms, &r.record);
	partition_skip(r.partition, r.verdict == INTAKE_ENQUEUE ? offset : offset + 1);
	if (r.record)
		partition_enqueue(r.partition, r.record);
	return r;
}

void intake_fini(struct intake *in)
{
	raw_message_recent_fini(&in->latest);
}

void intake_end(struct partition *p, int64_t offset)
{
	if (is_read(p, offset))
		partition_skip(p, offset);
}

bool intake_lost(const struct partition *p, int64_t offset, int64_t log_start,
		 struct intake_lost *lost)
{
	const int64_t end = log_start < offset ? log_start : offset;

	if (p->replaced || p->reclaim_at_mono_ms != 0 || end <= p->next_read)
		return false;
	lost->range = (struct offset_range){ p->next_read, end };
	lost->count = offset_tracker_missing(&p->tracker, lost->range);
	return lost->count > 0;
}
