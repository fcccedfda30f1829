/* The positions as a batch leaves them: one of each partition that moves, with what was worked and
 * what was passed, and nothing that is still in hand. */
#include "delivery-service/core/commit_plan.h"
#include "tests/unit/unit.h"

TestSuite(positions, .init = unit_deadline);

static struct partitions partitions;

static struct partition *add(int32_t number, int64_t next, int64_t epoch)
{
	struct progress progress;
	struct partition *p;

	progress_init(&progress, next);
	p = partitions_add(&partitions, number, epoch, &progress);
	cr_assert_not_null(p);
	return p;
}

static struct inbound *take_in(int32_t partition, int64_t offset)
{
	struct inbound *in = calloc(1, sizeof(*in));

	cr_assert(in);
	*in = (struct inbound){ .place = { partition, offset }, .end = offset + 1 };
	partition_hold(partitions_find(&partitions, partition), in);
	return in;
}

static void plan(struct delivery_positions *positions, struct inbound *const *events, size_t count)
{
	struct error err;

	cr_assert_eq(positions_plan(positions, &partitions, events, count, &err), ST_OK);
}

/* As the loop does after a commit. */
static void commit(struct delivery_positions *positions, struct inbound **events, size_t count)
{
	positions_take(positions, &partitions);
	positions_fini(positions);
	for (size_t i = 0; i < count; i++)
		free(events[i]);
}

static void write_events(struct inbound **events, size_t count)
{
	struct delivery_positions positions;

	plan(&positions, events, count);
	commit(&positions, events, count);
}

/* "7: 9-12": next, and the ranges with their ends. */
static const char *progress_of(int32_t number)
{
	const struct progress *p = &partitions_find(&partitions, number)->progress;
	static char text[500];
	int len = snprintf(text, sizeof(text), "%lld:", (long long)p->next);

	for (size_t i = 0; i < p->count; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, " %lld-%lld",
				(long long)p->ranges[i].first, (long long)p->ranges[i].end);
	return text;
}

Test(positions, nothing_moves_nothing)
{
	struct delivery_positions positions;
	struct inbound *held;

	plan(&positions, NULL, 0);
	cr_expect_eq(positions.count, 0);
	positions_fini(&positions);
	(void)add(0, 5, 1);
	held = take_in(0, 5);
	partition_pass(partitions_find(&partitions, 0), 9);
	plan(&positions, NULL, 0);
	cr_expect_eq(positions.count, 0, "what is in hand is not done");
	positions_fini(&positions);
	positions_fini(&positions);
	free(held);
	partitions_fini(&partitions);
}

/* Worked in any order, of several partitions, and one that does not move. */
Test(positions, one_for_each_partition_that_moves)
{
	struct delivery_positions positions;
	struct inbound *events[5];

	(void)add(4, 100, 40);
	(void)add(5, 0, 50);
	(void)add(6, 7, 60);
	events[1] = take_in(4, 100);
	events[4] = take_in(4, 101);
	events[0] = take_in(4, 102);
	events[3] = take_in(6, 7);
	events[2] = take_in(6, 9);
	plan(&positions, events, 5);
	cr_assert_eq(positions.count, 2);
	cr_expect_eq(positions.list[0].partition, 4);
	cr_expect_eq(positions.list[0].epoch, 40);
	cr_expect_eq(positions.list[0].plan.after.next, 103);
	cr_expect_not(positions.list[0].fenced);
	cr_expect_eq(positions.list[1].partition, 6);
	cr_expect_eq(positions.list[1].epoch, 60);
	expect_text(progress_of(4), "100:");
	commit(&positions, events, 5);
	expect_text(progress_of(4), "103:");
	expect_text(progress_of(5), "0:");
	expect_text(progress_of(6), "8: 9-10");
	partitions_fini(&partitions);
}

