#include "delivery-service/core/delivery.h"

#include <string.h>

const struct delivery_rule delivery_rules[DELIVERY_STATE_COUNT * EVENT_TYPE_COUNT] = {
	{ DELIVERY_NONE, EVENT_PLACED, DELIVERY_APPLY, DELIVERY_STARTED, "the delivery begins" },
	{ DELIVERY_NONE, EVENT_MODIFIED, DELIVERY_UNKNOWN, DELIVERY_NONE, "nothing to modify" },
	{ DELIVERY_NONE, EVENT_CANCELLED, DELIVERY_UNKNOWN, DELIVERY_NONE, "nothing to cancel" },

	{ DELIVERY_STARTED, EVENT_PLACED, DELIVERY_APPLY, DELIVERY_STARTED,
	  "without versions: an order service that counts from 1 again" },
	{ DELIVERY_STARTED, EVENT_MODIFIED, DELIVERY_APPLY, DELIVERY_MODIFIED, "the usual change" },
	{ DELIVERY_STARTED, EVENT_CANCELLED, DELIVERY_APPLY, DELIVERY_CANCELLED, "the usual end" },

	{ DELIVERY_MODIFIED, EVENT_PLACED, DELIVERY_APPLY, DELIVERY_STARTED, "as above: again" },
	{ DELIVERY_MODIFIED, EVENT_MODIFIED, DELIVERY_APPLY, DELIVERY_MODIFIED, "one more change" },
	{ DELIVERY_MODIFIED, EVENT_CANCELLED, DELIVERY_APPLY, DELIVERY_CANCELLED, "the usual end" },

	{ DELIVERY_CANCELLED, EVENT_PLACED, DELIVERY_APPLY, DELIVERY_STARTED, "as above: again" },
	{ DELIVERY_CANCELLED, EVENT_MODIFIED, DELIVERY_APPLY, DELIVERY_MODIFIED,
	  "the lab's lesson: a late event brings a cancelled delivery back" },
	{ DELIVERY_CANCELLED, EVENT_CANCELLED, DELIVERY_APPLY, DELIVERY_CANCELLED,
	  "without versions: cancelled is cancelled" },
};

struct delivery_decision delivery_decide(enum delivery_state state, int32_t version,
					 enum event_type event, int32_t event_version, bool seen)
{
	const struct delivery_rule *rule =
		&delivery_rules[(unsigned)state * EVENT_TYPE_COUNT + event];

	if (seen)
		return (struct delivery_decision){ .verdict = DELIVERY_DUPLICATE };
	return (struct delivery_decision){
		.verdict = rule->verdict,
		.next = rule->next,
		.late = rule->verdict == DELIVERY_APPLY && event_version > 0 &&
			event_version < version,
	};
}

struct delivery_decision delivery_decide_in_sequence(enum delivery_state state, int32_t version,
						     enum event_type event, int32_t event_version,
						     bool seen)
{
	struct delivery_decision decision =
		delivery_decide(state, version, event, event_version, seen);

	if (event_version == 0 || decision.verdict == DELIVERY_DUPLICATE)
		return decision;
	if (event_version <= version)
		return (struct delivery_decision){ .verdict = DELIVERY_TOO_LATE };
	if (event_version - 1 > version)
		return (struct delivery_decision){ .verdict = DELIVERY_PARK };
	if (decision.verdict == DELIVERY_UNKNOWN && event_version > 1) {
		decision.verdict = DELIVERY_APPLY;
		decision.next = (enum delivery_state)(event + 1);
	}
	return decision;
}

const char *delivery_refusal(enum delivery_verdict verdict)
{
	if (verdict == DELIVERY_UNKNOWN)
		return "unknown order";
	if (verdict == DELIVERY_TOO_LATE)
		return "too late: its version was skipped";
	if (verdict == DELIVERY_CONFLICT)
		return "conflict: another event with its order and version came before";
	return NULL;
}

const char *delivery_status(enum delivery_state state)
{
	return event_delivery_statuses[state - 1];
}

enum delivery_state delivery_state_of(const char *status)
{
	for (int i = 0; i < EVENT_TYPE_COUNT; i++) {
		if (strcmp(event_delivery_statuses[i], status) == 0)
			return (enum delivery_state)(i + 1);
	}
	return DELIVERY_NONE;
}
