#include "delivery-service/core/partitions.h"

#include <stdlib.h>
#include <string.h>

#define EVENT_BYTES 1024 /* on average */

void partitions_fini(struct partitions *ps)
{
	for (size_t i = 0; i < ps->count; i++)
		offset_tracker_fini(&ps->list[i].tracker);
	free(ps->list);
	free(ps->places);
	*ps = (struct partitions){ 0 };
}

/* NULL: nothing was ever known of it. */
static struct partition_place *place_of(const struct partitions *ps, int32_t number)
{
	return number >= 0 && (size_t)number < ps->place_count ? &ps->places[number] : NULL;
}

struct partition *partitions_find(const struct partitions *ps, int32_t number)
{
	const struct partition_place *place = place_of(ps, number);

	return place && place->index > 0 ? &ps->list[place->index - 1] : NULL;
}

/* False: out of memory. */
static bool reserve_place(struct partitions *ps, int32_t number)
{
	size_t count = ps->place_count ? ps->place_count : 16;
	struct partition_place *places;

	if ((size_t)number < ps->place_count)
		return true;
	while (count <= (size_t)number)
		count *= 2;
	places = realloc(ps->places, count * sizeof(*places));
	if (!places)
		return false;
	memset(places + ps->place_count, 0, (count - ps->place_count) * sizeof(*places));
	ps->places = places;
	ps->place_count = count;
	return true;
}

static struct partition *room_for(struct partitions *ps, int32_t number)
{
	struct partition *p = partitions_find(ps, number);

	if (p) {
		offset_tracker_fini(&p->tracker);
		return p;
	}
	if (!reserve_place(ps, number))
		return NULL;
	if (ps->count == ps->capacity) {
		size_t capacity = ps->capacity ? ps->capacity * 2 : 16;
		struct partition *list = realloc(ps->list, capacity * sizeof(*list));

		if (!list)
			return NULL;
		ps->list = list;
		ps->capacity = capacity;
	}
	p = &ps->list[ps->count++];
	ps->places[number].index = (uint32_t)ps->count;
	return p;
}

struct partition *partitions_add(struct partitions *ps, int32_t number,
				 struct partition_claim claim, struct offset_tracker *tracker)
{
	struct partition *p = room_for(ps, number);

	if (!p)
		return NULL;
	*p = (struct partition){
		.number = number, .claim = claim, .tracker = *tracker, .next_read = tracker->next
	};
	*tracker = (struct offset_tracker){ 0 };
	return p;
}

const struct partition_place *partitions_past(const struct partitions *ps, int32_t number)
{
	const struct partition_place *place = place_of(ps, number);

	return place && place->removed ? place : NULL;
}

void partitions_remove(struct partitions *ps, int32_t number)
{
	struct partition *p = partitions_find(ps, number);

	if (!p)
		return;
	ps->places[number] = (struct partition_place){ 0, true, p->claim.epoch,
						       p->rewinds ? 0 : p->tracker.next,
						       p->tracker.commits };
	offset_tracker_fini(&p->tracker);
	*p = ps->list[--ps->count];
	if (p->number != number)
		ps->places[p->number].index = (uint32_t)(p - ps->list) + 1;
}

void partition_skip(struct partition *p, int64_t end)
{
	if (end == p->next_read)
		return;
	if (p->last)
		p->last->end = end;
	else if (!partition_skipped(p))
		p->skipped_range = (struct offset_range){ p->next_read, end };
	else
		p->skipped_range.end = end;
	p->next_read = end;
}

bool partition_skipped(const struct partition *p)
{
	return p->skipped_range.first != p->skipped_range.end;
}

bool partitions_skipped(const struct partitions *ps)
{
	for (size_t i = 0; i < ps->count; i++) {
		if (partition_skipped(&ps->list[i]))
			return true;
	}
	return false;
}

static void add_load(struct partition_load *load, const struct event_record *record)
{
	load->events++;
	load->bytes += event_record_size(record);
}

static void remove_load(struct partition_load *load, const struct event_record *record)
{
	load->events--;
	load->bytes -= event_record_size(record);
}

void partition_enqueue(struct partition *p, struct event_record *record)
{
	record->lap = p->lap;
	p->next_read = record->end;
	p->last = record;
	p->unwritten++;
	add_load(&p->in_flight, record);
}

void partition_wait_behind(struct partition *p, struct event_record *record)
{
	record->behind = true;
	remove_load(&p->in_flight, record);
	add_load(&p->behind, record);
}

static bool is_over(struct partition_load load, size_t most)
{
	return load.events > most || load.bytes > most * EVENT_BYTES;
}

bool partition_is_full(const struct partition *p, size_t in_flight_max, size_t behind_max)
{
	const size_t part = p->paused ? 2 : 1;

	return is_over(p->in_flight, in_flight_max / part) || is_over(p->behind, behind_max / part);
}

void partition_done(struct partition *p, const struct event_record *record)
{
	remove_load(record->behind ? &p->behind : &p->in_flight, record);
}

void partition_send(struct partition *p, struct event_record *last)
{
	p->sent = (struct partition_sent){ last, last ? last->end : 0, p->skipped_range.end };
}

void partition_committed(struct partition *p)
{
	struct event_record *last = p->sent.last;

	if (last)
		p->skipped_range = (struct offset_range){ p->sent.last_end, last->end };
	else if (p->skipped_range.first < p->sent.skipped_end)
		p->skipped_range.first = p->sent.skipped_end;
	if (p->last == last)
		p->last = NULL;
	p->sent = (struct partition_sent){ 0 };
}

static struct offset_range cut(struct offset_range range, int64_t end)
{
	if (range.end > end)
		range.end = end;
	return range.first < range.end ? range : (struct offset_range){ -1, -1 };
}

void partition_read_on(struct partition *p, int64_t offset)
{
	offset_tracker_set_back(&p->tracker, offset);
	p->last = NULL;
	p->skipped_range = (struct offset_range){ offset, offset };
	p->sent = (struct partition_sent){ 0 };
	p->next_read = offset;
	p->lap++;
	p->laps[p->lap % PARTITION_LAPS] = offset;
}

struct offset_range partition_range_of(const struct partition *p, const struct event_record *record)
{
	struct offset_range range = { record->at.offset, record->end };

	for (int32_t lap = p->lap; lap > record->lap && lap > p->lap - PARTITION_LAPS; lap--)
		range = cut(range, p->laps[lap % PARTITION_LAPS]);
	return range;
}

void partition_written(struct partition *p)
{
	p->unwritten--;
}

void partition_reset(struct partition *p)
{
	p->unwritten = 0;
	p->last = NULL;
	p->skipped_range = (struct offset_range){ 0 };
	p->sent = (struct partition_sent){ 0 };
	p->in_flight = (struct partition_load){ 0 };
	p->behind = (struct partition_load){ 0 };
}
