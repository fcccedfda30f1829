/*
 * One version of one order, or one topic offset: what its facts say together.
 */
#include "tools/verify-history/judge_walk.h"

/*
 * Which of a run came first. Within a partition the offset tells, across partitions only the
 * clock of who published them does.
 */
static const struct fact *earliest(const struct fact *run, uint32_t count)
{
	const struct fact *first = run;

	for (uint32_t i = 1; i < count; i++) {
		if (run[i].partition != run[i - 1].partition && run[i].at_ms < first->at_ms)
			first = &run[i];
	}
	return first;
}

/* One whose payload is not the first one's; NULL: they are copies. */
static const struct fact *other_payload(const struct fact *run, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		if (run[i].mark != run[0].mark || run[i].type != run[0].type)
			return &run[i];
	}
	return NULL;
}

/* --- one version --------------------------------------------------------------------------- */

/* The first of the copies on the topic is the first that there ever was: the one with the effect.
 */
static bool is_first_known(const struct walk *w, const struct group *g)
{
	return w->h->holes.count == 0 ||
	       (g->of[FACT_EFFECT] && !judge_hole_has(w->h, g->of[FACT_EFFECT]));
}

static void found_conflict(struct walk *w, const struct fact *other, const struct fact *run)
{
	bool placed = other->type == EVENT_PLACED && run->type == EVENT_PLACED;

	judge_found_facts(w, CONFLICTING_EVENTS, other, run);
	if (run->version > 0)
		judge_restore_sign(w, placed ? IDS_TWICE : CONTENTS_TWICE, 1, run->version);
}

static void judge_events(struct walk *w, const struct group *g)
{
	const struct fact *run = g->of[FACT_EVENT];
	const struct fact *other = other_payload(run, g->count[FACT_EVENT]);

	if (run->type == TYPE_UNKNOWN)
		w->j->counts.unreadable++;
	else
		w->j->counts.events++;
	w->j->counts.event_repeats += g->count[FACT_EVENT] - 1 + g->count[FACT_REPLAY];
	if (other)
		found_conflict(w, other, run);
	w->has_cancelled |= run->type == EVENT_CANCELLED;
	/* Without keys the versions of an order go to partitions in turn. Of what a relay had sent
	 * when it died, one partition may have taken the later, and none the earlier. */
	if (g->version == 0 || run->replica == FACT_KEYLESS)
		return;
	if (!is_first_known(w, g)) {
		judge_hole_not_judged(w, PUBLISHED_OUT_OF_ORDER, 1);
		return;
	}
	w->events[w->event_count] = *earliest(run, g->count[FACT_EVENT]);
	w->events[w->event_count].mark = w->event_count;
	w->event_count++;
}

/* The event that is on the topic where the effect says; NULL: none is. */
static const struct fact *event_of(const struct group *g, const struct fact *effect)
{
	for (int s = FACT_EVENT; s <= FACT_REPLAY; s++) {
		for (uint32_t i = 0; i < g->count[s]; i++) {
			if (judge_by_offset(&g->of[s][i], effect) == 0)
				return &g->of[s][i];
		}
	}
	return NULL;
}

static void judge_effects(struct walk *w, const struct group *g)
{
	const struct fact *effect = g->of[FACT_EFFECT], *event = g->of[FACT_EVENT];

	w->j->counts.effects += g->count[FACT_EFFECT];
	if (g->version == 0)
		w->plain_effects += g->count[FACT_EFFECT];
	if (g->count[FACT_EFFECT] > 1)
		judge_found_facts(w, DUPLICATED_EFFECT, &effect[1], effect);
	if (judge_hole_has(w->h, effect))
		w->has_cancelled |= effect->type == EVENT_CANCELLED;
	if (!event_of(g, effect) && judge_hole_has(w->h, effect))
		judge_hole_not_judged(w, EFFECT_WITHOUT_EVENT, 1);
	else if (!event_of(g, effect))
		judge_found_facts(w, EFFECT_WITHOUT_EVENT, effect, event);
	else if (event && effect->type != event->type)
		judge_found_facts(w, WRONG_EFFECT, effect, event);
}

/* The consumers have not come to any of its copies: it is not drained, and not lost. */
static bool is_ahead(const struct walk *w, const struct group *g)
{
	for (uint32_t i = 0; i < g->count[FACT_EVENT]; i++) {
		const struct fact *event = &g->of[FACT_EVENT][i];

		if (event->partition >= w->h->partition_count ||
		    event->offset < w->h->partitions[event->partition].next_offset)
			return false;
	}
	return g->count[FACT_EVENT] > 0;
}

/* There is a reason why the version has no effect. */
static bool excused(const struct walk *w, const struct group *g)
{
	return g->of[FACT_SKIPPED] || g->of[FACT_PARKED] || g->of[FACT_DEAD] || is_ahead(w, g);
}

/* There may be one, which is gone. */
static bool may_be_excused(const struct walk *w, const struct group *g)
{
	return excused(w, g) ||
	       (g->of[FACT_EVENT] && judge_hole_may_have_letter(w->h, g->of[FACT_EVENT]));
}

