#include "delivery-service/core/offset_tracker.h"

#include <stdlib.h>

void progress_init(struct progress *p, int64_t next)
{
	*p = (struct progress){ .next = next };
}

void progress_fini(struct progress *p)
{
	free(p->ranges);
	*p = (struct progress){ 0 };
}

bool progress_restore(struct progress *p, struct offset_range range)
{
	if (p->count == p->capacity) {
		size_t capacity = p->capacity ? p->capacity * 2 : 64;
		struct offset_range *grown = realloc(p->ranges, capacity * sizeof(*grown));

		if (!grown)
			return false;
		p->ranges = grown;
		p->capacity = capacity;
	}
	p->ranges[p->count++] = range;
	return true;
}

bool progress_is_done(const struct progress *p, int64_t offset)
{
	size_t low = 0, high = p->count;

	if (offset < p->next)
		return true;
	/* The first range that ends behind offset. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->ranges[middle].end <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < p->count && p->ranges[low].first <= offset;
}

void progress_plan_fini(struct progress_plan *plan)
{
	progress_fini(&plan->after);
	free(plan->cleared);
	free(plan->put);
	*plan = (struct progress_plan){ 0 };
}

static bool reserve(const struct progress *p, size_t count, struct progress_plan *plan)
{
	size_t most = p->count + count;

	*plan = (struct progress_plan){
		.after = { .next = p->next,
			   .ranges = malloc((most + 1) * sizeof(struct offset_range)),
			   .capacity = most + 1 },
		.cleared = malloc((p->count + most + 1) * sizeof(struct offset_range)),
		.put = malloc((most + 1) * sizeof(struct offset_range)),
	};
	if (plan->after.ranges && plan->cleared && plan->put)
		return true;
	progress_plan_fini(plan);
	return false;
}

/* Adds a range that begins at or behind all before it. */
static void append(struct progress *after, struct offset_range range)
{
	struct offset_range *last = after->count > 0 ? &after->ranges[after->count - 1] : NULL;

	if (range.first <= after->next) {
		if (range.end > after->next)
			after->next = range.end;
	} else if (last && range.first <= last->end) {
		if (range.end > last->end)
			last->end = range.end;
	} else {
		after->ranges[after->count++] = range;
	}
}

static void merge(const struct progress *p, const struct offset_range *done, size_t count,
		  struct progress *after)
{
	size_t i = 0, j = 0;

	while (i < p->count || j < count) {
		if (j == count || (i < p->count && p->ranges[i].first <= done[j].first))
			append(after, p->ranges[i++]);
		else
			append(after, done[j++]);
	}
}

static void clear(struct progress_plan *plan, int64_t first, int64_t end)
{
	if (first < end)
		plan->cleared[plan->cleared_count++] = (struct offset_range){ first, end };
}

/* Both are ascending: what is only before is cleared, what is new or has another end is put. */
static void compare(const struct progress *before, struct progress_plan *plan)
{
	const struct progress *after = &plan->after;
	size_t i = 0, j = 0;

	while (i < before->count || j < after->count) {
		const struct offset_range *b = i < before->count ? &before->ranges[i] : NULL;
		const struct offset_range *a = j < after->count ? &after->ranges[j] : NULL;

		if (b && (!a || b->first < a->first)) {
			clear(plan, b->first, b->first + 1);
			i++;
			continue;
		}
		if (!b || a->first < b->first || a->end != b->end)
			plan->put[plan->put_count++] = *a;
		i += b && a->first == b->first;
		j++;
	}
}

/* Where the plan before may have put ranges that this one has no more: it had no more done. */
static void clear_doubt(const struct progress *before, struct progress_plan *plan)
{
	clear(plan, before->next, plan->after.next);
	for (size_t i = 0; i < plan->put_count; i++)
		clear(plan, plan->put[i].first + 1, plan->put[i].end);
}

bool progress_plan(struct progress *p, const struct offset_range *done, size_t count,
		   struct progress_plan *plan)
{
	if (!reserve(p, count, plan))
		return false;
	merge(p, done, count, &plan->after);
	compare(p, plan);
	if (p->doubt)
		clear_doubt(p, plan);
	p->doubt = true;
	return true;
}

void progress_take(struct progress *p, struct progress_plan *plan)
{
	free(p->ranges);
	*p = plan->after;
	plan->after = (struct progress){ 0 };
	progress_plan_fini(plan);
}
