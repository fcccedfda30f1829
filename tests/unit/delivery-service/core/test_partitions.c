/* The partitions of a replica: found, added, removed, and what of each is in flight. */
#include "delivery-service/core/partitions.h"
#include "tests/unit/unit.h"

TestSuite(partitions, .init = unit_deadline);

static struct partition *add(struct partitions *ps, int32_t number, int64_t next, int64_t epoch)
{
	struct offset_tracker tracker;
	struct partition *p;

	offset_tracker_init(&tracker, next);
	p = partitions_add(ps, number, (struct partition_claim){ epoch, 0 }, &tracker);
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
	cr_expect_eq(p->claim.epoch, 7);
	cr_expect_eq(p->next_read, 100);
	cr_expect_eq(p->tracker.next, 100);
	cr_expect_eq(p->in_flight.events, 0);
	cr_expect_eq(p->in_flight.bytes, 0);
	cr_expect_not(p->paused);
	p = partitions_find(&ps, 0);
	cr_assert_not_null(p);
	cr_expect_eq(p->claim.epoch, 8);
	cr_expect_null(partitions_find(&ps, 1));
	cr_expect_null(partitions_find(&ps, -1));
	partitions_fini(&ps);
}

/* Reading begins at the gap, not behind what is done above it. */
Test(partitions, add_takes_the_progress_over)
{
	struct partitions ps = { 0 };
	struct offset_tracker tracker;
	struct partition *p;

	offset_tracker_init(&tracker, 100);
	cr_assert(offset_tracker_restore(&tracker, (struct offset_range){ 105, 110 }));
	p = partitions_add(&ps, 0, (struct partition_claim){ 1, 0 }, &tracker);
	cr_assert_not_null(p);
	cr_expect_null(tracker.ranges, "owned twice");
	cr_expect_eq(p->next_read, 100);
	cr_expect(offset_tracker_is_done(&p->tracker, 107));
	cr_expect_not(offset_tracker_is_done(&p->tracker, 104));
	partitions_fini(&ps);
}

Test(partitions, added_again_starts_anew)
{
	struct event_record record = { .at = { 3, 100 },
				       .end = 150,
				       .message = { .payload_len = 500 } };
	struct partitions ps = { 0 };
	struct partition *p = add(&ps, 3, 100, 7);

	cr_assert(offset_tracker_restore(&p->tracker, (struct offset_range){ 160, 161 }));
	partition_enqueue(p, &record);
	p->paused = true;
	p->reclaim_at_mono_ms = 1;
	p = add(&ps, 3, 120, 9);
	cr_expect_eq(ps.count, 1);
	cr_expect_eq(p, partitions_find(&ps, 3));
	cr_expect_eq(p->claim.epoch, 9);
	cr_expect_eq(p->next_read, 120);
	cr_expect_eq(p->tracker.next, 120);
	cr_expect_eq(p->tracker.count, 0);
	cr_expect_eq(p->in_flight.events, 0);
	cr_expect_eq(p->in_flight.bytes, 0);
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

			cr_assert(offset_tracker_restore(&p->tracker,
							 (struct offset_range){ 50, 51 }));
		}
		partitions_remove(&ps, removed);
		cr_expect_eq(ps.count, 2);
		for (int32_t i = 0; i < 3; i++) {
			const struct partition *p = partitions_find(&ps, i);

			cr_expect_eq(p == NULL, i == removed, "%d after %d went", i, removed);
			cr_expect(!p || (p->claim.epoch == i && p->tracker.next == 10 * i &&
					 offset_tracker_is_done(&p->tracker, 50)));
		}
		partitions_remove(&ps, removed);
		partitions_remove(&ps, 99);
		cr_expect_eq(ps.count, 2);
		partitions_fini(&ps);
	}
}

Test(partitions, what_was_removed_is_remembered)
{
	struct partitions ps = { 0 };

	cr_expect_null(partitions_past(&ps, 3));
	for (int32_t i = 0; i < 40; i++)
		(void)add(&ps, i, 100 * i, i);
	for (int32_t i = 0; i < 40; i++)
		partitions_remove(&ps, i);
	(void)add(&ps, 3, 500, 50);
	cr_expect_eq(partitions_past(&ps, 3)->position, 300, "what it was when it was removed");
	partitions_remove(&ps, 3);
	cr_expect_eq(ps.place_count, 64, "no more than one place for each number");
	for (int32_t i = 0; i < 40; i++) {
		const struct partition_place *past = partitions_past(&ps, i);

		cr_assert_not_null(past);
		cr_expect_eq(past->epoch, i == 3 ? 50 : i);
		cr_expect_eq(past->position, i == 3 ? 500 : 100 * i);
	}
	partitions_fini(&ps);
}

