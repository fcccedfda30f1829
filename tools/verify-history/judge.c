/*
 * Order by order: its facts are sorted by version, those of one version are a group. The group
 * says whether the version's event had its one effect and the effect its one announcement; the
 * walk over the groups finds what is missing between them; what is about sequence is collected on
 * the way and looked at behind it. An event without a version is a group by its topic offset,
 * with its replays, which share its first offset.
 */
#include "tools/verify-history/judge_walk.h"

#include <stdlib.h>
#include <string.h>

const char *const judge_violation_names[VIOLATION_KIND_COUNT] = {
	[LOST_OPERATION] = "lost operation",
	[LOST_EVENT] = "lost event",
	[CONFLICTING_EVENTS] = "conflicting events",
	[PUBLISHED_OUT_OF_ORDER] = "published out of order",
	[LOST_EFFECT] = "lost effect",
	[DUPLICATED_EFFECT] = "duplicated effect",
	[WRONG_EFFECT] = "wrong effect",
	[EFFECT_WITHOUT_EVENT] = "effect without event",
	[DEAD_LETTER] = "dead letter",
	[STILL_PARKED] = "still parked",
	[OUT_OF_ORDER] = "applied out of order",
	[GAP] = "gap",
	[WRONG_FINAL_ROW] = "wrong final row",
	[DIFFERS_FROM_ORDER] = "differs from order",
	[EFFECT_NOT_ANNOUNCED] = "effect not announced",
	[ANNOUNCED_WITHOUT_EFFECT] = "announced without effect",
	[WRONG_ANNOUNCEMENT] = "wrong announcement",
	[ANNOUNCED_TWICE] = "announced twice",
	[ANNOUNCED_OUT_OF_ORDER] = "announced out of order",
	[NOT_DRAINED] = "not drained",
	[REFUSED_BY_KAFKA] = "refused by Kafka",
	[DELETED_UNREAD] = "deleted unread",
};

/* --- groups -------------------------------------------------------------------------------- */

/* Where a fact without a version belongs. An announcement's offset is its own, not its event's:
 * those are only counted. */
static int by_group(const struct fact *a, const struct fact *b)
{
	int order = COMPARE(a->version, b->version);

	if (order == 0 && a->version == 0)
		order = COMPARE(a->source == FACT_ANNOUNCED, b->source == FACT_ANNOUNCED);
	if (order == 0 && a->version == 0 && a->source != FACT_ANNOUNCED)
		order = judge_by_offset(a, b);
	return order;
}

static int by_group_and_source(const void *x, const void *y)
{
	const struct fact *a = x, *b = y;
	int order = by_group(a, b);

	if (order == 0)
		order = COMPARE(a->source, b->source);
	if (order == 0 && a->source == FACT_EFFECT)
		order = COMPARE(a->mark, b->mark);
	return order ? order : judge_by_offset(a, b);
}

/* The group that begins at facts[0]; returns how many facts it has. */
static uint32_t take_group(struct group *g, const struct fact *facts, uint32_t count)
{
	uint32_t n = 0;

	*g = (struct group){ .version = facts[0].version };
	for (; n < count && by_group(&facts[0], &facts[n]) == 0; n++) {
		if (g->count[facts[n].source]++ == 0)
			g->of[facts[n].source] = &facts[n];
	}
	return n;
}

/* --- what is missing between the versions -------------------------------------------------- */

/* The versions up to the row's have no event from missing_from to before. */
static void judge_lost_events(struct walk *w, int64_t before)
{
	int64_t last = w->order->order.present ? w->order->order.version : 0;
	struct violation v = { .order = w->order, .version = (int32_t)w->missing_from };

	if (last >= before)
		last = before - 1;
	if (w->missing_from > last)
		return;
	v.last_version = (int32_t)last;
	if (judge_hole_may_have(w->h, w->before))
		judge_hole_not_judged(w, LOST_EVENT, last - w->missing_from + 1);
	else
		judge_found(w->j, LOST_EVENT, last - w->missing_from + 1, &v);
}

/* The version's event is on the topic; or it is gone, and something that came of it is not. */
static bool was_published(const struct walk *w, const struct group *g)
{
	static const enum fact_source sources[] = { FACT_EFFECT, FACT_DEAD, FACT_PARKED };

	if (g->of[FACT_EVENT])
		return true;
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		if (g->of[sources[i]] && judge_hole_has(w->h, g->of[sources[i]]))
			return true;
	}
	return false;
}

static void judge_missing(struct walk *w, const struct group *g)
{
	if (g->version == 0)
		return;
	if (was_published(w, g)) {
		judge_lost_events(w, g->version);
		w->missing_from = (int64_t)g->version + 1;
	}
	if (g->of[FACT_EVENT])
		w->before = g->of[FACT_EVENT];
	if (g->of[FACT_EFFECT] && w->gap_from < g->version) {
		struct violation v = { .order = w->order,
				       .version = (int32_t)w->gap_from,
				       .last_version = g->version - 1,
				       .facts = { *g->of[FACT_EFFECT] },
				       .fact_count = 1 };

		judge_found(w->j, GAP, 1, &v);
	}
	if (g->of[FACT_EFFECT] || (g->of[FACT_SKIPPED] && g->version == w->gap_from))
		w->gap_from = (int64_t)g->version + 1;
}