static void judge_missing_effect(struct walk *w, const struct group *g)
{
	if (!may_be_excused(w, g))
		judge_found_facts(w, LOST_EFFECT, g->of[FACT_EVENT], NULL);
	else if (!excused(w, g))
		judge_hole_not_judged(w, LOST_EFFECT, 1);
	else if (g->of[FACT_DEAD] && !g->of[FACT_SKIPPED] && !g->of[FACT_PARKED] &&
		 (w->order->order.present || g->of[FACT_ACK]))
		judge_found_facts(w, DEAD_LETTER, g->of[FACT_DEAD], NULL);
}

/* The event behind which the effect's announcement was published. A copy of one that is gone is
 * none: it may have come later. */
static const struct fact *cause_of(const struct walk *w, const struct group *g)
{
	return judge_hole_has(w->h, g->of[FACT_EFFECT]) ? NULL : g->of[FACT_EVENT];
}

static void judge_announced(struct walk *w, const struct group *g)
{
	const struct fact *run = g->of[FACT_ANNOUNCED], *effect = g->of[FACT_EFFECT];
	const struct fact *event = effect ? event_of(g, effect) : NULL, *other;

	w->j->counts.announcements++;
	w->j->counts.announcement_repeats += g->count[FACT_ANNOUNCED] - 1;
	/* The topic is read after the tables: the effect may be younger than those. */
	if (!effect && (is_ahead(w, g) || g->of[FACT_PARKED]))
		return;
	if (!effect || effect->type != run->type) {
		judge_found_facts(w, ANNOUNCED_WITHOUT_EFFECT, run, effect);
		return;
	}
	if (event && event->content != run->content)
		judge_found_facts(w, WRONG_ANNOUNCEMENT, run, event);
	other = other_payload(run, g->count[FACT_ANNOUNCED]);
	if (other)
		judge_found_facts(w, ANNOUNCED_TWICE, other, run);
	if (judge_hole_may_have(w->h, cause_of(w, g))) {
		judge_hole_not_judged(w, ANNOUNCED_OUT_OF_ORDER, 1);
		return;
	}
	w->announced[w->announced_count] = *earliest(run, g->count[FACT_ANNOUNCED]);
	w->announced[w->announced_count++].mark = effect->mark;
}

/* Copies of a dead letter have the same first offset, also those of a replay that failed again. */
static void count_dead(struct walk *w, const struct group *g)
{
	const struct fact *run = g->of[FACT_DEAD];

	for (uint32_t i = 0; i < g->count[FACT_DEAD]; i++)
		w->j->counts.dead_letters += i == 0 || judge_by_offset(&run[i - 1], &run[i]) != 0;
}

/* What the group means for the final row. */
static void note_final(struct walk *w, const struct group *g)
{
	if (g->of[FACT_SKIPPED])
		w->skipped = g->version;
	if (!g->of[FACT_EFFECT] && may_be_excused(w, g))
		w->excused = g->version;
	else if (g->of[FACT_EVENT])
		w->last = g->of[FACT_EVENT];
	else if (g->of[FACT_EFFECT] && judge_hole_has(w->h, g->of[FACT_EFFECT]))
		w->last = g->of[FACT_EFFECT];
}

/* Of an operation that was acknowledged, and is in no table either. */
static void judge_missing_event(struct walk *w, const struct fact *ack)
{
	if (judge_hole_may_have(w->h, w->before))
		judge_hole_not_judged(w, LOST_EVENT, 1);
	else
		judge_found_facts(w, LOST_EVENT, ack, NULL);
}

static void judge_missing_announcement(struct walk *w, const struct group *g)
{
	if (judge_hole_may_have(w->h, cause_of(w, g)))
		judge_hole_not_judged(w, EFFECT_NOT_ANNOUNCED, 1);
	else
		judge_found_facts(w, EFFECT_NOT_ANNOUNCED, g->of[FACT_EFFECT], NULL);
}

void judge_version(struct walk *w, const struct group *g)
{
	const struct fact *ack = g->of[FACT_ACK];

	if (ack && (!w->order->order.present || w->order->order.version < g->version))
		judge_found_facts(w, LOST_OPERATION, ack, NULL);
	if (g->of[FACT_EVENT] && !is_ahead(w, g))
		w->consumed = g->version;
	if (g->of[FACT_EVENT])
		judge_events(w, g);
	else if (ack && (!w->order->order.present || w->order->order.version < g->version))
		judge_missing_event(w, ack);
	if (g->of[FACT_EFFECT])
		judge_effects(w, g);
	else if (g->of[FACT_EVENT])
		judge_missing_effect(w, g);
	if (g->of[FACT_ANNOUNCED])
		judge_announced(w, g);
	else if (g->of[FACT_EFFECT] && g->version > 0)
		judge_missing_announcement(w, g);
	if (g->of[FACT_PARKED])
		judge_found_facts(w, STILL_PARKED, g->of[FACT_PARKED], NULL);
	count_dead(w, g);
	w->j->counts.skipped += g->count[FACT_SKIPPED];
	w->j->counts.parked += g->count[FACT_PARKED];
	note_final(w, g);
}
