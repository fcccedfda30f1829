#include "tools/verify-history/report.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "common/event/contract.h"
#include "common/runtime/clock.h"
#include "tools/verify-history/report_case.h"

#define TEXT_SIZE 1024

/* One table for both forms. */
struct count {
	const char *label, *name;
	int64_t number;
	int64_t repeats; /* -1: there is no such thing */
};
#define COUNT_MAX 12

static int fill_counts(const struct report *r, struct count counts[COUNT_MAX])
{
	const struct judgement_counts *c = &r->judgement->counts;
	int n = 0;

	counts[n++] = (struct count){ "orders", "orders", c->orders, -1 };
	counts[n++] = (struct count){ "operations committed", "operations", c->operations, -1 };
	if (r->history->acks_given)
		counts[n++] = (struct count){ "operations acknowledged", "acknowledged",
					      r->history->acknowledged, -1 };
	counts[n++] =
		(struct count){ "Order* events", "order_events", c->events, c->event_repeats };
	counts[n++] = (struct count){ "effects", "effects", c->effects, -1 };
	counts[n++] = (struct count){ "Delivery* events", "delivery_events", c->announcements,
				      c->announcement_repeats };
	counts[n++] = (struct count){ "unreadable messages", "unreadable", c->unreadable, -1 };
	counts[n++] = (struct count){ "other messages", "other_messages",
				      r->history->other_messages, -1 };
	counts[n++] = (struct count){ "dead letters", "dead_letters", c->dead_letters, -1 };
	counts[n++] = (struct count){ "skipped", "skipped", c->skipped, -1 };
	counts[n++] = (struct count){ "parked", "parked", c->parked, -1 };
	return n;
}

/* --- text ---------------------------------------------------------------------------------- */

static void print_counts(const struct report *r)
{
	struct count counts[COUNT_MAX];
	int n = fill_counts(r, counts);

	for (int i = 0; i < n; i++) {
		(void)printf("%-24s %9" PRId64, counts[i].label, counts[i].number);
		if (counts[i].repeats > 0)
			(void)printf("   and repeats: %" PRId64, counts[i].repeats);
		(void)printf("\n");
	}
}

static void print_violations(const struct report *r, enum violation_kind kind)
{
	const struct violations *v = &r->judgement->violations[kind];
	char what[TEXT_SIZE] = "", evidence[TEXT_SIZE] = "";
	struct strbuf what_sb = STRBUF_ON(what), evidence_sb = STRBUF_ON(evidence);

	if (v->count == 0)
		return;
	report_case_what(kind, &v->first, &what_sb);
	report_case_evidence(r->history, kind, &v->first, &evidence_sb);
	(void)printf("\n%s: %" PRId64 "%s%s\n", judge_violation_names[kind], v->count,
		     v->count > 1 ? ", the first: " : ", ", what);
	if (evidence[0])
		(void)printf("    %s\n", evidence);
	if (kind == LOST_EVENT && r->history->waiting[OUTBOX_ORDERS].count > 0)
		(void)printf(
			"    (orders.outbox has rows: perhaps it is only not published yet)\n");
	if (kind == EFFECT_NOT_ANNOUNCED && r->history->waiting[OUTBOX_DELIVERY].count > 0)
		(void)printf("    (delivery.outbox has rows: perhaps it is only not published "
			     "yet)\n");
}

static void print_holes(const struct history_holes *holes, const char *topic)
{
	char until[CLOCK_TEXT_SIZE];

	for (uint32_t i = 0; i < holes->count; i++) {
		const struct history_hole *hole = &holes->list[i];

		(void)printf("%s%s, partition %" PRId32 ": the offsets 0 to %" PRId64
			     " are gone, %" PRId64 " messages at most",
			     i == 0 ? "\n" : "", topic, hole->partition, hole->count - 1,
			     hole->count);
		if (hole->until_ms == INT64_MAX) {
			(void)printf("; nothing is behind them\n");
			continue;
		}
		clock_format_utc(hole->until_ms, until);
		(void)printf("; what is behind them begins at %s\n", until);
	}
}

