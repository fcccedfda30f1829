/*
 * What may be in a hole of a topic: the beginning of a partition that retention or somebody has
 * deleted. Within a partition the offset tells. Across partitions only the clock of who published
 * does: all in a hole is older than the first message behind it.
 */
#include "tools/verify-history/judge_walk.h"

bool judge_hole_has(const struct history *h, const struct fact *fact)
{
	const struct history_hole *hole = history_find_hole(&h->holes, fact->partition);

	return hole && fact->offset < hole->count;
}

/* The hole of own, a partition, is left out; -1: none is. */
static bool reaches(const struct history_holes *holes, int64_t at_ms, int64_t own)
{
	for (uint32_t i = 0; i < holes->count; i++) {
		if (holes->list[i].partition != own && holes->list[i].until_ms >= at_ms)
			return true;
	}
	return false;
}

bool judge_hole_may_have(const struct history *h, const struct fact *after)
{
	return after ? reaches(&h->holes, after->at_ms, after->partition) : h->holes.count > 0;
}

bool judge_hole_may_have_letter(const struct history *h, const struct fact *event)
{
	return reaches(&h->letter_holes, event->at_ms, -1);
}

void judge_hole_not_judged(struct walk *w, enum violation_kind kind, int64_t count)
{
	w->j->unjudged[kind] += count;
}
