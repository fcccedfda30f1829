/* The positions as a batch leaves them: one of each partition that moves, with what was worked and
 * what was skipped, and nothing that is still in flight. */
#include "delivery-service/core/commit_plan.h"
#include "tests/unit/unit.h"

TestSuite(plan, .init = unit_deadline);

static struct partitions partitions;

static struct partition *add(int32_t number, int64_t next, int64_t epoch)
{
	struct offset_tracker tracker;
	struct partition *p;

	offset_tracker_init(&tracker, next);
	p = partitions_add(&partitions, number, (struct partition_claim){ epoch, 0 }, &tracker);
	cr_assert_not_null(p);
	return p;
}

static struct event_record *take_in(int32_t partition, int64_t offset)
{
	struct event_record *record = calloc(1, sizeof(*record));

	cr_assert(record);
	*record = (struct event_record){ .at = { partition, offset }, .end = offset + 1 };
	partition_enqueue(partitions_find(&partitions, partition), record);
	return record;
}

static void change(struct commit_plan *plan, struct event_record *const *events, size_t count)
{
	struct error err;

	cr_assert_eq(commit_plan_make(plan, &partitions, events, count, &err), ST_OK);
}

/* As the loop does after a commit. */
static void commit(struct commit_plan *plan, struct event_record **events, size_t count)
{
	commit_plan_apply(plan, &partitions);
	commit_plan_fini(plan);
	for (size_t i = 0; i < count; i++)
		free(events[i]);
}

static void write_events(struct event_record **events, size_t count)
{
	struct commit_plan plan;

	change(&plan, events, count);
	commit(&plan, events, count);
}

/* "7: 9-12": next, and the ranges with their ends. */
static const char *progress_of(int32_t number)
{
	const struct offset_tracker *p = &partitions_find(&partitions, number)->tracker;
	static char text[500];
	int len = snprintf(text, sizeof(text), "%lld:", (long long)p->next);

	for (size_t i = 0; i < p->count; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, " %lld-%lld",
				(long long)p->ranges[i].first, (long long)p->ranges[i].end);
	return text;
}

Test(plan, nothing_moves_nothing)
{
	struct commit_plan plan;
	struct event_record *held;

	change(&plan, NULL, 0);
	cr_expect_eq(plan.count, 0);
	commit_plan_fini(&plan);
	(void)add(0, 5, 1);
	held = take_in(0, 5);
	partition_skip(partitions_find(&partitions, 0), 9);
	change(&plan, NULL, 0);
	cr_expect_eq(plan.count, 0, "what is in flight is not done");
	commit_plan_fini(&plan);
	commit_plan_fini(&plan);
	free(held);
	partitions_fini(&partitions);
}

/* Worked in any order, of several partitions, and one that does not move. */
Test(plan, one_for_each_partition_that_moves)
{
	struct commit_plan plan;
	struct event_record *events[5];

	(void)add(4, 100, 40);
	(void)add(5, 0, 50);
	(void)add(6, 7, 60);
	events[1] = take_in(4, 100);
	events[4] = take_in(4, 101);
	events[0] = take_in(4, 102);
	events[3] = take_in(6, 7);
	events[2] = take_in(6, 9);
	change(&plan, events, 5);
	cr_assert_eq(plan.count, 2);
	cr_expect_eq(plan.list[0].partition, 4);
	cr_expect_eq(plan.list[0].claim.epoch, 40);
	cr_expect_eq(plan.list[0].change.after.next, 103);
	cr_expect_not(plan.list[0].fenced);
	cr_expect_eq(plan.list[1].partition, 6);
	cr_expect_eq(plan.list[1].claim.epoch, 60);
	expect_text(progress_of(4), "100:");
	commit(&plan, events, 5);
	expect_text(progress_of(4), "103:");
	expect_text(progress_of(5), "0:");
	expect_text(progress_of(6), "8: 9-10");
	partitions_fini(&partitions);
}

