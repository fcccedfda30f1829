/*
 * What an order event does to a delivery: the table of (state, event), and whether it is its turn.
 * Pure.
 *
 * Invariant: an event has at most one effect.
 *
 * Threads: any; values only.
 */
#ifndef DELIVERY_SERVICE_CORE_DELIVERY_H
#define DELIVERY_SERVICE_CORE_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/event/event.h"

enum delivery_state { DELIVERY_NONE, DELIVERY_STARTED, DELIVERY_MODIFIED, DELIVERY_CANCELLED };
#define DELIVERY_STATE_COUNT 4

enum delivery_verdict {
	DELIVERY_APPLY,
	DELIVERY_DUPLICATE, /* had its effect before: nothing to do */
	DELIVERY_UNKNOWN,   /* no such order: a dead letter */
	DELIVERY_PARK,      /* a version before it is missing: it waits */
	DELIVERY_TOO_LATE,  /* it comes too late, its version was skipped: a dead letter */
	DELIVERY_CONFLICT,  /* another event with its order and version came first: a dead letter */
};

struct delivery_rule {
	enum delivery_state state;
	enum event_type event;
	enum delivery_verdict verdict;
	enum delivery_state next;
	const char *comment;
};

/* Every cell once, in the order of the enums. */
extern const struct delivery_rule delivery_rules[DELIVERY_STATE_COUNT * EVENT_TYPE_COUNT];

struct delivery_decision {
	enum delivery_verdict verdict;
	enum delivery_state next; /* with DELIVERY_APPLY */
	bool late;                /* applied after a newer event of its order: the order is lost */
};

/*
 * What event does to a delivery in state with version, the highest one applied (0: none has come).
 * seen: this event (order and version, or the same offset of the topic) was applied before.
 */
struct delivery_decision delivery_decide(enum delivery_state state, int32_t version,
					 enum event_type event, int32_t event_version, bool seen);

/*
 * The same where versions are applied in sequence (SEQUENCING=enforce): version is the highest one
 * applied or skipped. An order whose first versions were skipped begins with the first event
 * that comes, whatever it is: every event carries the whole order.
 */
struct delivery_decision delivery_decide_in_sequence(enum delivery_state state, int32_t version,
						     enum event_type event, int32_t event_version,
						     bool seen);

/* Why a verdict makes a dead letter; NULL: it makes none. */
const char *delivery_refusal(enum delivery_verdict verdict);

/* "DELIVERY STARTED", ...; state is not DELIVERY_NONE. */
const char *delivery_status(enum delivery_state state);
enum delivery_state delivery_state_of(const char *status);

#endif
