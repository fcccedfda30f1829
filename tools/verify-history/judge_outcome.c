/*
 * What the versions of an order make of it together: were they in order on the topic and in their
 * effects, and are the final rows those of the last one?
 */
#include "tools/verify-history/judge_walk.h"

#include <stdlib.h>

/* --- sequence ------------------------------------------------------------------------------ */

/* The facts as they were added: effects by their id. */
static void judge_effect_order(struct walk *w)
{
	const struct fact *highest = NULL;

	for (uint32_t i = 0; i < w->order->count; i++) {
		const struct fact *effect = &w->order->facts[i];

		if (effect->source != FACT_EFFECT || effect->version == 0)
			continue;
		if (highest && effect->version < highest->version)
			judge_found_facts(w, OUT_OF_ORDER, effect, highest);
		if (!highest || effect->version > highest->version)
			highest = effect;
	}
}

static int compare_offsets(const void *x, const void *y)
{
	return judge_by_offset(x, y);
}

/* First occurrences within a partition: the marks ascend with the offsets. Each pair where they
 * do not counts once, however many come behind it. */
static void judge_topic_order(struct walk *w, enum violation_kind kind, struct fact *firsts,
			      uint32_t count)
{
	if (count < 2)
		return;
	qsort(firsts, count, sizeof(*firsts), compare_offsets);
	for (uint32_t i = 1; i < count; i++) {
		if (firsts[i].partition == firsts[i - 1].partition &&
		    firsts[i].mark < firsts[i - 1].mark)
			judge_found_facts(w, kind, &firsts[i], &firsts[i - 1]);
	}
}

/* Without versions, a repeat cannot be told from another announcement: fewer is what is wrong. */
static void judge_plain_announced(struct walk *w)
{
	struct violation v = { .order = w->order };
	uint32_t effects = w->plain_effects, announced = w->plain_announced;

	if (announced < effects && judge_hole_may_have(w->h, NULL)) {
		judge_hole_not_judged(w, EFFECT_NOT_ANNOUNCED, effects - announced);
	} else if (announced < effects) {
		v.number = effects - announced;
		judge_found(w->j, EFFECT_NOT_ANNOUNCED, v.number, &v);
	} else if (effects == 0 && announced > 0) {
		v.number = announced;
		judge_found(w->j, ANNOUNCED_WITHOUT_EFFECT, v.number, &v);
	} else {
		w->j->counts.announcement_repeats += announced - effects;
	}
	w->j->counts.announcements += announced < effects || effects == 0 ? announced : effects;
}

/* --- final rows ---------------------------------------------------------------------------- */

/* The first field that differs; NULL: none. */
static const char *different_content(const struct content *a, const struct content *b)
{
	if (a->customer_id != b->customer_id)
		return "customer_id";
	if (a->product_id != b->product_id)
		return "product_id";
	if (a->product_name != b->product_name)
		return "product_name";
	if (a->qty != b->qty)
		return "qty";
	return a->address != b->address ? "address" : NULL;
}

static void found_row(struct walk *w, enum violation_kind kind, const char *what,
		      const struct fact *last)
{
	struct violation v = { .order = w->order, .what = what };

	if (last) {
		v.version = last->version;
		v.facts[v.fact_count++] = *last;
	}
	judge_found(w->j, kind, 1, &v);
}

/* An event without a version counts as it comes: then the last effect is the one that shows. */
static const struct fact *last_to_show(const struct walk *w)
{
	return w->plain_effects > 0 ? &w->order->facts[w->order->last_effect] : w->last;
}

static void judge_final_row(struct walk *w)
{
	const struct history_row *row = &w->order->delivery;
	const struct fact *last = last_to_show(w);
	const char *what = NULL;

	/* What has no version and no effect had no claim to one: a replay, a dead letter. */
	if (last && last->version == 0 && w->plain_effects == 0)
		last = NULL;
	if (!last && !row->present)
		return;
	if (!last)
		what = "a row, but no event";
	else if (!row->present)
		what = "no row";
	else if (w->plain_effects == 0 && row->version != last->version &&
		 (row->version != w->skipped || row->version < last->version))
		what = "version";
	else if (row->type != last->type)
		what = "status";
	else if (w->order->content_version == last->version)
		what = different_content(&row->content, &w->order->content);
	if (what)
		found_row(w, WRONG_FINAL_ROW, what, last);
}

static void judge_against_order(struct walk *w)
{
	const struct history_row *order = &w->order->order, *delivery = &w->order->delivery;
	const char *what;

	/* Its last change rightly has no effect (yet): another kind of violation, or none. */
	if (!order->present || w->excused >= order->version)
		return;
	if (!delivery->present)
		what = "no row";
	else if (delivery->version != order->version)
		what = "version";
	else if (delivery->type != order->type)
		what = "status";
	else
		what = different_content(&delivery->content, &order->content);
	if (what)
		found_row(w, DIFFERS_FROM_ORDER, what, NULL);
}

/* The 204 of a DELETE names no version. */
static void judge_cancel_ack(struct walk *w)
{
	struct fact ack = { .source = FACT_ACK,
			    .type = EVENT_CANCELLED,
			    .at_ms = w->order->cancel_ack_ms };

	if (ack.at_ms == 0)
		return;
	if (!w->order->order.present || w->order->order.type != EVENT_CANCELLED)
		judge_found_facts(w, LOST_OPERATION, &ack, NULL);
	if (!w->has_cancelled && judge_hole_may_have(w->h, w->before))
		judge_hole_not_judged(w, LOST_EVENT, 1);
	else if (!w->has_cancelled)
		judge_found_facts(w, LOST_EVENT, &ack, NULL);
}

void judge_outcome(struct walk *w)
{
	judge_effect_order(w);
	judge_topic_order(w, PUBLISHED_OUT_OF_ORDER, w->events, w->event_count);
	judge_topic_order(w, ANNOUNCED_OUT_OF_ORDER, w->announced, w->announced_count);
	judge_plain_announced(w);
	judge_cancel_ack(w);
	judge_final_row(w);
	judge_against_order(w);
	judge_restore_forgotten(w);
}
