/* Lanes: order within a lane, turns between them, due times, and what a removal leaves behind. */
#include "delivery-service/core/lanes.h"
#include "tests/unit/unit.h"

TestSuite(lanes, .init = unit_deadline);

/* An item of the tests; the lanes' part comes first, as in the service. */
struct simulated_work {
	struct lane_item item;
	int id;
	int group; /* what a removal selects */
};

static struct simulated_work *new_work(int64_t lane, int64_t work_ms, int id, int group)
{
	struct simulated_work *w = calloc(1, sizeof(*w));

	cr_assert_not_null(w);
	*w = (struct simulated_work){ .item = { .lane = lane, .work_ms = work_ms },
				      .id = id,
				      .group = group };
	return w;
}

static void push(struct lanes *l, int64_t lane, int64_t work_ms, int id)
{
	cr_assert(lanes_push(l, &new_work(lane, work_ms, id, 0)->item));
}

static void push_group(struct lanes *l, int64_t lane, int64_t work_ms, int id, int group)
{
	cr_assert(lanes_push(l, &new_work(lane, work_ms, id, group)->item));
}

/* The id of what is done at now, 0: nothing. */
static int pop(struct lanes *l, int64_t now)
{
	struct lane_item *item = lanes_pop_done(l, now);
	int id = item ? ((struct simulated_work *)item)->id : 0;

	free(item);
	return id;
}

static void expect_pops(struct lanes *l, int64_t now, const int *ids)
{
	for (; *ids; ids++) {
		int id = pop(l, now);

		cr_expect_eq(id, *ids, "at %lld: %d is done, not %d", (long long)now, id, *ids);
	}
	cr_expect_eq(pop(l, now), 0, "more is done at %lld", (long long)now);
}

#define IDS(...) ((const int[]){ __VA_ARGS__ __VA_OPT__(, ) 0 })

static bool match_all(const struct lane_item *item, void *context)
{
	(void)item;
	(void)context;
	return true;
}

static bool match_group(const struct lane_item *item, void *context)
{
	return ((const struct simulated_work *)item)->group == *(int *)context;
}

static void drop(struct lane_item *item, void *context)
{
	(void)context;
	free(item);
}

static void remove_group(struct lanes *l, int group)
{
	lanes_remove(l, match_group, drop, &group);
}

static int64_t started_sum; /* the ids of the items that were started with an open end */

static void started(struct lane_item *item, void *context)
{
	(void)context;
	started_sum += ((struct simulated_work *)item)->id;
}

static struct lanes *open_lanes_with_runs(size_t max_concurrency, size_t run_max)
{
	struct lanes *l = lanes_open(max_concurrency, run_max, started, NULL);

	cr_assert_not_null(l);
	return l;
}

static struct lanes *open_lanes(size_t max_concurrency)
{
	return open_lanes_with_runs(max_concurrency, 1);
}

/* Frees what is still inside, too. */
static void finish(struct lanes *l)
{
	lanes_remove(l, match_all, drop, NULL);
	cr_expect_eq(lanes_waiting(l), 0);
	cr_expect_eq(lanes_in_work(l), 0);
	cr_expect_eq(lanes_next_due(l), INT64_MAX);
	lanes_close(l);
}

Test(lanes, empty)
{
	struct lanes *l = open_lanes(1);

	cr_expect_null(lanes_pop_done(l, 0));
	cr_expect_null(lanes_pop_done(l, INT64_MAX));
	cr_expect_eq(lanes_next_due(l), INT64_MAX);
	cr_expect_eq(lanes_waiting(l), 0);
	finish(l);
	lanes_close(NULL);
}

Test(lanes, close_forgets_what_is_inside)
{
	struct lanes *l = open_lanes(2);
	struct simulated_work a = { .item = { .lane = 1, .work_ms = 10 } },
			      b = { .item = { .lane = 1 } }, c = { .item = { .lane = 2 } };

	cr_assert(lanes_push(l, &a.item));
	cr_assert(lanes_push(l, &b.item));
	cr_expect_null(lanes_pop_done(l, 0));
	cr_assert(lanes_push(l, &c.item));
	lanes_close(l);
}

