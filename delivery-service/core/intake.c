#include "delivery-service/core/intake.h"

/* A consumer goes back by itself only where the log is another one. */
static bool is_read(struct partition *p, int64_t offset)
{
	if (!p || p->replaced || p->reclaim_at_mono_ms != 0)
		return false;
	p->replaced = offset < p->next_read;
	return !p->replaced;
}

enum intake_verdict intake_receive(struct partition *p, const struct message *m)
{
	const int64_t offset = m->at.offset;
	enum intake_verdict verdict = INTAKE_ENQUEUE;

	if (!is_read(p, offset))
		return INTAKE_DONE;
	if (offset_tracker_is_done(&p->tracker, offset))
		verdict = INTAKE_DONE;
	else if (!event_record_is_relevant(m))
		verdict = INTAKE_SKIP;
	partition_skip(p, verdict == INTAKE_ENQUEUE ? offset : offset + 1);
	return verdict;
}
