#include "delivery-service/core/partitions.h"

#include <stdlib.h>

void partitions_fini(struct partitions *ps)
{
	for (size_t i = 0; i < ps->count; i++)
		progress_fini(&ps->list[i].progress);
	free(ps->list);
	*ps = (struct partitions){ 0 };
}

struct partition *partitions_find(const struct partitions *ps, int32_t number)
{
	for (size_t i = 0; i < ps->count; i++) {
		if (ps->list[i].number == number)
			return &ps->list[i];
	}
	return NULL;
}

static struct partition *room_for(struct partitions *ps, int32_t number)
{
	struct partition *p = partitions_find(ps, number);

	if (p) {
		progress_fini(&p->progress);
		return p;
	}
	if (ps->count == ps->capacity) {
		size_t capacity = ps->capacity ? ps->capacity * 2 : 16;
		struct partition *list = realloc(ps->list, capacity * sizeof(*list));

		if (!list)
			return NULL;
		ps->list = list;
		ps->capacity = capacity;
	}
	return &ps->list[ps->count++];
}

struct partition *partitions_add(struct partitions *ps, int32_t number, int64_t epoch,
				 struct progress *progress)
{
	struct partition *p = room_for(ps, number);

	if (!p)
		return NULL;
	*p = (struct partition){
		.number = number, .epoch = epoch, .progress = *progress, .next_read = progress->next
	};
	*progress = (struct progress){ 0 };
	return p;
}

void partitions_remove(struct partitions *ps, int32_t number)
{
	struct partition *p = partitions_find(ps, number);

	if (!p)
		return;
	progress_fini(&p->progress);
	*p = ps->list[--ps->count];
}

void partition_pass(struct partition *p, int64_t end)
{
	if (end == p->next_read)
		return;
	if (p->last)
		p->last->end = end;
	else if (p->passed.first == p->passed.end)
		p->passed = (struct offset_range){ p->next_read, end };
	else
		p->passed.end = end;
	p->next_read = end;
}

bool partitions_passed(const struct partitions *ps)
{
	for (size_t i = 0; i < ps->count; i++) {
		if (ps->list[i].passed.first != ps->list[i].passed.end)
			return true;
	}
	return false;
}

void partition_hold(struct partition *p, struct inbound *in)
{
	p->next_read = in->end;
	p->last = in;
	p->held_events++;
	p->held_bytes += inbound_size(in);
}

void partition_worked(struct partition *p, const struct inbound *in)
{
	p->held_events--;
	p->held_bytes -= inbound_size(in);
}

void partition_send(struct partition *p, struct inbound *last)
{
	p->sent = (struct partition_sent){ last, last ? last->end : 0, p->passed.end };
}

void partition_committed(struct partition *p)
{
	struct inbound *last = p->sent.last;

	if (last)
		p->passed = (struct offset_range){ p->sent.last_end, last->end };
	else if (p->passed.first < p->sent.passed_end)
		p->passed.first = p->sent.passed_end;
	if (p->last == last)
		p->last = NULL;
	p->sent = (struct partition_sent){ 0 };
}

void partition_forget_all(struct partition *p)
{
	p->last = NULL;
	p->passed = (struct offset_range){ 0 };
	p->sent = (struct partition_sent){ 0 };
	p->held_events = 0;
	p->held_bytes = 0;
}