Test(lanes, work_starts_when_it_may_and_ends_when_it_is_due)
{
	struct lanes *l = open_lanes(1);

	push(l, 1, 100, 1);
	cr_expect_eq(lanes_waiting(l), 1);
	cr_expect_eq(lanes_in_work(l), 0, "the caller brings the time");
	cr_expect_eq(lanes_next_due(l), INT64_MIN);
	cr_expect_eq(pop(l, 1000), 0);
	cr_expect_eq(lanes_in_work(l), 1);
	cr_expect_eq(lanes_next_due(l), 1100);
	cr_expect_eq(pop(l, 1099), 0);
	cr_expect_eq(lanes_next_due(l), 1100);
	cr_expect_eq(pop(l, 1100), 1);
	cr_expect_eq(lanes_waiting(l), 0);
	cr_expect_eq(lanes_in_work(l), 0);
	cr_expect_eq(lanes_next_due(l), INT64_MAX);
	finish(l);
}

Test(lanes, what_is_overdue_is_done_once)
{
	struct lanes *l = open_lanes(1);

	push(l, 1, 100, 1);
	cr_expect_eq(pop(l, 0), 0);
	expect_pops(l, 5000, IDS(1));
	finish(l);
}

Test(lanes, one_lane_is_first_in_first_out)
{
	struct lanes *l = open_lanes(8);

	push(l, 1, 100, 1);
	push(l, 1, 1, 2);
	push(l, 1, 0, 3);
	push(l, 1, 50, 4);
	cr_expect_eq(pop(l, 0), 0);
	cr_expect_eq(lanes_in_work(l), 1, "one at a time in a lane");
	expect_pops(l, 99, IDS());
	expect_pops(l, 100, IDS(1));
	cr_expect_eq(lanes_next_due(l), 101, "the next starts when the one before it is done");
	expect_pops(l, 101, IDS(2, 3));
	expect_pops(l, 150, IDS());
	push(l, 1, 0, 5);
	expect_pops(l, 151, IDS(4, 5));
	finish(l);
}

Test(lanes, other_lanes_do_not_wait)
{
	struct lanes *l = open_lanes(8);

	push(l, 1, 10000, 1);
	push(l, 1, 0, 2);
	push(l, 2, 0, 3);
	push(l, 3, 50, 4);
	expect_pops(l, 0, IDS(3));
	expect_pops(l, 50, IDS(4));
	push(l, 2, 0, 5);
	expect_pops(l, 60, IDS(5));
	expect_pops(l, 10000, IDS(1, 2));
	finish(l);
}

Test(lanes, the_earliest_due_is_done_first)
{
	static const int works[] = { 50, 20, 90, 10, 70, 30, 80, 40, 100, 60 };
	struct lanes *l = open_lanes(16);

	for (int i = 0; i < (int)COUNT_OF(works); i++)
		push(l, i, works[i], works[i]);
	cr_expect_eq(pop(l, 0), 0);
	for (int due = 10; due <= 100; due += 10) {
		cr_expect_eq(lanes_next_due(l), due);
		cr_expect_eq(pop(l, 1000), due);
	}
	cr_expect_eq(pop(l, 1000), 0);
	finish(l);
}

Test(lanes, no_more_than_max_concurrency_at_once)
{
	struct lanes *l = open_lanes(3);

	for (int i = 1; i <= 7; i++)
		push(l, i, 100, i);
	cr_expect_eq(pop(l, 0), 0);
	cr_expect_eq(lanes_in_work(l), 3);
	cr_expect_eq(lanes_waiting(l), 7);
	for (int done = 0; done < 3; done++) {
		int id = pop(l, 100);

		cr_expect(id >= 1 && id <= 3, "%d", id);
		cr_expect_leq(lanes_in_work(l), 3);
	}
	cr_expect_eq(pop(l, 100), 0);
	cr_expect_eq(lanes_in_work(l), 3);
	cr_expect_eq(lanes_next_due(l), 200, "a place that got free is taken from then on");
	for (int done = 0; done < 3; done++) {
		int id = pop(l, 200);

		cr_expect(id >= 4 && id <= 6, "%d", id);
	}
	expect_pops(l, 299, IDS());
	expect_pops(l, 300, IDS(7));
	finish(l);
}

