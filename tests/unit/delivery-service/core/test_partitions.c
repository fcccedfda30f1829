/* The partitions of a replica: found, added, removed, and what of each is in hand. */
#include "delivery-service/core/partitions.h"
#include "tests/unit/unit.h"

TestSuite(partitions, .init = unit_deadline);

static struct partition *add(struct partitions *ps, int32_t number, int64_t next, int64_t epoch)
{
	struct progress progress;
	struct partition *p;

	progress_init(&progress, next);
	p = partitions_add(ps, number, epoch, &progress);
	cr_assert_not_null(p);
	return p;
}

Test(partitions, add_and_find)
{
	struct partitions ps = { 0 };
	const struct partition *p;

	cr_expect_null(partitions_find(&ps, 0));
	(void)add(&ps, 3, 100, 7);
	(void)add(&ps, 0, 0, 8);
	cr_expect_eq(ps.count, 2);
	p = partitions_find(&ps, 3);
	cr_assert_not_null(p);
	cr_expect_eq(p->number, 3);
	cr_expect_eq(p->epoch, 7);
	cr_expect_eq(p->next_read, 100);
	cr_expect_eq(p->progress.next, 100);
	cr_expect_eq(p->held_events, 0);
	cr_expect_eq(p->held_bytes, 0);
	cr_expect_not(p->paused);
	p = partitions_find(&ps, 0);
	cr_assert_not_null(p);
	cr_expect_eq(p->epoch, 8);
	cr_expect_null(partitions_find(&ps, 1));
	cr_expect_null(partitions_find(&ps, -1));
	partitions_fini(&ps);
}

/* Reading begins at the gap, not behind what is done above it. */
Test(partitions, add_takes_the_progress_over)
{
	struct partitions ps = { 0 };
	struct progress progress;
	struct partition *p;

	progress_init(&progress, 100);
	cr_assert(progress_restore(&progress, (struct offset_range){ 105, 110 }));
	p = partitions_add(&ps, 0, 1, &progress);
	cr_assert_not_null(p);
	cr_expect_null(progress.ranges, "owned twice");
	cr_expect_eq(p->next_read, 100);
	cr_expect(progress_is_done(&p->progress, 107));
	cr_expect_not(progress_is_done(&p->progress, 104));
	partitions_fini(&ps);
}

Test(partitions, added_again_starts_anew)
{
	struct inbound in = { .place = { 3, 100 }, .end = 150, .payload_len = 500 };
	struct partitions ps = { 0 };
	struct partition *p = add(&ps, 3, 100, 7);

	cr_assert(progress_restore(&p->progress, (struct offset_range){ 160, 161 }));
	partition_hold(p, &in);
	p->paused = true;
	p->reclaim_at_mono_ms = 1;
	p = add(&ps, 3, 120, 9);
	cr_expect_eq(ps.count, 1);
	cr_expect_eq(p, partitions_find(&ps, 3));
	cr_expect_eq(p->epoch, 9);
	cr_expect_eq(p->next_read, 120);
	cr_expect_eq(p->progress.next, 120);
	cr_expect_eq(p->progress.count, 0);
	cr_expect_eq(p->held_events, 0);
	cr_expect_eq(p->held_bytes, 0);
	cr_expect_null(p->last);
	cr_expect_not(p->paused);
	cr_expect_eq(p->reclaim_at_mono_ms, 0);
	partitions_fini(&ps);
}

Test(partitions, remove_keeps_the_others)
{
	for (int32_t removed = 0; removed < 3; removed++) {
		struct partitions ps = { 0 };

		for (int32_t i = 0; i < 3; i++) {
			struct partition *p = add(&ps, i, 10 * i, i);

			cr_assert(progress_restore(&p->progress, (struct offset_range){ 50, 51 }));
		}
		partitions_remove(&ps, removed);
		cr_expect_eq(ps.count, 2);
		for (int32_t i = 0; i < 3; i++) {
			const struct partition *p = partitions_find(&ps, i);

			cr_expect_eq(p == NULL, i == removed, "%d after %d went", i, removed);
			cr_expect(!p || (p->epoch == i && p->progress.next == 10 * i &&
					 progress_is_done(&p->progress, 50)));
		}
		partitions_remove(&ps, removed);
		partitions_remove(&ps, 99);
		cr_expect_eq(ps.count, 2);
		partitions_fini(&ps);
	}
}

Test(partitions, remove_from_none)
{
	struct partitions ps = { 0 };

	partitions_remove(&ps, 0);
	cr_expect_eq(ps.count, 0);
	partitions_fini(&ps);
}

Test(partitions, many_come_and_go)
{
	struct partitions ps = { 0 };
	bool owned[200] = { false };
	size_t count = 0;
	uint64_t seed = 5;

	for (int i = 0; i < 20000; i++) {
		int32_t number = (int32_t)random_below(&seed, COUNT_OF(owned));

		if (random_below(&seed, 2)) {
			(void)add(&ps, number, number * 3, number);
			count += !owned[number];
			owned[number] = true;
		} else {
			partitions_remove(&ps, number);
			count -= owned[number];
			owned[number] = false;
		}
		cr_assert_eq(ps.count, count);
		number = (int32_t)random_below(&seed, COUNT_OF(owned));
		cr_assert_eq(partitions_find(&ps, number) != NULL, owned[number]);
		cr_assert(!owned[number] || partitions_find(&ps, number)->next_read == number * 3);
	}
	partitions_fini(&ps);
	cr_expect_eq(ps.count, 0);
	partitions_fini(&ps);
}

