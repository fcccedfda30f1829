/*
 * judge.c's own: the walk over one order, and what its parts share. judge.c walks, judge_version.c
 * and judge_outcome.c judge. The functions judge_hole_* know what cannot be judged, judge_restore_*
 * what shows a restore.
 *
 * Threads: one owner.
 */
#ifndef TOOLS_VERIFY_HISTORY_JUDGE_WALK_H
#define TOOLS_VERIFY_HISTORY_JUDGE_WALK_H

#include "tools/verify-history/judge.h"

#define COMPARE(x, y) (((x) > (y)) - ((x) < (y))) /* for sorting */

/* The facts of one version, by source: runs in the sorted array. */
struct group {
	int32_t version;
	const struct fact *of[FACT_SOURCE_COUNT]; /* the first; NULL: none */
	uint32_t count[FACT_SOURCE_COUNT];
};

/* The walk over one order. */
struct walk {
	struct judgement *j;
	const struct history *h;
	const struct history_order *order;
	struct fact *sorted;             /* room for all facts of the order */
	struct fact *events, *announced; /* likewise: first occurrences, mark is their number */
	uint32_t event_count, announced_count;
	const struct fact *before; /* event of the highest version so far; NULL: none is there */
	int64_t missing_from;      /* the lowest version whose event is still to come ... */
	int64_t gap_from;          /* ... and whose effect is */
	const struct fact *last;   /* event of the highest version that should have an effect */
	int32_t consumed; /* the highest version whose event is behind a consumer's position */
	int32_t excused;  /* the highest version that rightly has none: see judge_version.c */
	int32_t skipped;  /* the highest one */
	uint32_t plain_effects, plain_announced; /* without a version */
	bool has_cancelled;
};

/* Counts violations of that kind; the first one is kept. */
void judge_found(struct judgement *j, enum violation_kind kind, int64_t count,
		 const struct violation *violation);

/* One about the walk's order, with the fact that is wrong and another (or NULL) that shows it. */
void judge_found_facts(struct walk *w, enum violation_kind kind, const struct fact *wrong,
		       const struct fact *other);

/* One that would be a violation, but may be in a hole. */
void judge_hole_not_judged(struct walk *w, enum violation_kind kind, int64_t count);

/* The message at the fact's offset is in a hole. */
bool judge_hole_has(const struct history *h, const struct fact *fact);

/* A message that was published behind after, an event on the topic, may be in a hole; NULL: nobody
 * knows behind which. */
bool judge_hole_may_have(const struct history *h, const struct fact *after);

/* Likewise a dead letter of the event. */
bool judge_hole_may_have_letter(const struct history *h, const struct fact *event);

/* Counts signs, the first of them at the version. */
void judge_restore_sign(struct walk *w, enum restore_sign sign, int64_t count, int32_t version);

/* After all versions: what was consumed, and orders.orders does not have. */
void judge_restore_forgotten(struct walk *w);

/* Compares topic offsets. */
int judge_by_offset(const struct fact *a, const struct fact *b);

/* One version: did its event have its one effect, and the effect its one announcement? */
void judge_version(struct walk *w, const struct group *g);

/* After all versions: sequence and final rows. */
void judge_outcome(struct walk *w);

#endif
