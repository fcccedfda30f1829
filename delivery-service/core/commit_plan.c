#include "delivery-service/core/commit_plan.h"

#include <stdlib.h>

static int compare_ranges(const void *a, const void *b)
{
	const struct offset_range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* What of partition p is done now, sorted, into done; its latest event, if it is one of events. */
static size_t gather(const struct partition *p, struct event_record *const *events,
		     size_t event_count, struct offset_range *done, struct event_record **latest)
{
	size_t n = 0;

	*latest = NULL;
	if (partition_skipped(p))
		done[n++] = p->skipped_range;
	for (size_t i = 0; i < event_count; i++) {
		if (events[i]->at.partition != p->number)
			continue;
		done[n++] = (struct offset_range){ events[i]->at.offset, events[i]->end };
		if (events[i] == p->last)
			*latest = p->last;
	}
	qsort(done, n, sizeof(*done), compare_ranges);
	return n;
}

static enum status plan_all(struct commit_plan *plan, struct partitions *partitions,
			    struct event_record *const *events, size_t event_count,
			    struct offset_range *done, struct error *err)
{
	for (size_t i = 0; i < partitions->count; i++) {
		struct partition *p = &partitions->list[i];
		struct commit_entry *entry = &plan->list[plan->count];
		struct event_record *latest;
		size_t n = gather(p, events, event_count, done, &latest);

		if (n == 0)
			continue;
		*entry = (struct commit_entry){ .partition = p->number,
						.epoch = p->epoch,
						.known = p->tracker.next };
		if (!offset_tracker_plan(&p->tracker, done, n, &entry->change))
			return error_set(err, ST_UNAVAILABLE, "out of memory");
		partition_send(p, latest);
		plan->count++;
	}
	return ST_OK;
}

enum status commit_plan_make(struct commit_plan *plan, struct partitions *partitions,
			     struct event_record *const *events, size_t event_count,
			     struct error *err)
{
	struct offset_range *done = malloc((event_count + 1) * sizeof(*done));
	enum status st = ST_OK;

	*plan = (struct commit_plan){ .list = calloc(partitions->count + 1, sizeof(*plan->list)) };
	if (!done || !plan->list)
		st = error_set(err, ST_UNAVAILABLE, "out of memory");
	else
		st = plan_all(plan, partitions, events, event_count, done, err);
	free(done);
	if (st != ST_OK)
		commit_plan_fini(plan);
	return st;
}

void commit_plan_apply(struct commit_plan *plan, struct partitions *partitions)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct partition *p = partitions_find(partitions, plan->list[i].partition);

		offset_tracker_apply(&p->tracker, &plan->list[i].change);
		partition_committed(p);
	}
}

void commit_plan_fini(struct commit_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		offset_tracker_plan_fini(&plan->list[i].change);
	free(plan->list);
	*plan = (struct commit_plan){ 0 };
}