Test(lanes, one_at_a_time_is_one_over_all_lanes)
{
	struct lanes *l = open_lanes(1);

	push(l, 1, 100, 1);
	push(l, 2, 100, 2);
	push(l, 3, 0, 3);
	expect_pops(l, 0, IDS());
	cr_expect_eq(lanes_in_work(l), 1);
	expect_pops(l, 100, IDS(1));
	expect_pops(l, 199, IDS());
	expect_pops(l, 200, IDS(2, 3));
	finish(l);
}

Test(lanes, what_has_no_work_drains_in_one_instant)
{
	struct lanes *l = open_lanes(1);
	int last[7] = { 0 };
	int id;

	for (int i = 1; i <= 5000; i++)
		push(l, i % 7, 0, i);
	for (int done = 0; done < 5000; done++) {
		id = pop(l, 42);
		cr_assert_gt(id, last[id % 7], "%d after %d", id, last[id % 7]);
		last[id % 7] = id;
	}
	cr_expect_eq(pop(l, 42), 0);
	finish(l);
}

/* A lane that has just been served lines up behind the others. */
Test(lanes, lanes_take_turns)
{
	struct lanes *l = open_lanes(1);

	for (int i = 0; i < 3; i++)
		push(l, 1, 0, 10 + i);
	for (int i = 0; i < 3; i++)
		push(l, 2, 0, 20 + i);
	push(l, 3, 0, 30);
	expect_pops(l, 0, IDS(10, 20, 30, 11, 21, 12, 22));
	finish(l);
}

Test(lanes, what_waits_without_work_in_one_lane_comes_out_together)
{
	struct lanes *l = open_lanes_with_runs(1, 100);

	for (int i = 0; i < 3; i++) {
		push(l, 1, 0, 10 + i);
		push(l, 2, 0, 20 + i);
	}
	expect_pops(l, 0, IDS(10, 11, 12, 20, 21, 22));
	finish(l);
}

Test(lanes, what_waits_behind_work_comes_out_with_it)
{
	struct lanes *l = open_lanes_with_runs(8, 100);

	push(l, 1, 100, 10);
	push(l, 1, 0, 11);
	push(l, 1, 0, 12);
	push(l, 1, 50, 13);
	push(l, 1, 0, 14);
	push(l, 2, 100, 20);
	expect_pops(l, 99, IDS());
	expect_pops(l, 199, IDS(10, 11, 12, 20));
	expect_pops(l, 249, IDS(13, 14));
	finish(l);
}

Test(lanes, a_run_ends_and_the_others_have_their_turn)
{
	struct lanes *l = open_lanes_with_runs(1, 3);

	for (int i = 0; i < 7; i++)
		push(l, 1, 0, 10 + i);
	push(l, 2, 0, 20);
	push(l, 3, 0, 30);
	push(l, 3, 0, 31);
	expect_pops(l, 0, IDS(10, 11, 12, 20, 30, 31, 13, 14, 15, 16));
	finish(l);
}

/* A run that the caller has taken half of goes on, and what came since then waits for its end. */
Test(lanes, a_run_goes_on_at_the_next_call)
{
	struct lanes *l = open_lanes_with_runs(1, 4);

	for (int i = 0; i < 6; i++)
		push(l, 1, 0, 10 + i);
	cr_expect_eq(pop(l, 0), 10);
	cr_expect_eq(pop(l, 0), 11);
	push(l, 2, 0, 20);
	cr_expect_eq(lanes_next_due(l), INT64_MIN);
	expect_pops(l, 5, IDS(12, 13, 20, 14, 15));
	finish(l);
}

Test(lanes, a_run_keeps_its_place)
{
	struct lanes *l = open_lanes_with_runs(1, 100);

	push(l, 1, 0, 10);
	push(l, 1, 0, 11);
	push(l, 2, 100, 20);
	cr_expect_eq(pop(l, 0), 10);
	cr_expect_eq(lanes_in_work(l), 0, "one at a time");
	cr_expect_eq(pop(l, 5), 11);
	cr_expect_eq(pop(l, 5), 0);
	cr_expect_eq(lanes_next_due(l), 105);
	finish(l);
}

