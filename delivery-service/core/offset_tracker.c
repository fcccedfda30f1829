#include "delivery-service/core/offset_tracker.h"

#include <assert.h>
#include <stdlib.h>

void offset_tracker_init(struct offset_tracker *p, int64_t next)
{
	*p = (struct offset_tracker){ .next = next };
}

void offset_tracker_fini(struct offset_tracker *p)
{
	free(p->ranges);
	*p = (struct offset_tracker){ 0 };
}

bool offset_tracker_restore(struct offset_tracker *p, struct offset_range range)
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

bool offset_tracker_is_done(const struct offset_tracker *p, int64_t offset)
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

/* Of range, what lies from first on and before end. */
static int64_t overlap(struct offset_range range, int64_t first, int64_t end)
{
	if (first < range.first)
		first = range.first;
	if (end > range.end)
		end = range.end;
	return end > first ? end - first : 0;
}

int64_t offset_tracker_missing(const struct offset_tracker *p, struct offset_range range)
{
	int64_t missing = overlap(range, p->next, INT64_MAX);

	for (size_t i = 0; i < p->count; i++)
		missing -= overlap(range, p->ranges[i].first, p->ranges[i].end);
	return missing;
}

void offset_tracker_set_back(struct offset_tracker *p, int64_t offset)
{
	if (p->next > offset)
		p->next = offset;
	while (p->count > 0 && p->ranges[p->count - 1].first >= offset)
		p->count--;
	if (p->count > 0 && p->ranges[p->count - 1].end > offset)
		p->ranges[p->count - 1].end = offset;
}

void offset_tracker_plan_fini(struct offset_tracker_plan *plan)
{
	offset_tracker_fini(&plan->after);
	free(plan->cleared);
	free(plan->put);
	*plan = (struct offset_tracker_plan){ 0 };
}

static bool reserve(const struct offset_tracker *p, size_t count, struct offset_tracker_plan *plan)
{
	size_t most = p->count + count;

	*plan = (struct offset_tracker_plan){
		.after = { .next = p->next,
			   .ranges = malloc((most + 1) * sizeof(struct offset_range)),
			   .capacity = most + 1,
			   .commits = p->commits },
		.cleared = malloc((p->count + 1) * sizeof(struct offset_range)),
		.put = malloc((most + 1) * sizeof(struct offset_range)),
	};
	if (plan->after.ranges && plan->cleared && plan->put)
		return true;
	offset_tracker_plan_fini(plan);
	return false;
}

/* Adds a range that begins at or behind all before it. */
static void append(struct offset_tracker *after, struct offset_range range)
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

static void merge(const struct offset_tracker *p, const struct offset_range *done, size_t count,
		  struct offset_tracker *after)
{
	size_t i = 0, j = 0;

	while (i < p->count || j < count) {
		if (j == count || (i < p->count && p->ranges[i].first <= done[j].first))
			append(after, p->ranges[i++]);
		else
			append(after, done[j++]);
	}
}

static void clear(struct offset_tracker_plan *plan, int64_t first, int64_t end)
{
	if (first < end)
		plan->cleared[plan->cleared_count++] = (struct offset_range){ first, end };
}

/*
 * Both are ascending: what is only before is cleared, what is new or has another end is put. So is
 * all that lies where the database may have other ranges.
 */
static void compare(const struct offset_tracker *before, struct offset_tracker_plan *plan)
{
	const struct offset_tracker *after = &plan->after;
	size_t i = 0, j = 0;

	while (i < before->count || j < after->count) {
		const struct offset_range *b = i < before->count ? &before->ranges[i] : NULL;
		const struct offset_range *a = j < after->count ? &after->ranges[j] : NULL;

		if (b && (!a || b->first < a->first)) {
			clear(plan, b->first, b->first + 1);
			i++;
			continue;
		}
		assert(a);
		if (!b || a->first < b->first || a->end != b->end ||
		    a->first < before->uncertain_end)
			plan->put[plan->put_count++] = *a;
		i += b && a->first == b->first;
		j++;
	}
}

/* No range that the plan puts begins at or behind it. */
static int64_t end_of(const struct offset_tracker_plan *plan)
{
	return plan->put_count > 0 ? plan->put[plan->put_count - 1].end : plan->after.next;
}

bool offset_tracker_plan(struct offset_tracker *p, const struct offset_range *done, size_t count,
			 struct offset_tracker_plan *plan)
{
	if (!reserve(p, count, plan))
		return false;
	merge(p, done, count, &plan->after);
	compare(p, plan);
	clear(plan, p->next, p->uncertain_end);
	if (p->uncertain_end < end_of(plan))
		p->uncertain_end = end_of(plan);
	return true;
}

void offset_tracker_apply(struct offset_tracker *p, struct offset_tracker_plan *plan)
{
	free(p->ranges);
	*p = plan->after;
	plan->after = (struct offset_tracker){ 0 };
	offset_tracker_plan_fini(plan);
}
