/*
 * What became of an order, made of the topic, of delivery's history and of its row, never of what
 * the lab itself did; and two judgements. The customer's: the order was cancelled, so it must not
 * be delivered. The lab's: it went as this scenario shows it. Pure.
 *
 * Threads: any; values only.
 */
#ifndef TOOLS_DEMO_REPORT_H
#define TOOLS_DEMO_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/demo/seen_event.h"

#define REPORT_EVENTS_MAX 8
#define REPORT_KEPT       "Placed Modified Cancelled"
#define REPORT_LOST       "Placed Cancelled Modified"

/* An effect, as delivery.history has it. */
struct applied_event {
	char type[40];
	int64_t version, partition, offset;
	char replica[64];
	int64_t received_wall_ms, applied_wall_ms;
};

struct order_facts {
	struct seen_event seen[REPORT_EVENTS_MAX];
	size_t seen_count;
	struct applied_event applied[REPORT_EVENTS_MAX]; /* in the order in which they were */
	size_t applied_count;
	char status[40]; /* of its row; empty: there is none */
};

/* Events by their last word, separated by blanks; empty: there are none. */
struct report {
	char published[160]; /* order-service's, by version */
	char applied[160];
	char announced[200]; /* delivery-service's, by offset; with @partition outside the first */
	bool right;          /* for the customer */
	bool as_expected;    /* by the lab */
};

/* expected: the words of applied that the scenario shows. */
void report_make(const struct order_facts *facts, const char *expected, struct report *report);

/* The status that a row has after these events. */
void report_status_after(const char *applied, char status[40]);

/* NULL: it was not applied. */
const struct applied_event *report_find(const struct order_facts *facts, const char *type);

#endif