/* The log went back from 6 to 2: what is in flight before 2 is done by its events, what comes again
 * is not. Its partition is in the plan, which looks at the fence. */
Test(plan, an_event_does_no_offset_that_comes_again)
{
	struct commit_plan plan;
	struct event_record *before[4], *after[3];
	struct partition *p = add(0, 0, 1);

	for (int64_t offset = 0; offset < 4; offset++)
		before[offset] = take_in(0, offset);
	partition_skip(p, 6);
	write_events(before + 3, 1);
	expect_text(progress_of(0), "0: 3-6");
	p->tracker.commits = 4;
	partition_read_on(p, 2);
	expect_text(progress_of(0), "0:");
	cr_expect_eq(p->tracker.commits, 4);
	cr_expect_eq(p->next_read, 2);
	cr_expect_eq(p->in_flight.events, 4, "it goes on");
	for (int64_t offset = 2; offset < 5; offset++)
		after[offset - 2] = take_in(0, offset);
	change(&plan, before + 2, 1);
	cr_assert_eq(plan.count, 1);
	commit(&plan, before + 2, 1);
	expect_text(progress_of(0), "0:");
	write_events(after + 1, 1);
	expect_text(progress_of(0), "0: 3-4");
	write_events(before, 2);
	expect_text(progress_of(0), "2: 3-4");
	write_events(after, 1);
	write_events(after + 2, 1);
	expect_text(progress_of(0), "5:");
	partitions_fini(&partitions);
}

/* It goes back again, to another place, while an event of each lap is in flight. */
Test(plan, a_log_that_goes_back_often)
{
	static const int64_t laps[] = { 8, 5, 6, 6, 4, 6 };
	enum { LAPS = sizeof(laps) / sizeof(laps[0]) };
	struct event_record *events[LAPS + 1];
	struct partition *p = add(0, 3, 1);

	for (int lap = 0; lap <= LAPS; lap++) {
		if (lap > 0)
			partition_read_on(p, laps[lap - 1]);
		events[lap] = take_in(0, p->next_read); /* 3, 8, 5, 6, 6, 4, 6 */
		partition_skip(p, 9);
	}
	write_events(events, LAPS);
	expect_text(progress_of(0), "6:");
	write_events(events + LAPS, 1);
	expect_text(progress_of(0), "9:");
	partitions_fini(&partitions);
}

/* It goes back into the midst of what is done: that stays done up to there. */
Test(plan, a_log_that_goes_back_into_a_range)
{
	struct event_record *events[4], *again;
	struct partition *p = add(0, 0, 1);

	for (int64_t offset = 0; offset < 4; offset++)
		events[offset] = take_in(0, offset);
	write_events(events + 1, 3);
	expect_text(progress_of(0), "0: 1-4");
	partition_read_on(p, 3);
	expect_text(progress_of(0), "0: 1-3");
	write_events(events, 1);
	expect_text(progress_of(0), "3:");
	again = take_in(0, 3);
	write_events(&again, 1);
	expect_text(progress_of(0), "4:");
	cr_expect_eq(p->unwritten, 5, "the writer counts them, not the plan");
	partitions_fini(&partitions);
}

/* The latest event of the partition is not the one that is done at its offset. */
Test(plan, an_earlier_event_at_the_offset_of_the_latest)
{
	struct commit_plan plan;
	struct event_record *first, *second;
	struct partition *p = add(0, 0, 1);

	first = take_in(0, 0);
	for (int lap = 0; lap <= PARTITION_LAPS; lap++)
		partition_read_on(p, lap == 0 ? 0 : 1);
	p->next_read = 0;
	second = take_in(0, 0);
	change(&plan, &first, 1);
	cr_expect_null(p->sent.last);
	commit(&plan, &first, 1);
	cr_expect_eq(p->last, second);
	free(second);
	partitions_fini(&partitions);
}

