#include "tools/demo/report.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/strbuf.h"

#define RIGHT_STATUS "DELIVERY CANCELLED"

static void add_word(struct strbuf *out, const char *type, const char *prefix)
{
	size_t len = strlen(prefix);

	if (out->len > 0)
		strbuf_puts(out, " ");
	strbuf_puts(out, strncmp(type, prefix, len) == 0 ? type + len : type);
}

static int by_version(const void *a, const void *b)
{
	const struct seen_event *x = a, *y = b;

	return (x->version > y->version) - (x->version < y->version);
}

static int by_place(const void *a, const void *b)
{
	const struct seen_event *x = a, *y = b;

	if (x->partition != y->partition)
		return x->partition < y->partition ? -1 : 1;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

static void list_published(const struct order_facts *facts, struct strbuf *out)
{
	struct seen_event events[REPORT_EVENTS_MAX];

	memcpy(events, facts->seen, sizeof(events));
	qsort(events, facts->seen_count, sizeof(events[0]), by_version);
	for (size_t i = 0; i < facts->seen_count; i++) {
		if (seen_event_of_order(&events[i]))
			add_word(out, events[i].type, "Order");
	}
}

static void list_applied(const struct order_facts *facts, struct strbuf *out)
{
	for (size_t i = 0; i < facts->applied_count; i++)
		add_word(out, facts->applied[i].type, "Order");
}

/* Offsets of different partitions prove nothing: such an event is marked. */
static void list_announced(const struct order_facts *facts, struct strbuf *out)
{
	struct seen_event events[REPORT_EVENTS_MAX];
	int32_t first = -1;

	memcpy(events, facts->seen, sizeof(events));
	qsort(events, facts->seen_count, sizeof(events[0]), by_place);
	for (size_t i = 0; i < facts->seen_count; i++) {
		if (seen_event_of_order(&events[i]))
			continue;
		if (first < 0)
			first = events[i].partition;
		add_word(out, events[i].type, "Delivery");
		if (events[i].partition != first)
			strbuf_printf(out, "@%d", (int)events[i].partition);
	}
}

/* delivery-service tells of a placed order that its delivery has started. */
static bool announced_as(const char *announced, const char *applied)
{
	const char *rest = strchr(applied, ' ');

	return strncmp(applied, "Placed ", 7) == 0 && strncmp(announced, "Started", 7) == 0 &&
	       rest && strcmp(announced + 7, rest) == 0;
}

void report_status_after(const char *applied, char status[40])
{
	const char *last = strrchr(applied, ' ');
	struct strbuf sb = { .buf = status, .size = 40 };

	strbuf_puts(&sb, "DELIVERY ");
	for (last = last ? last + 1 : applied; *last; last++)
		strbuf_add(&sb, &(char){ (char)toupper((unsigned char)*last) }, 1);
}

void report_make(const struct order_facts *facts, const char *expected, struct report *r)
{
	char status[40];

	*r = (struct report){ .right = strcmp(facts->status, RIGHT_STATUS) == 0 };
	list_published(facts, &(struct strbuf)STRBUF_ON(r->published));
	list_announced(facts, &(struct strbuf)STRBUF_ON(r->announced));
	list_applied(facts, &(struct strbuf)STRBUF_ON(r->applied));
	report_status_after(expected, status);
	r->as_expected = strcmp(r->published, REPORT_KEPT) == 0 &&
			 strcmp(r->applied, expected) == 0 &&
			 announced_as(r->announced, expected) && strcmp(facts->status, status) == 0;
}

const struct applied_event *report_find(const struct order_facts *facts, const char *type)
{
	for (size_t i = 0; i < facts->applied_count; i++) {
		if (strcmp(facts->applied[i].type, type) == 0)
			return &facts->applied[i];
	}
	return NULL;
}