/* It may have gone back, so that what the database has is no sign of a loss. */
Test(partitions, one_that_was_to_go_back_is_remembered_at_its_beginning)
{
	struct partitions ps = { 0 };

	add(&ps, 3, 500, 50)->rewinds = true;
	partitions_remove(&ps, 3);
	cr_expect_eq(partitions_past(&ps, 3)->position, 0);
	cr_expect_eq(partitions_past(&ps, 3)->epoch, 50);
	partitions_fini(&ps);
}

/* --- room ---------------------------------------------------------------------------------- */

static struct event_record *receive(struct partition *p, struct event_record *record, bool behind)
{
	*record =
		(struct event_record){ .end = p->next_read + 1, .message = { .payload_len = 100 } };
	partition_enqueue(p, record);
	if (behind)
		partition_wait_behind(p, record);
	return record;
}

/* Only so many of the one kind, and so many of the other. */
Test(partitions, one_orders_events_take_no_room_of_the_others)
{
	struct event_record others[4], hot[9];
	struct partition p = { 0 };

	for (int i = 0; i < 8; i++)
		(void)receive(&p, &hot[i], true);
	cr_expect_eq(p.in_flight.events, 0);
	cr_expect_not(partition_is_full(&p, 3, 8));
	for (int i = 0; i < 3; i++)
		(void)receive(&p, &others[i], false);
	cr_expect_not(partition_is_full(&p, 3, 8));
	(void)receive(&p, &hot[8], true);
	cr_expect(partition_is_full(&p, 3, 8), "nine are behind");
	partition_done(&p, &hot[8]);
	cr_expect_not(partition_is_full(&p, 3, 8));
	(void)receive(&p, &others[3], false);
	cr_expect(partition_is_full(&p, 3, 8), "four are in flight");
}

Test(partitions, a_paused_one_is_full_down_to_the_half)
{
	struct event_record hot[4], others[4];
	struct partition p = { .paused = true };

	for (int i = 0; i < 4; i++) {
		(void)receive(&p, &hot[i], true);
		(void)receive(&p, &others[i], false);
	}
	partition_done(&p, &others[0]);
	partition_done(&p, &others[1]);
	cr_expect(partition_is_full(&p, 4, 6), "four of six are behind");
	partition_done(&p, &hot[0]);
	cr_expect_not(partition_is_full(&p, 4, 6));
	cr_expect(partition_is_full(&p, 3, 6));
}