/* Only the first events of a batch, when one of it is looked for that the database refuses. */
Test(plan, a_part_of_the_batch)
{
	struct event_record *events[3];

	(void)add(0, 0, 1);
	events[2] = take_in(0, 0);
	events[0] = take_in(0, 1);
	events[1] = take_in(0, 2);
	write_events(events, 1);
	expect_text(progress_of(0), "0: 1-2");
	write_events(events + 1, 2);
	expect_text(progress_of(0), "3:");
	partitions_fini(&partitions);
}

/* A plan that came to nothing changes nothing, and what was passed is not lost. */
Test(plan, a_failed_write_is_planned_again)
{
	struct commit_plan plan;
	struct event_record *events[2];
	struct partition *p = add(0, 0, 1);

	partition_skip(p, 3);
	events[0] = take_in(0, 3);
	partition_skip(p, 5);
	change(&plan, events, 1);
	cr_expect_eq(plan.list[0].change.after.next, 5);
	commit_plan_fini(&plan);
	expect_text(progress_of(0), "0:");
	partition_skip(p, 6);
	events[1] = take_in(0, 6);
	write_events(events, 2);
	expect_text(progress_of(0), "7:");
	cr_expect_eq(p->skipped_range.first, p->skipped_range.end);
	partitions_fini(&partitions);
}

Test(plan, what_was_passed_moves_alone)
{
	struct partition *p = add(0, 0, 1);
	struct event_record *slow;

	partition_skip(p, 3);
	write_events(NULL, 0);
	expect_text(progress_of(0), "3:");
	slow = take_in(0, 3);
	partition_skip(p, 8);
	write_events(NULL, 0);
	expect_text(progress_of(0), "3:");
	write_events(&slow, 1);
	expect_text(progress_of(0), "8:");
	partitions_fini(&partitions);
}

/* Between slow events that others' messages follow there is one range for each event that is done,
 * not one for each message. */
Test(plan, skipped_messages_make_no_ranges_of_their_own)
{
	struct partition *p = add(0, 0, 1);
	struct event_record *slow[2], *done;

	slow[0] = take_in(0, 0);
	partition_skip(p, 10);
	write_events(NULL, 0);
	expect_text(progress_of(0), "0:");
	done = take_in(0, 10);
	partition_skip(p, 15);
	write_events(&done, 1);
	expect_text(progress_of(0), "0: 10-15");
	partition_skip(p, 20);
	write_events(NULL, 0);
	expect_text(progress_of(0), "0: 10-20");
	slow[1] = take_in(0, 20);
	partition_skip(p, 30);
	done = take_in(0, 30);
	write_events(&done, 1);
	expect_text(progress_of(0), "0: 10-20 30-31");
	write_events(slow, 1);
	expect_text(progress_of(0), "20: 30-31");
	write_events(slow + 1, 1);
	expect_text(progress_of(0), "31:");
	partitions_fini(&partitions);
}

/* What comes while the database is away: an event in work is not done because others behind it,
 * and others' messages, are. */
Test(plan, writes_fail_while_messages_come)
{
	struct commit_plan plan;
	struct event_record *slow, *done;
	struct partition *p = add(0, 5, 1);

	for (int64_t offset = 5; offset < 7; offset++) {
		partition_skip(p, offset + 1);
		change(&plan, NULL, 0);
		commit_plan_fini(&plan);
	}
	slow = take_in(0, 7);
	done = take_in(0, 8);
	change(&plan, &done, 1);
	partition_skip(p, 10);
	commit_plan_fini(&plan);
	partition_skip(p, 11);
	write_events(&done, 1);
	write_events(NULL, 0);
	expect_text(progress_of(0), "7: 8-11");
	write_events(&slow, 1);
	expect_text(progress_of(0), "11:");
	partitions_fini(&partitions);
}

/* --- at random ----------------------------------------------------------------------------- */

enum { PARTITIONS = 3, OFFSETS = 200, IN_HAND = 40 };

/* An event is done when a write that has it was committed, and then only. When a message is done
 * that needs no work matters only at the end. */
struct model {
	bool read[OFFSETS];
	bool is_event[OFFSETS];
	bool done[OFFSETS];
};

