/* How far a partition is: what a plan makes of it, and that the database, which is told of changes
 * only, always has what the memory has. */
#include "delivery-service/core/offset_tracker.h"
#include "tests/unit/unit.h"

TestSuite(tracker, .init = unit_deadline);

/* --- one after the other ------------------------------------------------------------------- */

/* "7: 9-12 15-16": next, and the ranges with their ends. */
static const char *show(const struct offset_tracker *p)
{
	static char text[2000];
	int len = snprintf(text, sizeof(text), "%lld:", (long long)p->next);

	for (size_t i = 0; i < p->count; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, " %lld-%lld",
				(long long)p->ranges[i].first, (long long)p->ranges[i].end);
	return text;
}

static const char *show_ranges(const struct offset_range *ranges, size_t count)
{
	static char text[2000];
	int len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "%s%lld-%lld", i ? " " : "",
				(long long)ranges[i].first, (long long)ranges[i].end);
	return text;
}

/* Next 10, done besides: 12-14, 20-25, 30-31. */
static void begin(struct offset_tracker *p)
{
	static const struct offset_range ranges[] = { { 12, 14 }, { 20, 25 }, { 30, 31 } };

	offset_tracker_init(p, 10);
	for (size_t i = 0; i < COUNT_OF(ranges); i++)
		cr_assert(offset_tracker_restore(p, ranges[i]));
	expect_text(show(p), "10: 12-14 20-25 30-31");
}

Test(tracker, what_is_done)
{
	static const int64_t done[] = { -1, 0, 9, 12, 13, 20, 24, 30 };
	static const int64_t open[] = { 10, 11, 14, 19, 25, 29, 31, INT64_MAX };
	struct offset_tracker p;

	begin(&p);
	for (size_t i = 0; i < COUNT_OF(done); i++)
		cr_expect(offset_tracker_is_done(&p, done[i]), "%lld", (long long)done[i]);
	for (size_t i = 0; i < COUNT_OF(open); i++)
		cr_expect_not(offset_tracker_is_done(&p, open[i]), "%lld", (long long)open[i]);
	offset_tracker_fini(&p);
	offset_tracker_init(&p, 0);
	cr_expect_not(offset_tracker_is_done(&p, 0));
	offset_tracker_fini(&p);
}

struct plan_case {
	const char *what;
	struct offset_range done[4]; /* up to the first empty one */
	const char *after, *cleared, *put;
	/* If the plan before was not taken: cleared besides, and put. */
	const char *in_doubt, *put_anew;
};

static size_t pieces(const struct plan_case *c)
{
	size_t n = 0;

	while (n < 4 && c->done[n].first != c->done[n].end)
		n++;
	return n;
}

static void expect_in_doubt(struct offset_tracker *p, const struct plan_case *c,
			    struct offset_tracker_plan *again)
{
	size_t certain = c->cleared[0] ? 1 : 0;

	for (const char *at = c->cleared; *at; at++)
		certain += *at == ' ';
	cr_assert(offset_tracker_plan(p, c->done, pieces(c), again));
	expect_text(show(&again->after), c->after);
	cr_assert_geq(again->cleared_count, certain);
	expect_text(show_ranges(again->cleared + certain, again->cleared_count - certain),
		    c->in_doubt);
	expect_text(show_ranges(again->put, again->put_count), c->put_anew);
}

static void check_plan(const struct plan_case *c)
{
	struct offset_tracker_plan plan, again;
	struct offset_tracker p;

	begin(&p);
	cr_assert(offset_tracker_plan(&p, c->done, pieces(c), &plan));
	expect_text(show(&p), "10: 12-14 20-25 30-31"); /* not before it is taken */
	expect_text(show(&plan.after), c->after);
	expect_text(show_ranges(plan.cleared, plan.cleared_count), c->cleared);
	expect_text(show_ranges(plan.put, plan.put_count), c->put);
	offset_tracker_plan_fini(&plan);

	expect_in_doubt(&p, c, &again);
	offset_tracker_apply(&p, &again);
	expect_text(show(&p), c->after);
	cr_expect_null(again.after.ranges, "%s", c->what);
	cr_expect_eq(again.put_count + again.cleared_count, 0, "%s", c->what);
	cr_assert(offset_tracker_plan(&p, NULL, 0, &plan));
	cr_expect_eq(plan.cleared_count + plan.put_count, 0, "%s: no doubt any more", c->what);
	offset_tracker_plan_fini(&plan);
	offset_tracker_fini(&p);
}

