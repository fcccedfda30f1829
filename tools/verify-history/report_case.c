#include "tools/verify-history/report_case.h"

#include <inttypes.h>

#include "common/runtime/clock.h"

static const char *const sentences[VIOLATION_KIND_COUNT] = {
	[LOST_OPERATION] = "acknowledged, but orders.orders does not have it",
	[LOST_EVENT] = "committed, but its event is not on the topic",
	[CONFLICTING_EVENTS] = "two different events on the topic have this version",
	[PUBLISHED_OUT_OF_ORDER] = "on the topic behind a later version",
	[LOST_EFFECT] = "no effect in delivery.history, and no reason for it",
	[DUPLICATED_EFFECT] = "two effects in delivery.history",
	[WRONG_EFFECT] = "the effect in delivery.history is not that of the event",
	[EFFECT_WITHOUT_EVENT] = "an effect of an event that is not on the topic at that offset",
	[DEAD_LETTER] = "a dead letter, although order-service acknowledged the order",
	[STILL_PARKED] = "still waits in delivery.parked",
	[OUT_OF_ORDER] = "applied after a later version",
	[GAP] = "left out: the effects went on without it",
	[WRONG_FINAL_ROW] = "delivery.delivery is not as the last event says",
	[DIFFERS_FROM_ORDER] = "delivery.delivery is not as orders.orders says",
	[EFFECT_NOT_ANNOUNCED] = "the effect's Delivery* event is not on the topic",
	[ANNOUNCED_WITHOUT_EFFECT] = "a Delivery* event on the topic, but no such effect",
	[WRONG_ANNOUNCEMENT] = "the Delivery* event does not say what the order's event says",
	[ANNOUNCED_TWICE] = "two different Delivery* events on the topic about one effect",
	[ANNOUNCED_OUT_OF_ORDER] = "its Delivery* event is behind that of a later effect",
	[NOT_DRAINED] = "rows left",
	[REFUSED_BY_KAFKA] = "refused permanently",
	[DELETED_UNREAD] = "deleted from the topic before they were read, at most",
};

const char *report_case_type(const struct fact *fact)
{
	if (fact->type >= EVENT_TYPE_COUNT)
		return fact->source == FACT_EFFECT ? "event and status do not fit" : "unreadable";
	return fact->source == FACT_ANNOUNCED ? event_delivery_names[fact->type]
					      : event_order_names[fact->type];
}

static void put_time(struct strbuf *out, int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format_utc(wall_ms, text);
	strbuf_puts(out, text);
}

static void put_version(struct strbuf *out, int32_t version)
{
	if (version > 0)
		strbuf_printf(out, "version %" PRId32, version);
	else
		strbuf_puts(out, "no version");
}

/* --- what ---------------------------------------------------------------------------------- */

static void put_versions(const struct violation *v, struct strbuf *out)
{
	if (v->last_version > v->version)
		strbuf_printf(out, ", versions %" PRId32 " to %" PRId32, v->version,
			      v->last_version);
	else if (v->version > 0)
		strbuf_printf(out, ", version %" PRId32, v->version);
}

static void put_left_behind(const struct violation *v, enum violation_kind kind, struct strbuf *out)
{
	if (kind == REFUSED_BY_KAFKA) {
		strbuf_printf(out, "%s, at ", v->what);
		put_time(out, v->facts[0].at_ms);
	} else if (v->facts[0].at_ms > 0) {
		strbuf_printf(out, "%s: rows left: %" PRId64 ", the oldest of ", v->what,
			      v->number);
		put_time(out, v->facts[0].at_ms);
	} else {
		strbuf_printf(out, "%s: partition %" PRId32 ": messages %s: %" PRId64, v->what,
			      v->partition,
			      kind == DELETED_UNREAD ? sentences[kind] : "not consumed", v->number);
	}
}

void report_case_what(enum violation_kind kind, const struct violation *v, struct strbuf *out)
{
	if (!v->order) {
		put_left_behind(v, kind, out);
		return;
	}
	if (v->order->id > 0)
		strbuf_printf(out, "order %" PRId64, v->order->id);
	else
		strbuf_puts(out, "a message that cannot be read");
	put_versions(v, out);
	strbuf_printf(out, ": %s", sentences[kind]);
	if (v->what)
		strbuf_printf(out, " (%s)", v->what);
	if (v->number > 0)
		strbuf_printf(out, ", without a version: %" PRId64, v->number);
}

/* --- evidence ------------------------------------------------------------------------------ */

static void put_offset(struct strbuf *out, const struct fact *fact)
{
	strbuf_printf(out, ", partition %" PRId32 ", offset %" PRId64, fact->partition,
		      fact->offset);
}

static void put_fact(const struct history *h, const struct fact *fact, struct strbuf *out)
{
	static const char *const verbs[FACT_SOURCE_COUNT] = {
		[FACT_EVENT] = ", published ",     [FACT_REPLAY] = ", published again ",
		[FACT_EFFECT] = ", applied ",      [FACT_ANNOUNCED] = ", published ",
		[FACT_DEAD] = ", dead letter of ", [FACT_SKIPPED] = ", skipped ",
		[FACT_PARKED] = ", parked ",       [FACT_ACK] = ", acknowledged ",
	};

	strbuf_printf(out, "%s, ", report_case_type(fact));
	put_version(out, fact->version);
	if (fact->source != FACT_ACK && fact->source != FACT_SKIPPED)
		put_offset(out, fact);
	if (fact->source == FACT_EFFECT && fact->replica < h->replica_count)
		strbuf_printf(out, ", %s", h->replicas[fact->replica]);
	strbuf_puts(out, verbs[fact->source]);
	put_time(out, fact->at_ms);
}

static void put_row(const char *table, const struct history_row *row, const char *const *statuses,
		    struct strbuf *out)
{
	if (!row->present) {
		strbuf_printf(out, "%s: no row", table);
		return;
	}
	strbuf_printf(out, "%s: %s, version %" PRId32 ", updated ", table,
		      row->type < EVENT_TYPE_COUNT ? statuses[row->type] : "unknown status",
		      row->version);
	put_time(out, row->updated_ms);
}

void report_case_evidence(const struct history *h, enum violation_kind kind,
			  const struct violation *v, struct strbuf *out)
{
	const struct history_order *order = v->order;

	for (int i = 0; i < v->fact_count; i++) {
		strbuf_puts(out, i ? "; " : "");
		put_fact(h, &v->facts[i], out);
	}
	if (!order)
		return;
	if (kind == LOST_OPERATION || kind == LOST_EVENT || kind == DIFFERS_FROM_ORDER) {
		strbuf_puts(out, v->fact_count ? "; " : "");
		put_row("orders.orders", &order->order, event_order_statuses, out);
	}
	if (kind == WRONG_FINAL_ROW || kind == DIFFERS_FROM_ORDER) {
		strbuf_puts(out, v->fact_count || kind == DIFFERS_FROM_ORDER ? "; " : "");
		put_row("delivery.delivery", &order->delivery, event_delivery_statuses, out);
	}
}
