#include "delivery-service/core/resequencer.h"

#include <stdint.h>

#define NONE_PARKED     INT64_MAX /* none that has not been fetched */
#define FETCH_PER_ORDER 100       /* at most; fewer where many orders want some */

/* 0, which no event has, behind the last one there can be. */
static int32_t next_version(const struct batch_order *order)
{
	return order->version < INT32_MAX ? order->version + 1 : 0;
}

/* Where it stands that an event was applied; both NULL: nowhere. */
struct mark {
	struct batch_key *key;
	struct batch_offset *offset; /* of one without a version */
};

static struct mark mark_of(struct delivery_batch *b, const struct event_record *record)
{
	const struct order_event *e = record->event;

	if (e->version > 0)
		return (struct mark){ .key = delivery_batch_key(b, e->order_id, e->version) };
	return (struct mark){ .offset = delivery_batch_offset(b, record->origin) };
}

static bool is_seen(struct mark mark)
{
	return (mark.key && mark.key->seen) || (mark.offset && mark.offset->seen);
}

static void set_seen(struct mark mark, const struct order_event *e)
{
	if (mark.offset)
		mark.offset->seen = true;
	if (!mark.key)
		return;
	mark.key->seen = true;
	mark.key->content = event_content(e);
}

/* A repeat says what was said before. */
static void expect_same(struct batch_event *event, int64_t content)
{
	if (event->decision.verdict == DELIVERY_DUPLICATE && content != 0 &&
	    content != event_content(event->record->event))
		event->decision.verdict = DELIVERY_CONFLICT;
}

static void judge(const struct delivery_batch *b, const struct batch_order *order,
		  struct batch_event *event, bool seen)
{
	const struct order_event *e = event->record->event;

	event->decision = b->in_sequence ? delivery_decide_in_sequence(order->state, order->version,
								       e->type, e->version, seen)
					 : delivery_decide(order->state, order->version, e->type,
							   e->version, seen);
}

/* Gives a judged event its effect in memory, if it has one. */
static void take_effect(struct delivery_batch *b, struct batch_order *order,
			const struct batch_event *event, struct mark mark)
{
	const struct order_event *e = event->record->event;

	if (event->decision.verdict != DELIVERY_APPLY)
		return;
	set_seen(mark, e);
	order->state = event->decision.next;
	order->content = e;
	if (e->version > order->version)
		order->version = e->version;
	b->applied[b->applied_count++] = *event;
}

bool resequencer_wanting(const struct delivery_batch *b, const struct batch_order *order)
{
	return order->has_parked && order->next_parked != NONE_PARKED &&
	       (!b->in_sequence || order->next_parked - 1 <= order->version);
}

/* The database may have an event of this version parked that was not fetched yet, and came first
 * then. */
static bool may_be_parked(const struct delivery_batch *b, const struct batch_order *order,
			  int32_t version)
{
	return b->in_sequence && order->has_parked && order->next_parked <= version;
}

/*
 * Takes the order's next steps, as far as they go: what is parked has to be fetched first, what
 * waits in the batch is applied, and only then a version that was skipped counts as applied: if it
 * came after all, and in time, it has its effect.
 */
static void advance(struct delivery_batch *b, struct batch_order *order)
{
	while (b->in_sequence) {
		int32_t next = next_version(order);
		struct batch_key *key = delivery_batch_key(b, order->order_id, next);

		if (key && key->waiting && !may_be_parked(b, order, next)) {
			judge(b, order, key->waiting, false);
			take_effect(b, order, key->waiting, (struct mark){ .key = key });
			key->waiting = NULL;
		} else if (!resequencer_wanting(b, order) &&
			   delivery_batch_skipped(b, order->order_id, next)) {
			order->version = next;
		} else {
			return;
		}
	}
}

/* What waits in the batch with the version of one that was applied came later. */
static void end_wait(struct batch_key *key)
{
	if (!key || !key->waiting || !key->seen)
		return;
	key->waiting->decision = (struct delivery_decision){ .verdict = DELIVERY_DUPLICATE };
	expect_same(key->waiting, key->content);
	key->waiting = NULL;
}

/* Only the first of several waits. */
static void wait_for_turn(struct batch_key *key, struct batch_event *event)
{
	if (!key->waiting) {
		key->waiting = event;
		return;
	}
	event->decision.verdict = DELIVERY_DUPLICATE;
	expect_same(event, event_content(key->waiting->record->event));
}

static void decide(struct delivery_batch *b, struct batch_event *event)
{
	const struct order_event *e = event->record->event;
	struct batch_order *order = delivery_batch_order(b, e->order_id);
	struct mark mark = mark_of(b, event->record);

	judge(b, order, event, is_seen(mark));
	if (event->decision.verdict == DELIVERY_APPLY && may_be_parked(b, order, e->version))
		event->decision.verdict = DELIVERY_PARK;
	if (event->decision.verdict == DELIVERY_PARK) {
		wait_for_turn(mark.key, event);
		return;
	}
	expect_same(event, mark.key ? mark.key->content : 0);
	take_effect(b, order, event, mark);
	advance(b, order);
}

void resequencer_decide(struct delivery_batch *b)
{
	for (size_t i = 0; i < b->order_count; i++)
		advance(b, &b->orders[i]);
	for (size_t i = 0; i < b->event_count; i++) {
		if (b->events[i].record->event)
			decide(b, &b->events[i]);
	}
}

static int32_t fetched_version(const struct delivery_batch *b, size_t i)
{
	return b->fetched[i].record->event->version;
}

/*
 * What was fetched of one order: count events from b->fetched[first] on, versions ascending;
 * complete if the database has no more of the order (count may be 0 only then). Those whose turn
 * has not come stay parked.
 */
static void take_fetched(struct delivery_batch *b, struct batch_order *order, size_t first,
			 size_t count, bool complete)
{
	for (size_t i = 0; i < count; i++) {
		struct batch_event *event = &b->fetched[first + i];
		struct mark mark = mark_of(b, event->record);

		order->next_parked = event->record->event->version;
		advance(b, order);
		judge(b, order, event, event->seen || is_seen(mark));
		if (event->decision.verdict == DELIVERY_PARK)
			return;
		expect_same(event, mark.key ? mark.key->content : 0);
		take_effect(b, order, event, mark);
		end_wait(mark.key);
	}
	order->next_parked = NONE_PARKED;
	if (!complete && fetched_version(b, first + count - 1) < INT32_MAX)
		order->next_parked = fetched_version(b, first + count - 1) + 1;
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

static int64_t fetched_order(const struct delivery_batch *b, size_t i)
{
	return b->fetched[i].record->event->order_id;
}

void resequencer_answer(struct delivery_batch *b, size_t first, int32_t limit)
{
	for (size_t end; first < b->fetched_count; first = end) {
		int64_t id = fetched_order(b, first);
		struct batch_order *order = delivery_batch_order(b, id);

		for (end = first; end < b->fetched_count && fetched_order(b, end) == id;)
			end++;
		order->asked = false;
		take_fetched(b, order, first, end - first, end - first < (size_t)limit);
	}
	for (size_t i = 0; i < b->order_count; i++) {
		if (b->orders[i].asked)
			take_fetched(b, &b->orders[i], b->fetched_count, 0, true);
		b->orders[i].asked = false;
	}
}
