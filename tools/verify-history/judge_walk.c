#include "tools/verify-history/judge_walk.h"

void judge_found(struct judgement *j, enum violation_kind kind, int64_t count,
		 const struct violation *violation)
{
	struct violations *v = &j->violations[kind];

	if (v->count == 0) {
		j->kinds++;
		v->first = *violation;
	}
	v->count += count;
	j->total += count;
}

void judge_found_facts(struct walk *w, enum violation_kind kind, const struct fact *wrong,
		       const struct fact *other)
{
	struct violation v = { .order = w->order, .version = wrong->version, .facts = { *wrong } };

	v.fact_count = 1;
	if (other)
		v.facts[v.fact_count++] = *other;
	judge_found(w->j, kind, 1, &v);
}

int judge_by_offset(const struct fact *a, const struct fact *b)
{
	int order = COMPARE(a->partition, b->partition);

	return order ? order : COMPARE(a->offset, b->offset);
}
