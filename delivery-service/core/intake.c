#include "delivery-service/core/intake.h"

static bool is_reading(const struct partition *p)
{
	return p && !p->went_back && p->reclaim_at_mono_ms == 0;
}

bool intake_goes_back(const struct partition *p, int64_t offset)
{
	return is_reading(p) && offset < p->next_read;
}

bool intake_is_another_log(const struct partition *p, int64_t offset, int64_t log_start,
			   int64_t log_end)
{
	const bool again = p->returned.from == p->next_read && p->returned.to == offset;

	if (again && log_start >= 0 && offset > log_start)
		return false;
	if (log_end >= 0 && log_end < p->next_read)
		return true;
	return !again && offset <= log_start;
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

	if (!is_reading(r.partition) || offset < r.partition->next_read)
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
	if (intake_goes_back(p, offset))
		p->went_back = p->replaced = true;
	else if (is_reading(p))
		partition_skip(p, offset);
}

bool intake_lost(const struct partition *p, int64_t offset, int64_t log_start,
		 struct intake_lost *lost)
{
	const int64_t end = log_start < offset ? log_start : offset;

	if (!is_reading(p) || end <= p->next_read)
		return false;
	lost->range = (struct offset_range){ p->next_read, end };
	lost->count = offset_tracker_missing(&p->tracker, lost->range);
	return lost->count > 0;
}