/* Half of what comes is one lane's: every other lane is served once between two of its runs. */
Test(lanes, a_lane_with_half_of_the_items_holds_nobody_longer_than_a_run)
{
	enum { OTHERS = 500, RUN = 50 };
	struct lanes *l = open_lanes_with_runs(8, RUN);
	int hot = 0, others = 0;

	for (int i = 1; i <= OTHERS; i++) {
		push(l, 1000, 0, -i);
		push(l, i, 0, i);
	}
	for (int id; (id = pop(l, 0)) != 0;) {
		hot += id < 0;
		others += id > 0;
		cr_assert(hot <= RUN || others >= OTHERS - 8, "%d of the hot lane, %d others", hot,
			  others);
	}
	cr_expect_eq(hot + others, 2 * OTHERS);
	finish(l);
}

Test(lanes, an_item_knows_how_many_are_before_it)
{
	struct lanes *l = open_lanes(1);

	for (int i = 0; i < 5; i++) {
		struct simulated_work *w = new_work(i == 4 ? 2 : 1, 0, 1 + i, i == 1);

		cr_assert(lanes_push(l, &w->item));
		cr_expect_eq(w->item.before, i == 4 ? 0 : i);
	}
	remove_group(l, 1);
	cr_expect_eq(pop(l, 0), 1);
	struct simulated_work *last = new_work(1, 0, 6, 0);

	cr_assert(lanes_push(l, &last->item));
	cr_expect_eq(last->item.before, 2, "one was removed, one is done");
	finish(l);
}

/* It lines up behind the others, as if its turn had ended. */
Test(lanes, remove_ends_a_run)
{
	struct lanes *l = open_lanes_with_runs(1, 100);

	push_group(l, 1, 0, 10, 0);
	push_group(l, 1, 0, 11, 1);
	push_group(l, 1, 0, 12, 0);
	push_group(l, 2, 0, 20, 0);
	cr_expect_eq(pop(l, 0), 10);
	remove_group(l, 1);
	expect_pops(l, 0, IDS(20, 12));
	push_group(l, 3, 0, 30, 0);
	push_group(l, 3, 0, 31, 1);
	cr_expect_eq(pop(l, 0), 30);
	remove_group(l, 1);
	cr_expect_eq(lanes_waiting(l), 0);
	finish(l);
}

Test(lanes, a_busy_lane_does_not_starve_the_others)
{
	struct lanes *l = open_lanes(1);

	for (int i = 0; i < 1000; i++)
		push(l, 1, 10, 1);
	push(l, 2, 10, 2);
	expect_pops(l, 0, IDS());
	expect_pops(l, 10, IDS(1));
	expect_pops(l, 20, IDS(2));
	finish(l);
}

Test(lanes, turns_are_in_the_order_of_becoming_ready)
{
	struct lanes *l = open_lanes(2);

	push(l, 1, 100, 1);
	push(l, 2, 50, 2);
	push(l, 3, 1000, 3);
	push(l, 4, 1000, 4);
	push(l, 1, 1000, 11);
	push(l, 2, 1000, 12);
	expect_pops(l, 0, IDS());
	expect_pops(l, 50, IDS(2));  /* 3 starts; ready: 4, then lane 2 */
	expect_pops(l, 100, IDS(1)); /* 4 starts; ready: lane 2, then lane 1 */
	expect_pops(l, 1050, IDS(3));
	expect_pops(l, 1100, IDS(4));
	cr_expect_eq(lanes_next_due(l), 2050);
	expect_pops(l, 2050, IDS(12));
	expect_pops(l, 2100, IDS(11));
	finish(l);
}

Test(lanes, lane_ids_may_be_any)
{
	static const int64_t lanes[] = { 0, -1, INT64_MAX, INT64_MIN, 1, (int64_t)1 << 32 };
	struct lanes *l = open_lanes(COUNT_OF(lanes));

	for (int i = 0; i < (int)COUNT_OF(lanes); i++) {
		push(l, lanes[i], 10 * (i + 1), i + 1);
		push(l, lanes[i], 1000, 100 + i);
	}
	expect_pops(l, 0, IDS());
	cr_expect_eq(lanes_in_work(l), COUNT_OF(lanes));
	for (int i = 1; i <= (int)COUNT_OF(lanes); i++)
		expect_pops(l, 10 * i, IDS(i));
	finish(l);
}

Test(lanes, a_lane_that_ran_empty_can_be_used_again)
{
	struct lanes *l = open_lanes(1);

	for (int i = 1; i <= 100; i++) {
		push(l, 1, 5, i);
		expect_pops(l, 10 * i, IDS());
		expect_pops(l, 10 * i + 5, IDS(i));
		cr_expect_eq(lanes_waiting(l), 0);
	}
	finish(l);
}

