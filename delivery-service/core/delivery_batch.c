#include "delivery-service/core/delivery_batch.h"

#include <stdlib.h>
#include <string.h>

static int compare_orders(const void *a, const void *b)
{
	int64_t x = ((const struct batch_order *)a)->order_id;
	int64_t y = ((const struct batch_order *)b)->order_id;

	return (x > y) - (x < y);
}

static int compare_versions(int64_t x_order, int32_t x, int64_t y_order, int32_t y)
{
	if (x_order != y_order)
		return x_order > y_order ? 1 : -1;
	return (x > y) - (x < y);
}

static int compare_keys(const void *a, const void *b)
{
	const struct batch_key *x = a, *y = b;

	return compare_versions(x->order_id, x->version, y->order_id, y->version);
}

static int compare_skipped(const void *a, const void *b)
{
	const struct batch_skipped *x = a, *y = b;

	return compare_versions(x->order_id, x->version, y->order_id, y->version);
}

static int compare_offsets(const void *a, const void *b)
{
	const struct topic_offset *x = &((const struct batch_offset *)a)->origin;
	const struct topic_offset *y = &((const struct batch_offset *)b)->origin;

	if (x->partition != y->partition)
		return x->partition > y->partition ? 1 : -1;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Sorts and keeps one of each; returns how many there are. */
static size_t sort_distinct(void *array, size_t count, size_t size,
			    int (*compare)(const void *, const void *))
{
	char *at = array;
	size_t kept = 0;

	qsort(array, count, size, compare);
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && compare(at + (kept - 1) * size, at + i * size) == 0)
			continue;
		if (kept != i)
			memcpy(at + kept * size, at + i * size, size);
		kept++;
	}
	return kept;
}

static void add_event(struct delivery_batch *b, const struct event_record *record)
{
	const struct order_event *e = record->event;

	b->orders[b->order_count++].order_id = e->order_id;
	if (e->version > 0)
		b->keys[b->key_count++] =
			(struct batch_key){ .order_id = e->order_id, .version = e->version };
	else
		b->offsets[b->offset_count++].origin = record->origin;
}

enum status delivery_batch_init(struct delivery_batch *b, bool in_sequence,
				struct event_record *const *events, size_t event_count,
				const int64_t *order_ids, size_t order_id_count, struct error *err)
{
	*b = (struct delivery_batch){
		.in_sequence = in_sequence,
		.events = calloc(event_count + 1, sizeof(*b->events)),
		.event_count = event_count,
		.orders = calloc(event_count + order_id_count + 1, sizeof(*b->orders)),
		.keys = calloc(event_count + 1, sizeof(*b->keys)),
		.offsets = calloc(event_count + 1, sizeof(*b->offsets)),
		.applied = calloc(event_count + 1, sizeof(*b->applied)),
	};
	if (!b->events || !b->orders || !b->keys || !b->offsets || !b->applied) {
		delivery_batch_fini(b);
		return error_set(err, ST_UNAVAILABLE, "out of memory");
	}
	for (size_t i = 0; i < event_count; i++) {
		b->events[i].record = events[i];
		if (events[i]->event)
			add_event(b, events[i]);
	}
	for (size_t i = 0; i < order_id_count; i++)
		b->orders[b->order_count++].order_id = order_ids[i];
	b->order_count =
		sort_distinct(b->orders, b->order_count, sizeof(*b->orders), compare_orders);
	b->key_count = sort_distinct(b->keys, b->key_count, sizeof(*b->keys), compare_keys);
	b->offset_count =
		sort_distinct(b->offsets, b->offset_count, sizeof(*b->offsets), compare_offsets);
	return ST_OK;
}

void delivery_batch_fini(struct delivery_batch *b)
{
	free(b->events);
	free(b->orders);
	free(b->keys);
	free(b->offsets);
	free(b->skipped);
	free(b->fetched);
	free(b->applied);
	*b = (struct delivery_batch){ 0 };
}

struct batch_order *delivery_batch_order(struct delivery_batch *b, int64_t order_id)
{
	struct batch_order key = { .order_id = order_id };

	return bsearch(&key, b->orders, b->order_count, sizeof(key), compare_orders);
}

struct batch_key *delivery_batch_key(struct delivery_batch *b, int64_t order_id, int32_t version)
{
	struct batch_key key = { .order_id = order_id, .version = version };

	return bsearch(&key, b->keys, b->key_count, sizeof(key), compare_keys);
}

struct batch_offset *delivery_batch_offset(struct delivery_batch *b, struct topic_offset origin)
{
	struct batch_offset key = { .origin = origin };

	return bsearch(&key, b->offsets, b->offset_count, sizeof(key), compare_offsets);
}

bool delivery_batch_skipped(const struct delivery_batch *b, int64_t order_id, int32_t version)
{
	struct batch_skipped key = { .order_id = order_id, .version = version };

	return b->skipped_count > 0 &&
	       bsearch(&key, b->skipped, b->skipped_count, sizeof(key), compare_skipped) != NULL;
}

static bool grow(void **array, size_t size)
{
	void *grown = realloc(*array, size);

	if (grown)
		*array = grown;
	return grown != NULL;
}

enum status delivery_batch_reserve(struct delivery_batch *b, size_t count, struct error *err)
{
	size_t fetched = b->fetched_count + count + 1;

	if (!grow((void **)&b->fetched, fetched * sizeof(*b->fetched)) ||
	    !grow((void **)&b->applied, (b->event_count + fetched) * sizeof(*b->applied)))
		return error_set(err, ST_UNAVAILABLE, "out of memory");
	return ST_OK;
}

void delivery_batch_add_fetched(struct delivery_batch *b, struct event_record *record, bool seen)
{
	b->fetched[b->fetched_count++] = (struct batch_event){
		.record = record,
		.decision = { .verdict = DELIVERY_PARK },
		.seen = seen,
	};
}