static void print_unjudged(const struct judgement *j)
{
	const char *before = "not judged, since the messages may be among those: ";

	for (int kind = 0; kind < VIOLATION_KIND_COUNT; kind++) {
		if (j->unjudged[kind] == 0)
			continue;
		(void)printf("%s%s %" PRId64, before, judge_violation_names[kind],
			     j->unjudged[kind]);
		before = ", ";
	}
	if (before[0] == ',')
		(void)printf("\n");
}

static void print_signs(const struct judgement *j)
{
	(void)printf("\nThe topic knows what the database has forgotten: it looks restored to an "
		     "older state, or a\nfail-over lost commits (docs/operations.md):\n");
	for (int i = 0; i < RESTORE_SIGN_COUNT; i++) {
		const struct restore_signs *signs = &j->signs[i];

		if (signs->count == 0)
			continue;
		(void)printf("    %s: %" PRId64 ", the first: order %" PRId64,
			     judge_restore_names[i], signs->count, signs->order_id);
		if (signs->version > 0)
			(void)printf(", version %" PRId32, signs->version);
		(void)printf("\n");
	}
}

bool report_is_whole(const struct report *r)
{
	return r->history->holes.count + r->history->letter_holes.count == 0;
}

static void print_verdict(const struct report *r)
{
	const struct judgement *j = r->judgement;

	if (j->total > 0)
		(void)printf("verify: %" PRId64 " violation%s of %d kind%s%s\n", j->total,
			     j->total == 1 ? "" : "s", j->kinds, j->kinds == 1 ? "" : "s",
			     report_is_whole(r) ? "" : "; what is gone was not judged");
	else if (report_is_whole(r))
		(void)printf("verify: nothing lost, nothing duplicated, nothing out of order\n");
	else
		(void)printf("verify: no violation in what is left of the topic; what is gone was "
			     "not judged\n");
}

void report_text(const struct report *r)
{
	const struct judgement *j = r->judgement;

	print_counts(r);
	print_holes(&r->history->holes, r->topic);
	print_holes(&r->history->letter_holes, CONTRACT_DEAD_LETTER_TOPIC);
	print_unjudged(j);
	for (int kind = 0; kind < VIOLATION_KIND_COUNT; kind++)
		print_violations(r, (enum violation_kind)kind);
	if (!r->drained)
		(void)printf("\nAfter %" PRId64 " s it was still not drained: judged as it is.\n",
			     r->waited_ms / 1000);
	if (judge_restore_shows(j))
		print_signs(j);
	(void)printf("\n");
	print_verdict(r);
}

/* --- JSON ---------------------------------------------------------------------------------- */

static json_t *json_time(int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format_utc(wall_ms, text);
	return json_string(text);
}

static json_t *json_fact(const struct history *h, const struct fact *fact)
{
	static const char *const sources[FACT_SOURCE_COUNT] = {
		"event", "replay", "effect", "announced", "dead letter", "skipped", "parked", "ack"
	};
	bool replica = fact->source == FACT_EFFECT && fact->replica < h->replica_count;

	return json_pack("{s:s, s:s, s:i, s:i, s:I, s:s*, s:o}", "is", sources[fact->source],
			 "type", report_case_type(fact), "version", (int)fact->version, "partition",
			 (int)fact->partition, "offset", (json_int_t)fact->offset, "replica",
			 replica ? h->replicas[fact->replica] : NULL, "at", json_time(fact->at_ms));
}