/* --- removal ------------------------------------------------------------------------------- */

static void note_drop(struct lane_item *item, void *context)
{
	(void)context;
	((struct simulated_work *)item)->id = -((struct simulated_work *)item)->id;
}

Test(lanes, remove_hands_over_each_match_once)
{
	struct simulated_work works[12];
	struct lanes *l = open_lanes(2);
	int group = 1;

	for (int i = 0; i < 12; i++) {
		works[i] = (struct simulated_work){ .item = { .lane = i % 4, .work_ms = 100 },
						    .id = i + 1,
						    .group = i % 3 };
		cr_assert(lanes_push(l, &works[i].item));
	}
	cr_expect_null(lanes_pop_done(l, 0));
	lanes_remove(l, match_group, note_drop, &group);
	for (int i = 0; i < 12; i++)
		cr_expect_eq(works[i].id, works[i].group == 1 ? -(i + 1) : i + 1);
	cr_expect_eq(lanes_waiting(l), 8);
	lanes_remove(l, match_group, note_drop, &group);
	cr_expect_eq(lanes_waiting(l), 8, "they are no longer inside");
	lanes_close(l);
}

Test(lanes, remove_during_work_frees_the_place)
{
	struct lanes *l = open_lanes(1);

	push_group(l, 1, 10000, 1, 1);
	push(l, 2, 100, 2);
	expect_pops(l, 0, IDS());
	remove_group(l, 1);
	cr_expect_eq(lanes_in_work(l), 0);
	cr_expect_eq(lanes_waiting(l), 1);
	cr_expect_eq(lanes_next_due(l), INT64_MIN);
	expect_pops(l, 50, IDS());
	cr_expect_eq(lanes_next_due(l), 150);
	expect_pops(l, 150, IDS(2));
	finish(l);
}

Test(lanes, remove_keeps_the_due_times_of_the_others)
{
	struct lanes *l = open_lanes(8);

	for (int i = 1; i <= 8; i++)
		push_group(l, i, 10 * (9 - i), i, i % 2);
	expect_pops(l, 0, IDS());
	remove_group(l, 1); /* those due at 80, 60, 40, 20 go */
	cr_expect_eq(lanes_in_work(l), 4);
	for (int i = 8; i >= 2; i -= 2) {
		cr_expect_eq(lanes_next_due(l), 10 * (9 - i));
		expect_pops(l, 10 * (9 - i) - 1, IDS());
		expect_pops(l, 10 * (9 - i), IDS(i));
	}
	finish(l);
}

/* The item behind the one that was interrupted starts again, with its own work. */
Test(lanes, remove_of_a_head_in_work_lets_the_next_start)
{
	struct lanes *l = open_lanes(1);

	push_group(l, 1, 10000, 1, 1);
	push_group(l, 1, 30, 2, 0);
	push_group(l, 1, 5, 3, 1);
	push_group(l, 1, 5, 4, 0);
	expect_pops(l, 0, IDS());
	remove_group(l, 1);
	cr_expect_eq(lanes_waiting(l), 2);
	expect_pops(l, 100, IDS());
	expect_pops(l, 130, IDS(2));
	expect_pops(l, 135, IDS(4));
	finish(l);
}

Test(lanes, remove_behind_the_head_does_not_disturb_it)
{
	struct lanes *l = open_lanes(1);

	push_group(l, 1, 100, 1, 0);
	push_group(l, 1, 100, 2, 1);
	push_group(l, 1, 100, 3, 1);
	expect_pops(l, 0, IDS());
	remove_group(l, 1);
	cr_expect_eq(lanes_in_work(l), 1);
	cr_expect_eq(lanes_next_due(l), 100);
	push(l, 1, 0, 4);
	expect_pops(l, 100, IDS(1, 4));
	finish(l);
}

Test(lanes, remove_keeps_the_turns_of_the_ready)
{
	struct lanes *l = open_lanes(1);

	push_group(l, 1, 1000, 1, 1);
	push_group(l, 1, 0, 2, 0);
	push_group(l, 2, 0, 3, 1);
	push_group(l, 3, 0, 4, 0);
	push_group(l, 4, 0, 5, 0);
	expect_pops(l, 0, IDS());
	remove_group(l, 1);
	expect_pops(l, 0, IDS(4, 5, 2)); /* the lane that lost its place lines up last */
	push(l, 2, 0, 6);
	expect_pops(l, 0, IDS(6));
	finish(l);
}

