/*
 * relay_bound: where the next read of the outbox begins. The random test plays writers that draw
 * ids and commit late or never, and a relay that reads and deletes.
 */
#include "common/outbox/relay_bound.h"

#include "tests/unit/unit.h"

TestSuite(relay_bound, .init = unit_deadline);

static struct relay_bound begun(void)
{
	struct relay_bound b;

	relay_bound_begin(&b, 0);
	return b;
}

Test(relay_bound, a_look_is_due_after_many_rows)
{
	struct relay_bound b = begun();

	cr_expect(!relay_bound_due(&b));
	relay_bound_read(&b, 1, 1999, 1999, true);
	cr_expect(!relay_bound_due(&b));
	relay_bound_read(&b, 2000, 2000, 1, true);
	cr_expect(relay_bound_due(&b));
	relay_bound_looked(&b, "{}", false);
	cr_expect(!relay_bound_due(&b));
}

Test(relay_bound, it_begins_where_nobody_may_commit_below)
{
	struct relay_bound b = begun();

	relay_bound_read(&b, 5, 10, 6, true);
	cr_expect_leq(b.low, 1);
	relay_bound_looked(&b, "{}", false);
	relay_bound_read(&b, 8, 20, 3, true);
	cr_expect_eq(b.low, 8, "a row that is there is passed");
	relay_bound_read(&b, 15, 20, 3, true);
	cr_expect_eq(b.low, 11, "ids up to 10 were decided, not more");
}

Test(relay_bound, who_drew_a_lower_id_is_awaited)
{
	struct relay_bound b = begun();

	relay_bound_read(&b, 5, 10, 6, true);
	relay_bound_looked(&b, "{3/7}", false);
	expect_text(b.writers, "{3/7}");
	relay_bound_read(&b, 11, 20, 10, true);
	cr_expect_leq(b.low, 1);
	relay_bound_looked(&b, "{3/7,4/1}", true);
	expect_text(b.writers, "{3/7}");
	relay_bound_read(&b, 21, 30, 10, true);
	cr_expect_leq(b.low, 1);
	relay_bound_looked(&b, "{4/1}", false);
	expect_text(b.writers, "{4/1}");
	relay_bound_read(&b, 31, 40, 10, true);
	cr_expect_eq(b.low, 11);
}

Test(relay_bound, what_is_left_out_is_not_passed)
{
	struct relay_bound b = begun();

	relay_bound_read(&b, 5, 10, 6, true);
	relay_bound_looked(&b, "{}", false);
	relay_bound_read(&b, 9, 12, 2, false);
	cr_expect_leq(b.low, 1);
	relay_bound_read(&b, 0, 0, 0, true);
	cr_expect_leq(b.low, 1, "without the lease nothing comes, whatever is there");
}

Test(relay_bound, more_writers_than_fit_are_not_taken_for_none)
{
	struct relay_bound b = begun();
	char many[sizeof(b.writers) + 1];

	memset(many, '1', sizeof(many));
	many[sizeof(many) - 1] = '\0';
	relay_bound_read(&b, 5, 10, 6, true);
	relay_bound_looked(&b, many, false);
	relay_bound_looked(&b, many, false);
	relay_bound_read(&b, 11, 12, 2, true);
	cr_expect_leq(b.low, 1);
}

/* --- a table, its writers and its reader ---------------------------------------------------- */

enum { IDS = 4000, WRITERS = 5 };

struct table {
	enum { NONE, DRAWN, COMMITTED, GONE } rows[IDS + 1];
	int64_t next;                 /* id to be drawn */
	int64_t drawn[WRITERS][4];    /* by the open transaction of each */
	size_t count[WRITERS];        /* 0: none is open */
	int64_t transaction[WRITERS]; /* its number */
};

static void write_some(struct table *t, uint64_t *seed)
{
	unsigned w = random_below(seed, WRITERS);

	if (t->count[w] < 4 && t->next <= IDS && random_below(seed, 3) > 0) {
		t->transaction[w] += t->count[w] == 0;
		t->rows[t->next] = DRAWN;
		t->drawn[w][t->count[w]++] = t->next++;
	} else if (random_below(seed, 1 + 8 * w) == 0) { /* some take long */
		bool commits = random_below(seed, 5) > 0;

		for (size_t i = 0; i < t->count[w]; i++)
			t->rows[t->drawn[w][i]] = commits ? COMMITTED : GONE;
		t->count[w] = 0;
	}
}

/* As PostgreSQL lists them: a name for each open transaction. */
static void list_writers(const struct table *t, char *text, size_t size)
{
	size_t len = (size_t)snprintf(text, size, "{");

	for (int w = 0; w < WRITERS; w++) {
		if (t->count[w] > 0)
			len += (size_t)snprintf(text + len, size - len, "%s%d/%lld",
						len > 1 ? "," : "", w,
						(long long)t->transaction[w]);
	}
	(void)snprintf(text + len, size - len, "}");
}

static bool any_of(const char *listed, const char *now)
{
	char copy[1024], *rest = copy, *name;

	(void)snprintf(copy, sizeof(copy), "%s", listed);
	while ((name = strtok_r(rest, "{},", &rest))) {
		const char *found = strstr(now, name);

		if (found && strchr(",}", found[strlen(name)]) && strchr("{,", found[-1]))
			return true;
	}
	return false;
}

/* Reads and deletes up to 20 rows from low on; looks now and then. */
static void read_some(struct table *t, struct relay_bound *b, uint64_t *seed)
{
	int64_t first = 0, last = 0;
	size_t count = 0;
	char now[1024];

	for (int64_t id = b->low > 0 ? b->low : 1; id < t->next && count < 20; id++) {
		if (t->rows[id] != COMMITTED)
			continue;
		first = count++ ? first : id;
		last = id;
		t->rows[id] = GONE;
	}
	relay_bound_read(b, first, last, count, true);
	if (random_below(seed, 3) > 0)
		return;
	list_writers(t, now, sizeof(now));
	relay_bound_looked(b, now, any_of(b->writers, now));
}

Test(relay_bound, no_row_is_ever_passed)
{
	for (uint64_t round = 1; round <= 200; round++) {
		struct relay_bound b = begun();
		struct table t = { .next = 1 };
		uint64_t seed = round;
		int64_t passed = 1; /* below it all is gone, which is for ever */

		for (int step = 0; step < 6000; step++) {
			write_some(&t, &seed);
			if (random_below(&seed, 8) == 0)
				read_some(&t, &b, &seed);
			for (; passed < b.low; passed++)
				cr_assert(t.rows[passed] == GONE, "id %d is passed, round %d",
					  (int)passed, (int)round);
		}
		cr_assert_gt(b.low, 1);
	}
}
