/* The partitions of a replica: found, added, removed, and what is not in the database yet. */
#include "delivery-service/partitions.h"
#include "tests/unit/unit.h"

TestSuite(partitions, .init = unit_deadline);

Test(partitions, add_and_find)
{
	struct partitions ps = { 0 };
	const struct partition *p;

	cr_expect_null(partitions_find(&ps, 0));
	cr_expect(partitions_add(&ps, 3, 100, 7));
	cr_expect(partitions_add(&ps, 0, 0, 8));
	cr_expect_eq(ps.count, 2);
	p = partitions_find(&ps, 3);
	cr_assert_not_null(p);
	cr_expect_eq(p->number, 3);
	cr_expect_eq(p->epoch, 7);
	cr_expect_eq(p->next_read, 100);
	cr_expect_eq(p->next_offset, 100);
	cr_expect_eq(p->stored_offset, 100);
	cr_expect_eq(p->held_messages, 0);
	cr_expect_eq(p->held_bytes, 0);
	cr_expect_not(p->paused);
	p = partitions_find(&ps, 0);
	cr_assert_not_null(p);
	cr_expect_eq(p->epoch, 8);
	cr_expect_null(partitions_find(&ps, 1));
	cr_expect_null(partitions_find(&ps, -1));
	partitions_fini(&ps);
}

Test(partitions, added_again_starts_anew)
{
	struct partitions ps = { 0 };
	struct partition *p;

	cr_assert(partitions_add(&ps, 3, 100, 7));
	p = partitions_find(&ps, 3);
	p->next_read = p->next_offset = 150;
	p->held_messages = 5;
	p->held_bytes = 500;
	p->paused = true;
	cr_assert(partitions_add(&ps, 3, 120, 9));
	cr_expect_eq(ps.count, 1);
	p = partitions_find(&ps, 3);
	cr_expect_eq(p->epoch, 9);
	cr_expect_eq(p->next_read, 120);
	cr_expect_eq(p->next_offset, 120);
	cr_expect_eq(p->stored_offset, 120);
	cr_expect_eq(p->held_messages, 0);
	cr_expect_eq(p->held_bytes, 0);
	cr_expect_not(p->paused);
	partitions_fini(&ps);
}

Test(partitions, remove_keeps_the_others)
{
	for (int32_t removed = 0; removed < 3; removed++) {
		struct partitions ps = { 0 };

		for (int32_t i = 0; i < 3; i++)
			cr_assert(partitions_add(&ps, i, 10 * i, i));
		partitions_remove(&ps, removed);
		cr_expect_eq(ps.count, 2);
		for (int32_t i = 0; i < 3; i++) {
			const struct partition *p = partitions_find(&ps, i);

			cr_expect_eq(p == NULL, i == removed, "%d after %d went", i, removed);
			cr_expect(!p || (p->epoch == i && p->next_offset == 10 * i));
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
	cr_expect_not(partitions_dirty(&ps));
	partitions_fini(&ps);
}

Test(partitions, dirty_if_any_is_further_than_stored)
{
	struct partitions ps = { 0 };

	for (int32_t i = 0; i < 3; i++)
		cr_assert(partitions_add(&ps, i, 5, 1));
	cr_expect_not(partitions_dirty(&ps));
	for (int32_t i = 0; i < 3; i++) {
		struct partition *p = partitions_find(&ps, i);

		p->next_read = 9; /* taken in is not done */
		cr_expect_not(partitions_dirty(&ps));
		p->next_offset = 6;
		cr_expect(partitions_dirty(&ps), "partition %d", i);
		p->stored_offset = 6;
		cr_expect_not(partitions_dirty(&ps));
	}
	partitions_find(&ps, 1)->next_offset = 7;
	partitions_remove(&ps, 1);
	cr_expect_not(partitions_dirty(&ps), "it is another's now");
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
			cr_assert(partitions_add(&ps, number, number * 3, number));
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