Test(lanes, remove_of_all_and_on_from_there)
{
	struct lanes *l = open_lanes(2);

	lanes_remove(l, match_all, drop, NULL);
	for (int i = 1; i <= 6; i++)
		push(l, i % 4, 100, i);
	expect_pops(l, 0, IDS());
	lanes_remove(l, match_all, drop, NULL);
	cr_expect_eq(lanes_waiting(l), 0);
	cr_expect_eq(lanes_in_work(l), 0);
	expect_pops(l, 1000, IDS());
	push(l, 1, 0, 7);
	push(l, 2, 0, 8);
	cr_expect_eq(pop(l, 1000), 7);
	cr_expect_eq(pop(l, 1000), 8);
	finish(l);
}

/* --- against a naive reference ------------------------------------------------------------- */

#define MODEL_LANES 7
#define MODEL_ITEMS 64 /* in one lane */

/* The header's words in arrays: no heap, no hash, no pointers between them. */
struct model_lane {
	struct simulated_work *items[MODEL_ITEMS];
	size_t count;
	bool in_work;
	int64_t due;
	unsigned turn; /* when it became ready */
	size_t run;
};

struct model {
	struct model_lane lanes[MODEL_LANES];
	struct model_lane *running;
	size_t max_concurrency, run_max;
	unsigned turns;
};

static size_t model_in_work(const struct model *m)
{
	size_t n = 0;

	for (int i = 0; i < MODEL_LANES; i++)
		n += m->lanes[i].in_work;
	return n;
}

static size_t model_waiting(const struct model *m)
{
	size_t n = 0;

	for (int i = 0; i < MODEL_LANES; i++)
		n += m->lanes[i].count;
	return n;
}

static int64_t model_first_due(const struct model *m)
{
	int64_t due = INT64_MAX;

	for (int i = 0; i < MODEL_LANES; i++) {
		if (m->lanes[i].in_work && m->lanes[i].due < due)
			due = m->lanes[i].due;
	}
	return due;
}

static int64_t model_next_due(const struct model *m)
{
	size_t in_work = model_in_work(m);

	if (m->running)
		return INT64_MIN;
	for (int i = 0; i < MODEL_LANES && in_work < m->max_concurrency; i++) {
		if (m->lanes[i].count > 0 && !m->lanes[i].in_work)
			return INT64_MIN;
	}
	return model_first_due(m);
}

static void model_push(struct model *m, struct simulated_work *w)
{
	struct model_lane *lane = &m->lanes[w->item.lane];

	if (lane->count == 0)
		lane->turn = m->turns++;
	lane->items[lane->count++] = w;
}

static void model_start(struct model *m, int64_t now)
{
	while (model_in_work(m) + (m->running != NULL) < m->max_concurrency) {
		struct model_lane *first = NULL;

		for (int i = 0; i < MODEL_LANES; i++) {
			struct model_lane *lane = &m->lanes[i];

			if (lane->count > 0 && !lane->in_work && lane != m->running &&
			    (!first || lane->turn < first->turn))
				first = lane;
		}
		if (!first)
			return;
		first->in_work = true;
		first->due = now + first->items[0]->item.work_ms;
	}
}

static void model_end_turn(struct model *m, struct model_lane *lane)
{
	lane->run = 0;
	lane->turn = m->turns++;
}

static void model_go_on(struct model *m, struct model_lane *lane)
{
	m->running = NULL;
	if (lane->count > 0 && lane->items[0]->item.work_ms == 0 && ++lane->run < m->run_max)
		m->running = lane;
	else
		model_end_turn(m, lane);
}

static void model_expect_due(const struct model *m, const struct model_lane *lane, int64_t now)
{
	cr_assert(lane->in_work, "not in work");
	cr_assert_leq(lane->due, now, "not due");
	cr_assert_eq(lane->due, model_first_due(m), "another is due earlier");
}

/* What the lanes took out must be the next of a run, or a head that is due, and none is due
 * earlier. */