static struct model models[PARTITIONS];
static struct event_record *in_hand[IN_HAND]; /* first those that are worked, and not written */
static size_t in_hand_count, worked_count;

static void read_on(uint64_t *seed, int32_t number)
{
	struct partition *p = partitions_find(&partitions, number);
	struct model *m = &models[number];
	int64_t at = p->next_read;

	if (at >= OFFSETS)
		return;
	m->read[at] = true;
	m->is_event[at] = in_hand_count < IN_HAND && random_below(seed, 3) == 0;
	if (m->is_event[at])
		in_hand[in_hand_count++] = take_in(number, at);
	else
		partition_skip(p, at + 1);
}

static void read_some(uint64_t *seed)
{
	for (unsigned more = random_below(seed, 5); more > 0; more--)
		read_on(seed, (int32_t)random_below(seed, PARTITIONS));
}

static void work(uint64_t *seed)
{
	size_t at = worked_count + random_below(seed, (unsigned)(in_hand_count - worked_count));
	struct event_record *record = in_hand[at];

	partition_done(partitions_find(&partitions, record->at.partition), record);
	in_hand[at] = in_hand[worked_count];
	in_hand[worked_count++] = record;
}

/* Ranges there are only where an event is in flight. */
static void compare(int32_t number)
{
	const struct partition *p = partitions_find(&partitions, number);
	const struct model *m = &models[number];
	size_t events = 0;

	for (int64_t at = 0; at < OFFSETS; at++) {
		bool done = offset_tracker_is_done(&p->tracker, at);

		cr_assert(m->read[at] || !done, "%lld in %s", (long long)at, progress_of(number));
		cr_assert(!m->is_event[at] || m->done[at] == done, "%lld in %s", (long long)at,
			  progress_of(number));
		events += m->is_event[at] && !done;
	}
	cr_assert_leq(p->tracker.count, events + 1, "%s", progress_of(number));
}

/* The first ones of what is worked. While the write is under way, and when it has failed, messages
 * are received. */
static void write_some(uint64_t *seed)
{
	size_t count = random_below(seed, 4) ? worked_count : worked_count > 0;
	struct commit_plan plan;

	change(&plan, in_hand, count);
	read_some(seed);
	if (random_below(seed, 3) == 0) {
		commit_plan_fini(&plan);
		return;
	}
	for (size_t i = 0; i < count; i++)
		models[in_hand[i]->at.partition].done[in_hand[i]->at.offset] = true;
	commit(&plan, in_hand, count);
	in_hand_count -= count;
	worked_count -= count;
	memmove(in_hand, in_hand + count, in_hand_count * sizeof(in_hand[0]));
}

static bool all_done(void)
{
	bool done = in_hand_count == 0;

	for (int32_t n = 0; n < PARTITIONS; n++)
		done &= partitions_find(&partitions, n)->tracker.next == OFFSETS;
	return done;
}

Test(plan, any_history_is_done_exactly)
{
	enum { ROUNDS = 200, STEPS_MAX = 100000 };
	uint64_t seed = 9;

	for (int round = 0; round < ROUNDS; round++) {
		memset(models, 0, sizeof(models));
		for (int32_t n = 0; n < PARTITIONS; n++)
			(void)add(n, 0, n);
		for (int i = 0; !all_done(); i++) {
			cr_assert_lt(i, STEPS_MAX, "it does not end");
			read_some(&seed);
			if (worked_count < in_hand_count && random_below(&seed, 2))
				work(&seed);
			if (random_below(&seed, 4) == 0)
				write_some(&seed);
			for (int32_t n = 0; n < PARTITIONS; n++)
				compare(n);
		}
		for (int32_t n = 0; n < PARTITIONS; n++) {
			cr_assert_eq(partitions_find(&partitions, n)->in_flight.events, 0);
			cr_assert_eq(partitions_find(&partitions, n)->tracker.count, 0);
			cr_assert_not(partitions_skipped(&partitions));
		}
		partitions_fini(&partitions);
	}
}