/* Only the first events of a batch, when one of it is looked for that the database refuses. */
Test(positions, a_part_of_the_batch)
{
	struct inbound *events[3];

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
Test(positions, a_failed_write_is_planned_again)
{
	struct delivery_positions positions;
	struct inbound *events[2];
	struct partition *p = add(0, 0, 1);

	partition_pass(p, 3);
	events[0] = take_in(0, 3);
	partition_pass(p, 5);
	plan(&positions, events, 1);
	cr_expect_eq(positions.list[0].plan.after.next, 5);
	positions_fini(&positions);
	expect_text(progress_of(0), "0:");
	partition_pass(p, 6);
	events[1] = take_in(0, 6);
	write_events(events, 2);
	expect_text(progress_of(0), "7:");
	cr_expect_eq(p->passed.first, p->passed.end);
	partitions_fini(&partitions);
}

Test(positions, what_was_passed_moves_alone)
{
	struct partition *p = add(0, 0, 1);
	struct inbound *slow;

	partition_pass(p, 3);
	write_events(NULL, 0);
	expect_text(progress_of(0), "3:");
	slow = take_in(0, 3);
	partition_pass(p, 8);
	write_events(NULL, 0);
	expect_text(progress_of(0), "3:");
	write_events(&slow, 1);
	expect_text(progress_of(0), "8:");
	partitions_fini(&partitions);
}

/* Between slow events that others' messages follow there is one range for each event that is done,
 * not one for each message. */
Test(positions, skipped_messages_make_no_ranges_of_their_own)
{
	struct partition *p = add(0, 0, 1);
	struct inbound *slow[2], *done;

	slow[0] = take_in(0, 0);
	partition_pass(p, 10);
	write_events(NULL, 0);
	expect_text(progress_of(0), "0:");
	done = take_in(0, 10);
	partition_pass(p, 15);
	write_events(&done, 1);
	expect_text(progress_of(0), "0: 10-15");
	partition_pass(p, 20);
	write_events(NULL, 0);
	expect_text(progress_of(0), "0: 10-20");
	slow[1] = take_in(0, 20);
	partition_pass(p, 30);
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
Test(positions, writes_fail_while_messages_come)
{
	struct delivery_positions positions;
	struct inbound *slow, *done;
	struct partition *p = add(0, 5, 1);

	for (int64_t offset = 5; offset < 7; offset++) {
		partition_pass(p, offset + 1);
		plan(&positions, NULL, 0);
		positions_fini(&positions);
	}
	slow = take_in(0, 7);
	done = take_in(0, 8);
	plan(&positions, &done, 1);
	partition_pass(p, 10);
	positions_fini(&positions);
	partition_pass(p, 11);
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
static struct inbound *in_hand[IN_HAND]; /* first those that are worked, and not written */
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
		partition_pass(p, at + 1);
}

static void read_some(uint64_t *seed)
{
	for (unsigned more = random_below(seed, 5); more > 0; more--)
		read_on(seed, (int32_t)random_below(seed, PARTITIONS));
}

static void work(uint64_t *seed)
{
	size_t at = worked_count + random_below(seed, (unsigned)(in_hand_count - worked_count));
	struct inbound *in = in_hand[at];

	partition_worked(partitions_find(&partitions, in->place.partition), in);
	in_hand[at] = in_hand[worked_count];
	in_hand[worked_count++] = in;
}

/* Ranges there are only where an event is in hand. */
static void compare(int32_t number)
{
	const struct partition *p = partitions_find(&partitions, number);
	const struct model *m = &models[number];
	size_t events = 0;

	for (int64_t at = 0; at < OFFSETS; at++) {
		bool done = progress_is_done(&p->progress, at);

		cr_assert(m->read[at] || !done, "%lld in %s", (long long)at, progress_of(number));
		cr_assert(!m->is_event[at] || m->done[at] == done, "%lld in %s", (long long)at,
			  progress_of(number));
		events += m->is_event[at] && !done;
	}
	cr_assert_leq(p->progress.count, events + 1, "%s", progress_of(number));
}

/* The first ones of what is worked. While the write is under way, and when it has failed, messages
 * are taken in. */
static void write_some(uint64_t *seed)
{
	size_t count = random_below(seed, 4) ? worked_count : worked_count > 0;
	struct delivery_positions positions;

	plan(&positions, in_hand, count);
	read_some(seed);
	if (random_below(seed, 3) == 0) {
		positions_fini(&positions);
		return;
	}
	for (size_t i = 0; i < count; i++)
		models[in_hand[i]->place.partition].done[in_hand[i]->place.offset] = true;
	commit(&positions, in_hand, count);
	in_hand_count -= count;
	worked_count -= count;
	memmove(in_hand, in_hand + count, in_hand_count * sizeof(in_hand[0]));
}

static bool all_done(void)
{
	bool done = in_hand_count == 0;

	for (int32_t n = 0; n < PARTITIONS; n++)
		done &= partitions_find(&partitions, n)->progress.next == OFFSETS;
	return done;
}

Test(positions, any_history_is_done_exactly)
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
			cr_assert_eq(partitions_find(&partitions, n)->held_events, 0);
			cr_assert_eq(partitions_find(&partitions, n)->progress.count, 0);
			cr_assert_not(partitions_passed(&partitions));
		}
		partitions_fini(&partitions);
	}
}