static void model_expect_pop(struct model *m, const struct lane_item *item, int64_t now)
{
	struct model_lane *lane;

	model_start(m, now);
	if (!item) {
		cr_assert_null(m->running, "a run has not ended");
		cr_assert_gt(model_first_due(m), now, "something is due");
		return;
	}
	lane = &m->lanes[item->lane];
	cr_assert(lane->count > 0 && item == &lane->items[0]->item, "not the head of its lane");
	if (m->running)
		cr_assert_eq(lane, m->running, "another lane's run");
	else
		model_expect_due(m, lane, now);
	lane->in_work = false;
	lane->count--;
	memmove(lane->items, lane->items + 1, lane->count * sizeof(lane->items[0]));
	model_go_on(m, lane);
}

/* How many lanes lose their place to a removal of group and line up again. */
static size_t model_requeued(const struct model *m, int group)
{
	size_t n = 0;

	for (int i = 0; i < MODEL_LANES; i++) {
		const struct model_lane *lane = &m->lanes[i];
		bool stays = false;

		for (size_t j = 0; j < lane->count; j++)
			stays |= lane->items[j]->group != group;
		n += lane->in_work && stays && lane->items[0]->group == group;
	}
	return n;
}

static size_t model_remove(struct model *m, int group)
{
	size_t removed = 0;

	if (m->running)
		model_end_turn(m, m->running);
	m->running = NULL;
	for (int i = 0; i < MODEL_LANES; i++) {
		struct model_lane *lane = &m->lanes[i];
		bool cut_off = lane->in_work && lane->items[0]->group == group;
		size_t kept = 0;

		for (size_t j = 0; j < lane->count; j++) {
			if (lane->items[j]->group != group)
				lane->items[kept++] = lane->items[j];
		}
		removed += lane->count - kept;
		lane->count = kept;
		if (cut_off) {
			lane->in_work = false;
			lane->turn = m->turns++;
		}
	}
	return removed;
}

struct removal {
	int group;
	size_t count;
};

static bool match_removal(const struct lane_item *item, void *context)
{
	return match_group(item, &((struct removal *)context)->group);
}

static void count_and_free(struct lane_item *item, void *context)
{
	struct removal *removal = context;

	cr_assert_eq(((struct simulated_work *)item)->group, removal->group,
		     "dropped without a match");
	removal->count++;
	free(item);
}

/* Whose turn it is among several that lost their place at once is nobody's promise: not played. */
static bool play_removal(struct lanes *l, struct model *m, int group)
{
	struct removal removal = { .group = group };
	size_t removed;

	if (model_requeued(m, group) > 1)
		return false;
	removed = model_remove(m, group);
	lanes_remove(l, match_removal, count_and_free, &removal);
	cr_assert_eq(removal.count, removed);
	return true;
}

static void play(size_t max_concurrency, size_t run_max, uint64_t seed, size_t *done,
		 size_t *removals)
{
	struct model model = { .max_concurrency = max_concurrency, .run_max = run_max };
	struct lanes *l = open_lanes_with_runs(max_concurrency, run_max);
	int64_t now = 1000;

	for (int step = 0; step < 20000; step++) {
		unsigned what = random_below(&seed, 100);

		if (what < 40) {
			unsigned lane = random_below(&seed, MODEL_LANES);
			struct simulated_work *w =
				new_work(lane, random_below(&seed, 3) ? random_below(&seed, 30) : 0,
					 step, (int)random_below(&seed, 6));

			if (model.lanes[lane].count == MODEL_ITEMS) {
				free(w);
				continue;
			}
			cr_assert(lanes_push(l, &w->item));
			model_push(&model, w);
		} else if (what < 95) {
			struct lane_item *item = lanes_pop_done(l, now);

			model_expect_pop(&model, item, now);
			*done += item != NULL;
			free(item);
			if (!item)
				now += random_below(&seed, 12);
		} else {
			*removals += play_removal(l, &model, (int)random_below(&seed, 6));
		}
		cr_assert_eq(lanes_in_work(l), model_in_work(&model), "step %d", step);
		cr_assert_eq(lanes_waiting(l), model_waiting(&model), "step %d", step);
		cr_assert_eq(lanes_next_due(l), model_next_due(&model), "step %d", step);
	}
	finish(l);
}

