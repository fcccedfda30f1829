#include "delivery-service/core/commit_plan.h"

#include <stdlib.h>

static int compare_ranges(const void *a, const void *b)
{
	const struct offset_range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* What is done now, partition by partition. */
struct done {
	struct offset_range *ranges; /* owned */
	size_t *ends;                /* owned; by the partition's index: where its ranges end */
	bool *latest;                /* owned; likewise: its latest event is done */
};

static void done_fini(struct done *done)
{
	free(done->ranges);
	free(done->ends);
	free(done->latest);
}

static size_t index_of(const struct partitions *partitions, const struct event_record *event)
{
	return (size_t)(partitions_find(partitions, event->at.partition) - partitions->list);
}

/* Turns ends, all 0, into where each partition's ranges begin. */
static void make_room(size_t *ends, const struct partitions *partitions,
		      struct event_record *const *events, size_t event_count)
{
	for (size_t i = 0; i < event_count; i++)
		ends[index_of(partitions, events[i]) + 1]++;
	for (size_t i = 0; i < partitions->count; i++)
		ends[i + 1] += ends[i] + partition_skipped(&partitions->list[i]);
}

/* False: out of memory. */
static bool gather(struct done *done, const struct partitions *partitions,
		   struct event_record *const *events, size_t event_count)
{
	const size_t most = event_count + partitions->count + 1;

	done->ranges = calloc(most, sizeof(*done->ranges));
	done->ends = calloc(partitions->count + 1, sizeof(*done->ends));
	done->latest = calloc(partitions->count + 1, sizeof(*done->latest));
	if (!done->ranges || !done->ends || !done->latest)
		return false;
	make_room(done->ends, partitions, events, event_count);
	for (size_t i = 0; i < partitions->count; i++) {
		if (partition_skipped(&partitions->list[i]))
			done->ranges[done->ends[i]++] = partitions->list[i].skipped_range;
	}
	for (size_t i = 0; i < event_count; i++) {
		const size_t index = index_of(partitions, events[i]);

		done->ranges[done->ends[index]++] =
			partition_range_of(&partitions->list[index], events[i]);
		done->latest[index] |= events[i] == partitions->list[index].last;
	}
	return true;
}

static bool is_sorted(const struct offset_range *ranges, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (ranges[i - 1].first > ranges[i].first)
			return false;
	}
	return true;
}

static enum status plan_one(struct commit_plan *plan, struct partition *p,
			    struct offset_range *ranges, size_t n, bool latest, struct error *err)
{
	struct commit_entry *entry = &plan->list[plan->count];

	if (!is_sorted(ranges, n))
		qsort(ranges, n, sizeof(*ranges), compare_ranges);
	*entry = (struct commit_entry){ .partition = p->number,
					.claim = p->claim,
					.known = p->tracker.next };
	if (!offset_tracker_plan(&p->tracker, ranges, n, &entry->change))
		return error_set(err, ST_UNAVAILABLE, "out of memory");
	partition_send(p, latest ? p->last : NULL);
	plan->count++;
	return ST_OK;
}

static enum status plan_all(struct commit_plan *plan, struct partitions *partitions,
			    struct event_record *const *events, size_t event_count,
			    struct done *done, struct error *err)
{
	enum status st = ST_OK;

	plan->list = calloc(partitions->count + 1, sizeof(*plan->list));
	if (!plan->list || !gather(done, partitions, events, event_count))
		return error_set(err, ST_UNAVAILABLE, "out of memory");
	for (size_t i = 0; i < partitions->count && st == ST_OK; i++) {
		size_t first = i > 0 ? done->ends[i - 1] : 0;

		if (done->ends[i] > first)
			st = plan_one(plan, &partitions->list[i], done->ranges + first,
				      done->ends[i] - first, done->latest[i], err);
	}
	return st;
}

enum status commit_plan_make(struct commit_plan *plan, struct partitions *partitions,
			     struct event_record *const *events, size_t event_count,
			     struct error *err)
{
	struct done done = { 0 };
	enum status st;

	*plan = (struct commit_plan){ 0 };
	st = plan_all(plan, partitions, events, event_count, &done, err);
	done_fini(&done);
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
