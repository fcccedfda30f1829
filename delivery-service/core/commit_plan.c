#include "delivery-service/core/commit_plan.h"

#include <stdlib.h>

static int compare_ranges(const void *a, const void *b)
{
	const struct offset_range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* What of partition p is done now, sorted, into done; its latest event, if it is one of events. */
static size_t gather(const struct partition *p, struct inbound *const *events, size_t event_count,
		     struct offset_range *done, struct inbound **latest)
{
	size_t n = 0;

	*latest = NULL;
	if (p->passed.first != p->passed.end)
		done[n++] = p->passed;
	for (size_t i = 0; i < event_count; i++) {
		if (events[i]->place.partition != p->number)
			continue;
		done[n++] = (struct offset_range){ events[i]->place.offset, events[i]->end };
		if (events[i] == p->last)
			*latest = p->last;
	}
	qsort(done, n, sizeof(*done), compare_ranges);
	return n;
}

static enum status plan_all(struct delivery_positions *positions, struct partitions *partitions,
			    struct inbound *const *events, size_t event_count,
			    struct offset_range *done, struct error *err)
{
	for (size_t i = 0; i < partitions->count; i++) {
		struct partition *p = &partitions->list[i];
		struct delivery_position *position = &positions->list[positions->count];
		struct inbound *latest;
		size_t n = gather(p, events, event_count, done, &latest);

		if (n == 0)
			continue;
		*position = (struct delivery_position){ .partition = p->number, .epoch = p->epoch };
		if (!progress_plan(&p->progress, done, n, &position->plan))
			return error_set(err, ST_UNAVAILABLE, "out of memory");
		partition_send(p, latest);
		positions->count++;
	}
	return ST_OK;
}

enum status positions_plan(struct delivery_positions *positions, struct partitions *partitions,
			   struct inbound *const *events, size_t event_count, struct error *err)
{
	struct offset_range *done = malloc((event_count + 1) * sizeof(*done));
	enum status st = ST_OK;

	*positions = (struct delivery_positions){ .list = calloc(partitions->count + 1,
								 sizeof(*positions->list)) };
	if (!done || !positions->list)
		st = error_set(err, ST_UNAVAILABLE, "out of memory");
	else
		st = plan_all(positions, partitions, events, event_count, done, err);
	free(done);
	if (st != ST_OK)
		positions_fini(positions);
	return st;
}

void positions_take(struct delivery_positions *positions, struct partitions *partitions)
{
	for (size_t i = 0; i < positions->count; i++) {
		struct partition *p = partitions_find(partitions, positions->list[i].partition);

		progress_take(&p->progress, &positions->list[i].plan);
		partition_committed(p);
	}
}

void positions_fini(struct delivery_positions *positions)
{
	for (size_t i = 0; i < positions->count; i++)
		progress_plan_fini(&positions->list[i].plan);
	free(positions->list);
	*positions = (struct delivery_positions){ 0 };
}
