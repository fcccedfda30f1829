#include "delivery-service/core/resequencer.h"

#include <stdint.h>

#define NONE_PARKED     INT64_MAX /* none that has not been fetched */
#define FETCH_PER_ORDER 100       /* at most; fewer where many orders want some */

/* 0, which no event has, behind the last one there can be. */
static int32_t next_version(const struct batch_order *order)
{
	return order->version < INT32_MAX ? order->version + 1 : 0;
}

static bool *seen_flag(struct delivery_batch *b, const struct event_record *record)
{
	const struct order_event *e = record->event;
	struct batch_key *key;
	struct batch_offset *at;

	if (e->version > 0) {
		key = delivery_batch_key(b, e->order_id, e->version);
		return key ? &key->seen : NULL;
	}
	at = delivery_batch_offset(b, record->origin);
	return at ? &at->seen : NULL;
}

static void judge(const struct delivery_batch *b, const struct batch_order *order,
		  struct event_record *record, bool seen)
{
	const struct order_event *e = record->event;

	record->decision =
		b->in_sequence
			? delivery_decide_in_sequence(order->state, order->version, e->type,
						      e->version, seen)
			: delivery_decide(order->state, order->version, e->type, e->version, seen);
}

/* Gives a judged event its effect in memory, if it has one. */
static void take_effect(struct delivery_batch *b, struct batch_order *order,
			struct event_record *record, bool *seen)
{
	if (record->decision.verdict != DELIVERY_APPLY)
		return;
	if (seen)
		*seen = true;
	order->state = record->decision.next;
	order->content = record->event;
	if (record->event->version > order->version)
		order->version = record->event->version;
	b->applied[b->applied_count++] = record;
}

bool resequencer_wanting(const struct delivery_batch *b, const struct batch_order *order)
{
	return order->has_parked && order->next_parked != NONE_PARKED &&
	       (!b->in_sequence || order->next_parked - 1 <= order->version);
}

/*
 * Takes the order's next steps, as far as they go: what waits in the batch is applied, what is
 * parked has to be fetched first, and only then a version that was given up counts as applied: if
 * it came after all, and in time, it has its effect.
 */
static void advance(struct delivery_batch *b, struct batch_order *order)
{
	while (b->in_sequence) {
		int32_t next = next_version(order);
		struct batch_key *key = delivery_batch_key(b, order->order_id, next);

		if (key && key->waiting) {
			judge(b, order, key->waiting, false);
			take_effect(b, order, key->waiting, &key->seen);
			key->waiting = NULL;
		} else if (!resequencer_wanting(b, order) &&
			   delivery_batch_given_up(b, order->order_id, next)) {
			order->version = next;
		} else {
			return;
		}
	}
}

static void decide(struct delivery_batch *b, struct event_record *record)
{
	struct batch_order *order = delivery_batch_order(b, record->event->order_id);
	bool *seen = seen_flag(b, record);

	judge(b, order, record, seen && *seen);
	if (record->decision.verdict == DELIVERY_PARK) {
		struct batch_key *key =
			delivery_batch_key(b, record->event->order_id, record->event->version);

		if (key->waiting)
			record->decision.verdict = DELIVERY_DUPLICATE;
		else
			key->waiting = record;
		return;
	}
	take_effect(b, order, record, seen);
	advance(b, order);
}

void resequencer_decide(struct delivery_batch *b)
{
	for (size_t i = 0; i < b->order_count; i++)
		advance(b, &b->orders[i]);
	for (size_t i = 0; i < b->event_count; i++) {
		if (b->events[i]->event)
			decide(b, b->events[i]);
	}
}

void resequencer_fetched(struct delivery_batch *b, struct batch_order *order, size_t first,
			 const bool *seen, size_t count, bool complete)
{
	for (size_t i = 0; i < count; i++) {
		struct event_record *record = b->fetched[first + i];
		bool *flag = seen_flag(b, record);

		order->next_parked = record->event->version;
		advance(b, order);
		judge(b, order, record, seen[i] || (flag && *flag));
		if (record->decision.verdict == DELIVERY_PARK)
			return;
		take_effect(b, order, record, flag);
	}
	order->next_parked = NONE_PARKED;
	if (!complete && b->fetched[first + count - 1]->event->version < INT32_MAX)
		order->next_parked = b->fetched[first + count - 1]->event->version + 1;
	advance(b, order);
}

/* --- parked events come back --------------------------------------------------------------- */

static int32_t limit_for(const struct delivery_batch *b, size_t asked)
{
	size_t each = (RESEQUENCER_EFFECTS_MAX - b->applied_count) / asked;

	if (each > FETCH_PER_ORDER)
		return FETCH_PER_ORDER;
	return each > 0 ? (int32_t)each : 1;
}

bool resequencer_ask(struct delivery_batch *b, int32_t *limit)
{
	size_t asked = 0;

	if (b->applied_count >= RESEQUENCER_EFFECTS_MAX)
		return false;
	for (size_t i = 0; i < b->order_count; i++) {
		b->orders[i].asked = resequencer_wanting(b, &b->orders[i]);
		asked += b->orders[i].asked;
	}
	if (asked > 0)
		*limit = limit_for(b, asked);
	return asked > 0;
}

void resequencer_answer(struct delivery_batch *b, size_t first, int32_t limit)
{
	for (size_t end; first < b->fetched_count; first = end) {
		int64_t id = b->fetched[first]->event->order_id;
		struct batch_order *order = delivery_batch_order(b, id);

		for (end = first; end < b->fetched_count && b->fetched[end]->event->order_id == id;)
			end++;
		order->asked = false;
		resequencer_fetched(b, order, first, b->fetched_seen + first, end - first,
				    end - first < (size_t)limit);
	}
	for (size_t i = 0; i < b->order_count; i++) {
		if (b->orders[i].asked)
			resequencer_fetched(b, &b->orders[i], b->fetched_count, NULL, 0, true);
		b->orders[i].asked = false;
	}
}
