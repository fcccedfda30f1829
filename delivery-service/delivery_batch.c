#include "delivery-service/delivery_batch.h"

#include <stdlib.h>

static int compare_orders(const void *a, const void *b)
{
	int64_t x = ((const struct batch_order *)a)->order_id;
	int64_t y = ((const struct batch_order *)b)->order_id;

	return (x > y) - (x < y);
}

static int compare_keys(const void *a, const void *b)
{
	const struct batch_key *x = a, *y = b;

	if (x->order_id != y->order_id)
		return x->order_id > y->order_id ? 1 : -1;
	return (x->version > y->version) - (x->version < y->version);
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
			__builtin_memcpy(at + kept * size, at + i * size, size);
		kept++;
	}
	return kept;
}

enum status delivery_batch_init(struct delivery_batch *b, struct inbound **events,
				size_t event_count, struct error *err)
{
	*b = (struct delivery_batch){ .events = events, .event_count = event_count };
	b->orders = calloc(event_count + 1, sizeof(*b->orders));
	b->keys = calloc(event_count + 1, sizeof(*b->keys));
	if (!b->orders || !b->keys) {
		delivery_batch_fini(b);
		return error_set(err, ST_UNAVAILABLE, "out of memory");
	}
	for (size_t i = 0; i < event_count; i++) {
		const struct order_event *e = events[i]->event;

		if (!e)
			continue;
		b->orders[b->order_count++].order_id = e->order_id;
		if (e->version > 0)
			b->keys[b->key_count++] = (struct batch_key){ .order_id = e->order_id,
								      .version = e->version };
		b->new_ids += e->type == EVENT_PLACED;
	}
	b->order_count =
		sort_distinct(b->orders, b->order_count, sizeof(*b->orders), compare_orders);
	b->key_count = sort_distinct(b->keys, b->key_count, sizeof(*b->keys), compare_keys);
	return ST_OK;
}

void delivery_batch_fini(struct delivery_batch *b)
{
	free(b->orders);
	free(b->keys);
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

struct batch_order *delivery_batch_apply(struct delivery_batch *b, size_t i)
{
	struct inbound *in = b->events[i];
	const struct order_event *e = in->event;
	struct batch_order *order = delivery_batch_order(b, e->order_id);
	struct batch_key *key = delivery_batch_key(b, e->order_id, e->version);

	in->decision = delivery_decide(order->state, order->version, e->type, e->version,
				       key && key->seen);
	if (in->decision.verdict != DELIVERY_APPLY)
		return NULL;
	if (key)
		key->seen = true;
	order->state = in->decision.next;
	order->content = e;
	if (e->version > order->version)
		order->version = e->version;
	return order;
}