Test(tracker, plans)
{
	static const struct plan_case cases[] = {
		{ "nothing", { { 0, 0 } }, "10: 12-14 20-25 30-31", "", "", "", "" },
		{ "next", { { 10, 11 } }, "11: 12-14 20-25 30-31", "", "", "10-11", "" },
		{ "up to a range", { { 10, 12 } }, "14: 20-25 30-31", "12-13", "", "10-14", "" },
		{ "through two ranges",
		  { { 10, 12 }, { 14, 20 } },
		  "25: 30-31",
		  "12-13 20-21",
		  "",
		  "10-25",
		  "" },
		{ "a new range",
		  { { 16, 17 } },
		  "10: 12-14 16-17 20-25 30-31",
		  "",
		  "16-17",
		  "10-17",
		  "12-14 16-17" },
		{ "a wide one",
		  { { 15, 18 } },
		  "10: 12-14 15-18 20-25 30-31",
		  "",
		  "15-18",
		  "10-18",
		  "12-14 15-18" },
		{ "at the end of one",
		  { { 14, 15 } },
		  "10: 12-15 20-25 30-31",
		  "",
		  "12-15",
		  "10-15",
		  "12-15" },
		{ "before one",
		  { { 11, 12 } },
		  "10: 11-14 20-25 30-31",
		  "12-13",
		  "11-14",
		  "10-14",
		  "11-14" },
		{ "between two",
		  { { 14, 20 } },
		  "10: 12-25 30-31",
		  "20-21",
		  "12-25",
		  "10-25",
		  "12-25" },
		{ "over all",
		  { { 11, 40 } },
		  "10: 11-40",
		  "12-13 20-21 30-31",
		  "11-40",
		  "10-40",
		  "11-40" },
		{ "behind all",
		  { { 31, 33 } },
		  "10: 12-14 20-25 30-33",
		  "",
		  "30-33",
		  "10-33",
		  "12-14 20-25 30-33" },
		{ "what is done",
		  { { 5, 9 }, { 12, 14 }, { 21, 22 } },
		  "10: 12-14 20-25 30-31",
		  "",
		  "",
		  "",
		  "" },
		{ "overlapping",
		  { { 8, 11 }, { 15, 17 }, { 15, 18 }, { 16, 17 } },
		  "11: 12-14 15-18 20-25 30-31",
		  "",
		  "15-18",
		  "10-18",
		  "12-14 15-18" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		check_plan(&cases[i]);
}

/* A commit of all is not answered, then each of its events is written for itself. */
Test(tracker, less_done_than_a_plan_that_was_lost)
{
	const struct offset_range all[] = { { 10, 11 }, { 16, 18 }, { 26, 27 } };
	struct offset_tracker_plan plan;
	struct offset_tracker p;

	begin(&p);
	cr_assert(offset_tracker_plan(&p, all, 3, &plan));
	expect_text(show_ranges(plan.put, plan.put_count), "16-18 26-27");
	offset_tracker_plan_fini(&plan);
	cr_assert(offset_tracker_plan(&p, &all[0], 1, &plan));
	expect_text(show_ranges(plan.cleared, plan.cleared_count), "10-27");
	expect_text(show_ranges(plan.put, plan.put_count), "12-14 20-25");
	offset_tracker_apply(&p, &plan);
	cr_assert(offset_tracker_plan(&p, &all[1], 1, &plan));
	expect_text(show_ranges(plan.cleared, plan.cleared_count), "");
	expect_text(show_ranges(plan.put, plan.put_count), "16-18");
	offset_tracker_plan_fini(&plan);
	offset_tracker_fini(&p);
}

/* Work in the order of the offsets never has to do with ranges: not one statement for them. */
Test(tracker, in_order_there_are_no_ranges)
{
	struct offset_tracker p;

	offset_tracker_init(&p, 0);
	for (int64_t next = 0; next < 100; next += 10) {
		const struct offset_range done[] = { { next, next + 4 }, { next + 4, next + 10 } };
		struct offset_tracker_plan plan;

		cr_assert(offset_tracker_plan(&p, done, 2, &plan));
		cr_expect_eq(plan.cleared_count, 0);
		cr_expect_eq(plan.put_count, 0);
		offset_tracker_apply(&p, &plan);
		cr_expect_eq(p.next, next + 10);
		cr_expect_eq(p.count, 0);
	}
	offset_tracker_fini(&p);
}

/* --- against a bitmap and a table ---------------------------------------------------------- */

enum { OFFSETS = 120, PIECES = 12 };

/* The rows of position and position_range. */
struct table {
	int64_t next;
	int64_t end[OFFSETS + 1]; /* by first; 0: no such row */
};

static void apply(struct table *t, const struct offset_tracker_plan *plan)
{
	cr_assert_geq(plan->after.next, t->next, "the position moves back");
	t->next = plan->after.next;
	for (size_t i = 0; i < plan->cleared_count; i++) {
		for (int64_t at = plan->cleared[i].first; at < plan->cleared[i].end; at++)
			t->end[at] = 0;
	}
	for (size_t i = 0; i < plan->put_count; i++)
		t->end[plan->put[i].first] = plan->put[i].end;
}

static void restore(struct offset_tracker *p, const struct table *t)
{
	offset_tracker_fini(p);
	offset_tracker_init(p, t->next);
	for (int64_t first = 0; first <= OFFSETS; first++) {
		if (t->end[first] > 0)
			cr_assert(offset_tracker_restore(
				p, (struct offset_range){ first, t->end[first] }));
	}
}

/* The ranges are what the bitmap says, in the fewest pieces, and the table has the same. */
static void compare(const struct offset_tracker *p, const struct table *t, const bool *done)
{
	int64_t at = 0;
	size_t range = 0;

	while (done[at])
		at++;
	cr_assert_eq(p->next, at, "%s", show(p));
	cr_assert_eq(t->next, at);
	for (; at <= OFFSETS; at++) {
		bool begins = done[at] && !done[at - 1];

		cr_assert_eq(offset_tracker_is_done(p, at), done[at], "%lld in %s", (long long)at,
			     show(p));
		cr_assert_eq(t->end[at] > 0, begins, "the row of %lld, %s", (long long)at, show(p));
		if (!begins)
			continue;
		cr_assert_lt(range, p->count);
		cr_assert_eq(p->ranges[range].first, at, "%s", show(p));
		cr_assert_eq(p->ranges[range].end, t->end[at], "%s", show(p));
		range++;
	}
	cr_assert_eq(range, p->count, "%s", show(p));
}

static int by_first(const void *a, const void *b)
{
	const struct offset_range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* What is worked and not known to be committed. Some of it may be left for a later plan. */
struct batch {
	struct offset_range pieces[PIECES];
	size_t count;
};

static void work(uint64_t *seed, struct batch *b, bool forwards, int64_t next)
{
	unsigned more = 1 + random_below(seed, 3);

	for (; more > 0 && b->count < PIECES; more--) {
		int64_t first = forwards ? next + random_below(seed, 4)
					 : random_below(seed, OFFSETS);
		int64_t end = first + 1 + random_below(seed, 3);

		if (first < OFFSETS)
			b->pieces[b->count++] =
				(struct offset_range){ first, end < OFFSETS ? end : OFFSETS };
	}
	qsort(b->pieces, b->count, sizeof(b->pieces[0]), by_first);
}

static void mark(bool *done, const struct batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		for (int64_t at = b->pieces[i].first; at < b->pieces[i].end; at++)
			done[at] = true;
	}
}

struct run {
	struct offset_tracker p;
	struct table table;
	struct batch batch;
	bool done[OFFSETS + 1];      /* as the memory has it */
	bool committed[OFFSETS + 1]; /* as the table has it */
	size_t takes, unknown, crashes, most_ranges;
};

/* The table has gone on by a commit whose answer was lost: the fence refuses to move it back. */
static void crash(struct run *r)
{
	restore(&r->p, &r->table);
	memcpy(r->done, r->committed, sizeof(r->done));
	r->batch.count = 0;
	compare(&r->p, &r->table, r->done);
	r->crashes++;
}

/* False: the answer is lost, or it is refused. */
static bool commit(unsigned dice, struct run *r, const struct offset_tracker_plan *plan)
{
	if (dice == 0)
		return false;
	apply(&r->table, plan);
	memcpy(r->committed, r->done, sizeof(r->committed));
	mark(r->committed, &r->batch);
	compare(&plan->after, &r->table, r->committed);
	r->unknown += dice <= 2;
	return dice > 2;
}

/* A commit that is answered, one that is refused, one whose answer is lost; a crash. */
static void step(uint64_t *seed, struct run *r)
{
	unsigned dice = random_below(seed, 10);
	struct offset_tracker_plan plan;

	if (random_below(seed, 4) == 0)
		r->batch.count = random_below(seed, (unsigned)r->batch.count + 1);
	work(seed, &r->batch, random_below(seed, 2), r->p.next);
	cr_assert(offset_tracker_plan(&r->p, r->batch.pieces, r->batch.count, &plan));
	if (plan.after.next < r->table.next) {
		crash(r);
	} else if (commit(dice, r, &plan)) {
		offset_tracker_apply(&r->p, &plan);
		mark(r->done, &r->batch);
		r->batch.count = 0;
		compare(&r->p, &r->table, r->done);
		r->takes++;
	}
	offset_tracker_plan_fini(&plan);
	if (random_below(seed, 20) == 0)
		crash(r);
	if (r->p.count > r->most_ranges)
		r->most_ranges = r->p.count;
}

Test(tracker, any_history_is_in_the_table_as_in_memory)
{
	enum { ROUNDS = 300, STEPS = 150 };
	static struct run r;
	size_t takes = 0, unknown = 0, crashes = 0, most = 0, complete = 0;
	uint64_t seed = 3;

	for (int round = 0; round < ROUNDS; round++) {
		r = (struct run){ 0 };
		offset_tracker_init(&r.p, 0);
		for (int i = 0; i < STEPS; i++)
			step(&seed, &r);
		complete += r.p.next == OFFSETS && r.p.count == 0;
		takes += r.takes;
		unknown += r.unknown;
		crashes += r.crashes;
		most = r.most_ranges > most ? r.most_ranges : most;
		offset_tracker_fini(&r.p);
	}
	cr_expect(complete > ROUNDS / 10 && takes > ROUNDS * 20 && unknown > ROUNDS * 5 &&
			  crashes > ROUNDS && most > 10,
		  "%zu complete, %zu takes, %zu unknown, %zu crashes, %zu ranges", complete, takes,
		  unknown, crashes, most);
}

/* As many gaps as there can be, then all of them closed, backwards. */
Test(tracker, many_ranges_come_and_go)
{
	enum { GAPS = 20000 };
	struct offset_range *done = malloc(GAPS * sizeof(*done));
	struct offset_tracker_plan plan;
	struct offset_tracker p;

	cr_assert(done);
	for (int64_t i = 0; i < GAPS; i++)
		done[i] = (struct offset_range){ 2 * i + 1, 2 * i + 2 };
	offset_tracker_init(&p, 0);
	cr_assert(offset_tracker_plan(&p, done, GAPS, &plan));
	cr_expect_eq(plan.put_count, GAPS);
	offset_tracker_apply(&p, &plan);
	cr_assert_eq(p.count, GAPS);
	for (int64_t i = GAPS - 1; i > 0; i -= 100) {
		for (int64_t at = 0; at < 100; at++)
			done[at] =
				(struct offset_range){ 2 * (i - 99 + at), 2 * (i - 99 + at) + 1 };
		cr_assert(offset_tracker_plan(&p, done, 100, &plan));
		offset_tracker_apply(&p, &plan);
	}
	cr_expect_eq(p.next, 2 * GAPS);
	cr_expect_eq(p.count, 0);
	offset_tracker_fini(&p);
	free(done);
}