Test(lanes, behave_as_the_naive_reference)
{
	static const size_t concurrencies[] = { 1, 2, 3, 5, MODEL_LANES, 100 };
	static const size_t runs[] = { 1, 2, 3, 1000 };
	size_t done = 0, removals = 0;

	for (size_t i = 0; i < COUNT_OF(concurrencies); i++) {
		for (uint64_t seed = 1; seed <= 8; seed++)
			play(concurrencies[i], runs[seed % COUNT_OF(runs)], seed, &done, &removals);
	}
	cr_expect(done > 20000 && removals > 5000, "%zu done, %zu removals", done, removals);
}

Test(lanes, what_can_start_is_due_now)
{
	struct lanes *l = open_lanes(1);

	cr_expect_eq(lanes_next_due(l), INT64_MAX);
	for (int i = 1; i <= 2; i++)
		push(l, 1, 0, i);
	cr_expect_eq(lanes_next_due(l), INT64_MIN);
	cr_expect_eq(pop(l, 5), 1);
	cr_expect_eq(lanes_next_due(l), INT64_MIN, "the lane's next one waits for nothing");
	cr_expect_eq(pop(l, 5), 2);
	cr_expect_eq(lanes_next_due(l), INT64_MAX);
	push(l, 1, 10, 3);
	push(l, 2, 10, 4);
	expect_pops(l, 5, IDS());
	cr_expect_eq(lanes_next_due(l), 15, "no more than one may be in work");
	finish(l);
}

/* --- work of an open end --------------------------------------------------------------------- */

static struct simulated_work *push_open_end(struct lanes *l, int64_t lane, int id, int group)
{
	struct simulated_work *w = new_work(lane, LANE_UNTIL_FINISHED, id, group);

	cr_assert(lanes_push(l, &w->item));
	return w;
}

Test(lanes, an_open_end_is_done_when_somebody_says_so)
{
	struct lanes *l = open_lanes(2);
	struct simulated_work *first = push_open_end(l, 1, 1, 0),
			      *second = push_open_end(l, 2, 2, 0);
	struct simulated_work *third = push_open_end(l, 1, 4, 0);

	expect_pops(l, 1000, IDS());
	cr_expect_eq(started_sum, 3, "two may be in work, and one of a lane");
	cr_expect_eq(lanes_next_due(l), INT64_MAX);
	lanes_finish(l, &second->item);
	expect_pops(l, 1000, IDS(2));
	cr_expect_eq(started_sum, 3);
	lanes_finish(l, &first->item);
	expect_pops(l, 1001, IDS(1));
	cr_expect_eq(started_sum, 7);
	lanes_finish(l, &third->item);
	expect_pops(l, 1001, IDS(4));
	finish(l);
}

Test(lanes, an_open_end_does_not_hold_up_due_times)
{
	struct lanes *l = open_lanes(10);
	struct simulated_work *open_end[3];

	for (int i = 0; i < 3; i++)
		open_end[i] = push_open_end(l, i, 10 + i, 0);
	for (int i = 0; i < 3; i++)
		push(l, 10 + i, 30 - 10 * i, 1 + i);
	expect_pops(l, 0, IDS());
	cr_expect_eq(lanes_next_due(l), 10);
	lanes_finish(l, &open_end[1]->item);
	cr_expect_leq(lanes_next_due(l), 0, "it is done at once");
	expect_pops(l, 20, IDS(11, 3, 2));
	lanes_finish(l, &open_end[2]->item);
	cr_expect_eq(lanes_in_work(l), 3);
	expect_pops(l, 20, IDS(12));
	lanes_finish(l, &open_end[0]->item);
	expect_pops(l, 20, IDS(10));
	expect_pops(l, 30, IDS(1));
	finish(l);
}

Test(lanes, an_open_end_survives_a_removal_of_others)
{
	struct lanes *l = open_lanes(10);
	struct simulated_work *stays[4];

	for (int i = 0; i < 4; i++) {
		(void)push_open_end(l, i, 100 + i, 1);
		stays[i] = push_open_end(l, 10 + i, 1 + i, 0);
	}
	expect_pops(l, 0, IDS());
	remove_group(l, 1);
	cr_expect_eq(lanes_in_work(l), 4);
	for (int i = 3; i >= 0; i--) {
		lanes_finish(l, &stays[i]->item);
		expect_pops(l, 1, IDS(1 + i));
	}
	finish(l);
}
