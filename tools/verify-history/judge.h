/*
 * The judgement of a history: what was promised and did not happen, or happened twice or in the
 * wrong order. Each kind of violation is counted, and its first case is kept with all that names
 * it. What may be in a hole of the topic is no violation, and counted apart. Pure.
 *
 * Time and memory are those of sorting the facts, one order at a time.
 *
 * Threads: one owner.
 */
#ifndef TOOLS_VERIFY_HISTORY_JUDGE_H
#define TOOLS_VERIFY_HISTORY_JUDGE_H

#include "common/base/error.h"
#include "tools/verify-history/history.h"

enum violation_kind {
	LOST_OPERATION,     /* acknowledged, and the order does not have it */
	LOST_EVENT,         /* committed, and not on the topic */
	CONFLICTING_EVENTS, /* two different events say that they are the same version */
	PUBLISHED_OUT_OF_ORDER,
	LOST_EFFECT,
	DUPLICATED_EFFECT,
	WRONG_EFFECT, /* the event was taken for another one */
	EFFECT_WITHOUT_EVENT,
	DEAD_LETTER, /* of an order that order-service acknowledged */
	STILL_PARKED,
	OUT_OF_ORDER, /* an effect after that of a later version */
	GAP,          /* effects went on without a version between them */
	WRONG_FINAL_ROW,
	DIFFERS_FROM_ORDER, /* the final rows of the two services */
	EFFECT_NOT_ANNOUNCED,
	ANNOUNCED_WITHOUT_EFFECT,
	WRONG_ANNOUNCEMENT, /* it does not say what the effect's event says */
	ANNOUNCED_TWICE,    /* one effect, two different events */
	ANNOUNCED_OUT_OF_ORDER,
	NOT_DRAINED,
	REFUSED_BY_KAFKA,
	DELETED_UNREAD, /* gone from the topic before delivery-service came to it */
};
#define VIOLATION_KIND_COUNT 22

/* "lost event", ... */
extern const char *const judge_violation_names[VIOLATION_KIND_COUNT];

/* One case. What does not apply is zero. */
struct violation {
	const struct history_order *order; /* borrowed from the history; NULL: not about an order */
	int32_t version, last_version;     /* the versions from ... to, when no fact has them */
	int32_t partition;
	int64_t number;       /* how many rows or messages, or what the row should say */
	const char *what;     /* the field or table that is wrong, or a reason; borrowed */
	struct fact facts[2]; /* the one that is wrong, and the one that it contradicts */
	int fact_count;
};

struct violations {
	int64_t count;
	struct violation first;
};

/* Distinct ones: repeats are counted apart. */
struct judgement_counts {
	int64_t orders, operations, events, event_repeats, unreadable, effects, announcements,
		announcement_repeats, dead_letters, skipped, parked;
};

/* What shows that the topic knows more than the database, as after a restore to an older state. */
enum restore_sign {
	IDS_TWICE,          /* two orders were placed under one id */
	CONTENTS_TWICE,     /* two events of one version, with different contents */
	VERSIONS_FORGOTTEN, /* events were consumed whose versions orders.orders does not have */
	ORDERS_FORGOTTEN,   /* likewise whole orders, or they are other services' */
};
#define RESTORE_SIGN_COUNT 4

extern const char *const judge_restore_names[RESTORE_SIGN_COUNT];

struct restore_signs {
	int64_t count;
	int64_t order_id; /* of the first one */
	int32_t version;  /* likewise */
};

struct judgement {
	struct judgement_counts counts;
	struct violations violations[VIOLATION_KIND_COUNT];
	/* By kind: what would be a violation on a whole topic, but may be in a hole of it. */
	int64_t unjudged[VIOLATION_KIND_COUNT];
	struct restore_signs signs[RESTORE_SIGN_COUNT];
	int64_t total;
	int kinds;
};

/* It shows: not only by orders that may be other services'. */
bool judge_restore_shows(const struct judgement *j);

/* ST_UNAVAILABLE: out of memory, here or when h was filled. */
MUST_CHECK enum status judge_history(const struct history *h, struct judgement *out,
				     struct error *err);

#endif
