#include "order-service/core/order_batch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/event/event_json.h"

/* What a decision needs besides the batch. */
struct deciding {
	struct order_batch *batch;
	int64_t now_wall_ms;
	const int64_t *ids;
	size_t *id_count;
	bool no_memory;
};

bool order_batch_init(struct order_batch *b, struct order_command **commands, size_t count)
{
	*b = (struct order_batch){ .commands = commands, .count = count };
	for (size_t i = 0; i < count; i++)
		b->places += commands[i]->kind == COMMAND_PLACE;
	/* A command has one order at most, and one event. */
	b->working = malloc(count * sizeof(*b->working));
	b->events = malloc(count * sizeof(*b->events));
	return b->working && b->events;
}

void order_batch_fini(struct order_batch *b)
{
	for (size_t i = 0; i < b->event_count; i++)
		free(b->events[i].payload);
	free(b->events);
	free(b->working);
	free(b->by_key);
	free(b->loaded);
}

bool order_batch_load(struct order_batch *b, size_t count)
{
	b->loaded = calloc(count, sizeof(*b->loaded));
	if (count > 0 && !b->loaded)
		return false;
	for (size_t i = 0; i < count; i++)
		b->working[i] = (struct order_working){ .order = &b->loaded[i] };
	b->loaded_count = b->working_count = count;
	return true;
}

bool order_batch_load_by_key(struct order_batch *b, size_t count)
{
	b->by_key = calloc(count, sizeof(*b->by_key));
	if (count > 0 && !b->by_key)
		return false;
	b->by_key_count = count;
	return true;
}

static void add_event(struct deciding *d, const struct order *order, const struct trace *trace)
{
	struct order_batch *b = d->batch;
	struct order_event event = order_to_event(order, d->now_wall_ms);
	char *payload = event_encode_order(&event);

	if (payload)
		b->events[b->event_count++] =
			(struct order_batch_event){ order->id, event.type, payload, trace };
	else
		d->no_memory = true;
}

/* Answers the command if its key placed an order, earlier or in this batch; false: it did not. */
static bool replay(const struct order_batch *b, struct order_command *c)
{
	for (size_t i = 0; i < b->by_key_count; i++) {
		if (strcmp(b->by_key[i].key, c->idempotency_key) != 0)
			continue;
		order_key_replay_stored(c, &b->by_key[i]);
		return true;
	}
	for (size_t i = b->loaded_count; i < b->working_count; i++) {
		const struct order_working *w = &b->working[i];

		if (!w->idempotency_key || strcmp(w->idempotency_key, c->idempotency_key) != 0)
			continue;
		order_key_replay(c, w->order->id, w->fingerprint);
		return true;
	}
	return false;
}

static void place(struct deciding *d, struct order_command *c)
{
	struct order_batch *b = d->batch;
	struct order_working *w;

	if (c->idempotency_key && replay(b, c))
		return;
	c->answer.status = ST_OK;
	w = &b->working[b->working_count++];
	*w = (struct order_working){ &c->order, c->idempotency_key, .is_new = true };
	if (c->idempotency_key)
		w->fingerprint = order_key_fingerprint(&c->content);
	order_place(&c->order, d->ids[--*d->id_count], &c->content);
	add_event(d, &c->order, c->trace);
}

static int by_id(const void *key, const void *element)
{
	int64_t id = *(const int64_t *)key,
		other = ((const struct order_working *)element)->order->id;

	return (id > other) - (id < other);
}

static void change(struct deciding *d, struct order_command *c)
{
	struct order_batch *b = d->batch;
	struct order_working *w = bsearch(&c->order_id, b->working, b->loaded_count,
					  sizeof(struct order_working), by_id);
	bool changed = true;

	if (!w) {
		(void)error_set(&c->answer, ST_NOT_FOUND, "there is no order %" PRId64,
				c->order_id);
		return;
	}
	c->answer.status = ST_OK;
	c->order.version = w->order->version;
	if (c->kind == COMMAND_MODIFY) {
		if (order_modify(w->order, c->fields, &c->content, &c->condition, &changed,
				 &c->answer) != ST_OK)
			return;
	} else if (order_cancel(w->order, &c->condition, &c->answer) != ST_OK) {
		return;
	}
	c->order = *w->order;
	if (!changed)
		return;
	w->changed = true;
	add_event(d, w->order, c->trace);
}

bool order_batch_decide(struct order_batch *b, int64_t now_wall_ms, const int64_t *ids,
			size_t *id_count)
{
	struct deciding d = { b, now_wall_ms, ids, id_count, .no_memory = false };

	for (size_t i = 0; i < b->count; i++) {
		struct order_command *c = b->commands[i];

		c->replayed = false;
		if (c->kind == COMMAND_PLACE)
			place(&d, c);
		else
			change(&d, c);
	}
	return !d.no_memory;
}