/* --- in hand ------------------------------------------------------------------------------- */

static struct inbound event_at(int64_t offset, uint32_t payload_len)
{
	return (struct inbound){ .place = { 0, offset },
				 .end = offset + 1,
				 .payload_len = payload_len };
}

/* What is held is what has been taken in and not been worked; it may be written much later. */
Test(partitions, held_until_worked)
{
	struct inbound first = event_at(5, 100), second = event_at(6, 30);
	struct partitions ps = { 0 };
	struct partition *p = add(&ps, 0, 5, 1);

	partition_hold(p, &first);
	cr_expect_eq(p->next_read, 6);
	partition_hold(p, &second);
	cr_expect_eq(p->next_read, 7);
	cr_expect_eq(p->held_events, 2);
	cr_expect_eq(p->held_bytes, 2 * sizeof(first) + 130);
	partition_worked(p, &first);
	cr_expect_eq(p->held_events, 1);
	cr_expect_eq(p->held_bytes, sizeof(first) + 30);
	partition_send(p, NULL);
	partition_committed(p);
	cr_expect_eq(p->held_events, 1, "counted twice");
	cr_expect_eq(p->last, &second);
	partition_worked(p, &second);
	cr_expect_eq(p->held_events, 0);
	partition_send(p, &second);
	cr_expect_eq(p->last, &second, "the write may fail");
	partition_committed(p);
	cr_expect_null(p->last, "it is freed now");
	partitions_fini(&ps);
}

static void expect_passed(const struct partitions *ps, int64_t first, int64_t end)
{
	const struct offset_range *passed = &partitions_find(ps, 0)->passed;

	cr_expect_eq(partitions_passed(ps), first != end);
	if (first == end)
		cr_expect_eq(passed->first, passed->end, "%lld-%lld", (long long)passed->first,
			     (long long)passed->end);
	else
		cr_expect(passed->first == first && passed->end == end, "%lld-%lld",
			  (long long)passed->first, (long long)passed->end);
}

/* What is passed belongs to the latest event in hand, for as long as it is in hand. */
Test(partitions, what_is_passed_goes_with_the_event_before_it)
{
	struct inbound first = event_at(10, 1), second = event_at(14, 1);
	struct partitions ps = { 0 };
	struct partition *p = add(&ps, 0, 8, 1);

	expect_passed(&ps, 0, 0);
	partition_pass(p, 9);
	partition_pass(p, 9); /* nothing more */
	partition_pass(p, 10);
	expect_passed(&ps, 8, 10);
	partition_hold(p, &first);
	partition_pass(p, 12);
	partition_pass(p, 14);
	cr_expect_eq(first.end, 14);
	partition_hold(p, &second);
	partition_pass(p, 15);
	partition_worked(p, &second);
	partition_pass(p, 16); /* worked is not yet written */
	cr_expect_eq(first.end, 14);
	cr_expect_eq(second.end, 16);
	expect_passed(&ps, 8, 10);
	partition_send(p, &second);
	partition_committed(p);
	expect_passed(&ps, 0, 0);
	partition_pass(p, 18);
	cr_expect_eq(second.end, 16, "it may be freed");
	expect_passed(&ps, 16, 18);
	cr_expect_eq(p->next_read, 18);
	partitions_fini(&ps);
}

/* The write covers what there was when it began. */
Test(partitions, passed_while_the_write_is_under_way)
{
	struct inbound first = event_at(10, 1), second = event_at(16, 1);
	struct partitions ps = { 0 };
	struct partition *p = add(&ps, 0, 8, 1);

	partition_send(p, NULL);
	partition_pass(p, 9);
	partition_committed(p);
	expect_passed(&ps, 8, 9);

	partition_send(p, NULL);
	partition_pass(p, 10);
	partition_hold(p, &first);
	partition_committed(p);
	expect_passed(&ps, 9, 10);
	cr_expect_eq(p->last, &first);

	partition_send(p, &first);
	partition_pass(p, 12); /* this one fails, the next goes further */
	partition_send(p, &first);
	partition_pass(p, 16);
	partition_hold(p, &second);
	partition_committed(p);
	expect_passed(&ps, 12, 16);
	cr_expect_eq(p->last, &second);

	partition_send(p, NULL);
	partition_pass(p, 18);
	partition_committed(p);
	expect_passed(&ps, 0, 0);
	cr_expect_eq(second.end, 18);

	partition_send(p, &second);
	partition_pass(p, 20);
	partition_committed(p);
	expect_passed(&ps, 18, 20);
	cr_expect_null(p->last);
	partition_send(p, NULL);
	partition_committed(p);
	partition_send(p, NULL);
	partition_pass(p, 21);
	partition_committed(p);
	expect_passed(&ps, 20, 21);
	partitions_fini(&ps);
}

Test(partitions, forgetting_all)
{
	struct inbound in = event_at(10, 70);
	struct partitions ps = { 0 };
	struct partition *p = add(&ps, 0, 8, 1);

	partition_pass(p, 10);
	partition_hold(p, &in);
	partition_send(p, &in);
	partition_forget_all(p);
	cr_expect_eq(p->held_events, 0);
	cr_expect_eq(p->held_bytes, 0);
	cr_expect_null(p->last);
	cr_expect_null(p->sent.last);
	cr_expect_not(partitions_passed(&ps), "its new owner passes it");
	partitions_fini(&ps);
}