static json_t *json_violations(const struct report *r, enum violation_kind kind)
{
	const struct violations *v = &r->judgement->violations[kind];
	char what[TEXT_SIZE] = "", evidence[TEXT_SIZE] = "";
	struct strbuf what_sb = STRBUF_ON(what), evidence_sb = STRBUF_ON(evidence);
	json_t *facts = json_array();

	report_case_what(kind, &v->first, &what_sb);
	report_case_evidence(r->history, kind, &v->first, &evidence_sb);
	for (int i = 0; i < v->first.fact_count; i++)
		(void)json_array_append_new(facts, json_fact(r->history, &v->first.facts[i]));
	return json_pack("{s:s, s:I, s:{s:I, s:i, s:s, s:s, s:o}}", "kind",
			 judge_violation_names[kind], "count", (json_int_t)v->count, "first",
			 "order", v->first.order ? (json_int_t)v->first.order->id : 0, "version",
			 (int)v->first.version, "what", what, "evidence", evidence, "facts", facts);
}

static json_t *json_counts(const struct report *r)
{
	struct count counts[COUNT_MAX];
	int n = fill_counts(r, counts);
	json_t *root = json_object();

	for (int i = 0; i < n; i++) {
		char name[40];

		(void)json_object_set_new(root, counts[i].name, json_integer(counts[i].number));
		(void)snprintf(name, sizeof(name), "%s_repeated", counts[i].name);
		if (counts[i].repeats >= 0)
			(void)json_object_set_new(root, name, json_integer(counts[i].repeats));
	}
	return root;
}

static void append_holes(json_t *array, const struct history_holes *holes, const char *topic)
{
	for (uint32_t i = 0; i < holes->count; i++)
		(void)json_array_append_new(
			array, json_pack("{s:s, s:i, s:i, s:I, s:I}", "topic", topic, "partition",
					 (int)holes->list[i].partition, "from", 0, "to",
					 (json_int_t)holes->list[i].count - 1, "count",
					 (json_int_t)holes->list[i].count));
}

static json_t *json_holes(const struct report *r)
{
	json_t *array = json_array();

	append_holes(array, &r->history->holes, r->topic);
	append_holes(array, &r->history->letter_holes, CONTRACT_DEAD_LETTER_TOPIC);
	return array;
}

static json_t *json_unjudged(const struct judgement *j)
{
	json_t *root = json_object();

	for (int kind = 0; kind < VIOLATION_KIND_COUNT; kind++) {
		if (j->unjudged[kind] > 0)
			(void)json_object_set_new(root, judge_violation_names[kind],
						  json_integer(j->unjudged[kind]));
	}
	return root;
}

static json_t *json_signs(const struct judgement *j)
{
	json_t *root = json_object();

	for (int i = 0; judge_restore_shows(j) && i < RESTORE_SIGN_COUNT; i++) {
		if (j->signs[i].count > 0)
			(void)json_object_set_new(root, judge_restore_names[i],
						  json_integer(j->signs[i].count));
	}
	return root;
}

static json_t *json_all_violations(const struct report *r)
{
	json_t *array = json_array();

	for (int kind = 0; kind < VIOLATION_KIND_COUNT; kind++) {
		if (r->judgement->violations[kind].count > 0)
			(void)json_array_append_new(array,
						    json_violations(r, (enum violation_kind)kind));
	}
	return array;
}

bool report_json(const struct report *r)
{
	const struct judgement *j = r->judgement;
	json_t *violations = json_all_violations(r), *root;
	bool written;

	root = json_pack("{s:b, s:b, s:I, s:i, s:b, s:I, s:o, s:o, s:o, s:o, s:o}", "clean",
			 j->total == 0 && report_is_whole(r), "whole", report_is_whole(r), "total",
			 (json_int_t)j->total, "kinds", j->kinds, "drained", r->drained,
			 "waited_ms", (json_int_t)r->waited_ms, "counts", json_counts(r), "holes",
			 json_holes(r), "not_judged", json_unjudged(j), "looks_restored",
			 json_signs(j), "violations", violations);
	written = root && json_array_size(violations) == (size_t)j->kinds &&
		  json_dumpf(root, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF;
	json_decref(root);
	return written;
}