/* --- all ----------------------------------------------------------------------------------- */

/* By which the facts without a version are grouped; an effect has the offset of the very copy that
 * made it. */
static void set_first_offsets(const struct history *h, struct fact *facts, uint32_t count)
{
	for (uint32_t i = 0; h->replays && i < count; i++) {
		if (facts[i].version == 0 &&
		    (facts[i].source == FACT_REPLAY || facts[i].source == FACT_EFFECT)) {
			struct history_offset first = history_first_offset(h, &facts[i]);

			facts[i].partition = (int32_t)first.partition;
			facts[i].offset = first.offset;
		}
	}
}

static void walk_groups(struct walk *w)
{
	uint32_t count = w->order->count, i = 0;

	memcpy(w->sorted, w->order->facts, count * sizeof(*w->sorted));
	set_first_offsets(w->h, w->sorted, count);
	qsort(w->sorted, count, sizeof(*w->sorted), by_group_and_source);
	while (i < count) {
		struct group g;
		uint32_t n = take_group(&g, &w->sorted[i], count - i);

		i += n;
		if (g.version == 0 && g.of[FACT_ANNOUNCED]) {
			w->plain_announced = n;
			continue;
		}
		judge_missing(w, &g);
		judge_version(w, &g);
	}
	judge_lost_events(w, INT64_MAX);
}

static void judge_order(struct judgement *j, const struct history *h,
			const struct history_order *order, struct fact *room)
{
	struct walk w = { .j = j,
			  .h = h,
			  .order = order,
			  .sorted = room,
			  .events = room + order->count,
			  .announced = room + 2 * (size_t)order->count,
			  .missing_from = 1,
			  .gap_from = 1 };

	if (order->order.present) {
		j->counts.orders++;
		j->counts.operations += order->order.version;
	}
	if (order->count > 0)
		walk_groups(&w);
	else
		judge_lost_events(&w, INT64_MAX);
	judge_outcome(&w);
}

static void judge_backlog(struct judgement *j, enum violation_kind kind,
			  const struct history_backlog *backlog, const char *table)
{
	struct violation v = { .what = backlog->what[0] ? backlog->what : table,
			       .number = backlog->count,
			       .facts = { { .at_ms = backlog->oldest_ms } } };

	if (backlog->count > 0)
		judge_found(j, kind, backlog->count, &v);
}

static int64_t position_of(const struct history *h, int32_t partition)
{
	int64_t next = partition < h->partition_count ? h->partitions[partition].next_offset : -1;

	return next > 0 ? next : 0;
}

static void judge_position(const struct history *h, int32_t partition, struct judgement *j)
{
	const struct history_hole *hole = history_find_hole(&h->holes, partition);
	int64_t next = position_of(h, partition);
	struct violation v = { .what = "delivery.position", .partition = partition };

	if (hole && hole->count > next)
		next = hole->count;
	v.number = h->partitions[partition].last_offset + 1 - next;
	if (v.number > 0)
		judge_found(j, NOT_DRAINED, 1, &v);
}

static void judge_unread(const struct history *h, const struct history_hole *hole,
			 struct judgement *j)
{
	struct violation v = { .what = "delivery.position",
			       .partition = hole->partition,
			       .number = hole->count - position_of(h, hole->partition) };

	if (v.number > 0)
		judge_found(j, DELETED_UNREAD, v.number, &v);
}

static void judge_left_behind(const struct history *h, struct judgement *j)
{
	judge_backlog(j, NOT_DRAINED, &h->waiting[OUTBOX_ORDERS], "orders.outbox");
	judge_backlog(j, NOT_DRAINED, &h->waiting[OUTBOX_DELIVERY], "delivery.outbox");
	judge_backlog(j, REFUSED_BY_KAFKA, &h->refused[OUTBOX_ORDERS], "orders.outbox_dead");
	judge_backlog(j, REFUSED_BY_KAFKA, &h->refused[OUTBOX_DELIVERY], "delivery.outbox_dead");
	for (int32_t p = 0; p < h->partition_count; p++)
		judge_position(h, p, j);
	for (uint32_t i = 0; i < h->holes.count; i++)
		judge_unread(h, &h->holes.list[i], j);
}

enum status judge_history(const struct history *h, struct judgement *out, struct error *err)
{
	uint32_t most = 0;
	struct fact *room;

	for (const struct history_order *o = h->orders; o; o = o->hh.next)
		most = o->count > most ? o->count : most;
	room = h->no_memory ? NULL : malloc(3 * (size_t)(most + 1) * sizeof(*room));
	if (!room)
		return error_set(err, ST_UNAVAILABLE, "out of memory");
	*out = (struct judgement){ 0 };
	for (const struct history_order *o = h->orders; o; o = o->hh.next)
		judge_order(out, h, o, room);
	judge_left_behind(h, out);
	free(room);
	return ST_OK;
}
