#include "order-service/order_batch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/event/event_json.h"
#include "common/runtime/clock.h"
#include "order-service/order_row.h"

bool order_batch_init(struct order_batch *b, struct order_command **commands, size_t count)
{
	*b = (struct order_batch){ .commands = commands, .count = count };
	for (size_t i = 0; i < count; i++)
		b->places += commands[i]->kind == COMMAND_PLACE;
	b->working = malloc(count * sizeof(*b->working));
	outbox_batch_init(&b->events);
	return b->working != NULL;
}

void order_batch_fini(struct order_batch *b)
{
	outbox_batch_fini(&b->events);
	PQclear(b->by_key);
	free(b->loaded);
	free(b->working);
}

bool order_batch_take(struct order_batch *b, const PGresult *rows)
{
	size_t n = (size_t)PQntuples(rows);

	b->loaded = calloc(n, sizeof(*b->loaded));
	if (n > 0 && !b->loaded)
		return false;
	for (size_t i = 0; i < n; i++) {
		order_row_read(rows, (int)i, 0, &b->loaded[i]);
		b->working[i] = (struct order_working){ .order = &b->loaded[i] };
	}
	b->loaded_count = b->working_count = n;
	return true;
}

static int by_id(const void *key, const void *element)
{
	int64_t id = *(const int64_t *)key,
		other = ((const struct order_working *)element)->order->id;

	return (id > other) - (id < other);
}

static void add_event(struct order_batch *b, const struct order *order, bool *no_memory)
{
	struct order_event event = order_to_event(order, clock_wall_ms());
	char *payload = event_encode_order(&event);

	if (payload)
		outbox_batch_add_event(&b->events, b->topic, order->id,
				       event_order_names[event.type], payload);
	else
		*no_memory = true;
	free(payload);
}

/* The order that this key placed, earlier or in this batch; false: none. */
static bool placed_before(const struct order_batch *b, const char *key, struct order *order)
{
	for (int row = 0; row < PQntuples(b->by_key); row++) {
		if (strcmp(pg_text(b->by_key, row, 0), key) == 0) {
			order_row_read(b->by_key, row, 1, order);
			return true;
		}
	}
	for (size_t i = b->loaded_count; i < b->working_count; i++) {
		const struct order_working *w = &b->working[i];

		if (w->idempotency_key && strcmp(w->idempotency_key, key) == 0) {
			*order = *w->order;
			return true;
		}
	}
	return false;
}

static void place(struct order_batch *b, struct order_command *c, bool *no_memory)
{
	struct order_working *w = &b->working[b->working_count];

	c->answer.status = ST_OK;
	c->replayed = c->idempotency_key && placed_before(b, c->idempotency_key, &c->order);
	if (c->replayed)
		return;
	*w = (struct order_working){ &c->order, c->idempotency_key, .is_new = true };
	order_place(w->order, b->ids[--*b->id_count], &c->content);
	b->working_count++;
	add_event(b, w->order, no_memory);
}

static void change(struct order_batch *b, struct order_command *c, bool *no_memory)
{
	struct order_working *w = bsearch(&c->order_id, b->working, b->loaded_count,
					  sizeof(struct order_working), by_id);
	bool changed = true;

	if (!w) {
		(void)error_set(&c->answer, ST_NOT_FOUND, "there is no order %" PRId64,
				c->order_id);
		return;
	}
	c->answer.status = ST_OK;
	if (c->kind == COMMAND_MODIFY) {
		if (order_modify(w->order, c->fields, &c->content, c->expected_version, &changed,
				 &c->answer) != ST_OK)
			return;
	} else if (order_cancel(w->order, c->expected_version, &c->answer) != ST_OK) {
		return;
	}
	c->order = *w->order;
	if (!changed)
		return;
	w->changed = true;
	add_event(b, w->order, no_memory);
}

bool order_batch_decide(struct order_batch *b, const char *topic, const int64_t *ids,
			size_t *id_count)
{
	bool no_memory = false;

	b->topic = topic;
	b->ids = ids;
	b->id_count = id_count;
	for (size_t i = 0; i < b->count; i++) {
		struct order_command *c = b->commands[i];

		c->replayed = false;
		if (c->kind == COMMAND_PLACE)
			place(b, c, &no_memory);
		else
			change(b, c, &no_memory);
	}
	return !no_memory;
}