Test(partitions, what_is_behind_has_a_bound_in_memory_too)
{
	struct event_record large = { .end = 1, .message = { .payload_len = 10000 } };
	struct partition p = { 0 };

	partition_enqueue(&p, &large);
	cr_expect(partition_is_full(&p, 5, 5));
	partition_wait_behind(&p, &large);
	cr_expect(partition_is_full(&p, 20, 5));
	cr_expect_not(partition_is_full(&p, 5, 20));
	partition_done(&p, &large);
	cr_expect_eq(p.behind.events, 0);
	cr_expect_eq(p.behind.bytes, 0);
	cr_expect_eq(p.in_flight.events, 0);
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

/* --- in flight ----------------------------------------------------------------------------- */

static struct event_record event_at(int64_t offset, uint32_t payload_len)
{
	return (struct event_record){ .at = { 0, offset },
				      .end = offset + 1,
				      .message = { .payload_len = payload_len } };
}

/* What is in flight has been received and is not done; it may be written much later. */
Test(partitions, held_until_worked)
{
	struct event_record first = event_at(5, 100), second = event_at(6, 30);
	struct partitions ps = { 0 };
	struct partition *p = add(&ps, 0, 5, 1);

	partition_enqueue(p, &first);
	cr_expect_eq(p->next_read, 6);
	partition_enqueue(p, &second);
	cr_expect_eq(p->next_read, 7);
	cr_expect_eq(p->in_flight.events, 2);
	cr_expect_eq(p->in_flight.bytes, 2 * sizeof(first) + 130);
	partition_done(p, &first);
	cr_expect_eq(p->in_flight.events, 1);
	cr_expect_eq(p->in_flight.bytes, sizeof(first) + 30);
	partition_send(p, NULL);
	partition_committed(p);
	cr_expect_eq(p->in_flight.events, 1, "counted twice");
	cr_expect_eq(p->last, &second);
	partition_done(p, &second);
	cr_expect_eq(p->in_flight.events, 0);
	partition_send(p, &second);
	cr_expect_eq(p->last, &second, "the write may fail");
	partition_committed(p);
	cr_expect_null(p->last, "it is freed now");
	partitions_fini(&ps);
}

static void expect_passed(const struct partitions *ps, int64_t first, int64_t end)
{
	const struct offset_range *skipped_range = &partitions_find(ps, 0)->skipped_range;

	cr_expect_eq(partitions_skipped(ps), first != end);
	if (first == end)
		cr_expect_eq(skipped_range->first, skipped_range->end, "%lld-%lld",
			     (long long)skipped_range->first, (long long)skipped_range->end);
	else
		cr_expect(skipped_range->first == first && skipped_range->end == end, "%lld-%lld",
			  (long long)skipped_range->first, (long long)skipped_range->end);
}

/* What is skipped belongs to the latest event in flight, for as long as it is in flight. */
Test(partitions, what_is_passed_goes_with_the_event_before_it)
{
	struct event_record first = event_at(10, 1), second = event_at(14, 1);
	struct partitions ps = { 0 };
	struct partition *p = add(&ps, 0, 8, 1);

	expect_passed(&ps, 0, 0);
	partition_skip(p, 9);
	partition_skip(p, 9); /* nothing more */
	partition_skip(p, 10);
	expect_passed(&ps, 8, 10);
	partition_enqueue(p, &first);
	partition_skip(p, 12);
	partition_skip(p, 14);
	cr_expect_eq(first.end, 14);
	partition_enqueue(p, &second);
	partition_skip(p, 15);
	partition_done(p, &second);
	partition_skip(p, 16); /* worked is not yet written */
	cr_expect_eq(first.end, 14);
	cr_expect_eq(second.end, 16);
	expect_passed(&ps, 8, 10);
	partition_send(p, &second);
	partition_committed(p);
	expect_passed(&ps, 0, 0);
	partition_skip(p, 18);
	cr_expect_eq(second.end, 16, "it may be freed");
	expect_passed(&ps, 16, 18);
	cr_expect_eq(p->next_read, 18);
	partitions_fini(&ps);
}

/* The write covers what there was when it began. */
Test(partitions, passed_while_the_write_is_under_way)
{
	struct event_record first = event_at(10, 1), second = event_at(16, 1);
	struct partitions ps = { 0 };
	struct partition *p = add(&ps, 0, 8, 1);

	partition_send(p, NULL);
	partition_skip(p, 9);
	partition_committed(p);
	expect_passed(&ps, 8, 9);

	partition_send(p, NULL);
	partition_skip(p, 10);
	partition_enqueue(p, &first);
	partition_committed(p);
	expect_passed(&ps, 9, 10);
	cr_expect_eq(p->last, &first);

	partition_send(p, &first);
	partition_skip(p, 12); /* this one fails, the next goes further */
	partition_send(p, &first);
	partition_skip(p, 16);
	partition_enqueue(p, &second);
	partition_committed(p);
	expect_passed(&ps, 12, 16);
	cr_expect_eq(p->last, &second);

	partition_send(p, NULL);
	partition_skip(p, 18);
	partition_committed(p);
	expect_passed(&ps, 0, 0);
	cr_expect_eq(second.end, 18);

	partition_send(p, &second);
	partition_skip(p, 20);
	partition_committed(p);
	expect_passed(&ps, 18, 20);
	cr_expect_null(p->last);
	partition_send(p, NULL);
	partition_committed(p);
	partition_send(p, NULL);
	partition_skip(p, 21);
	partition_committed(p);
	expect_passed(&ps, 20, 21);
	partitions_fini(&ps);
}

Test(partitions, forgetting_all)
{
	struct event_record record = event_at(10, 70);
	struct partitions ps = { 0 };
	struct partition *p = add(&ps, 0, 8, 1);

	partition_skip(p, 10);
	partition_enqueue(p, &record);
	partition_send(p, &record);
	partition_reset(p);
	cr_expect_eq(p->in_flight.events, 0);
	cr_expect_eq(p->in_flight.bytes, 0);
	cr_expect_null(p->last);
	cr_expect_null(p->sent.last);
	cr_expect_not(partitions_skipped(&ps), "its new owner passes it");
	partitions_fini(&ps);
}
