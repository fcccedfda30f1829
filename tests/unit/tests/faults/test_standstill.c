#include "tests/faults/standstill.h"
#include "tests/unit/unit.h"

TestSuite(standstill, .init = unit_deadline);

#define LOOK_MS 500

/* Looks at the same work from one time to another; how often it was told. */
static int look_for(struct standstill *work, int64_t from_ms, int64_t to_ms, int64_t value,
		    bool ready)
{
	int told = 0;

	for (int64_t ms = from_ms; ms < to_ms; ms += LOOK_MS)
		told += standstill_look(work, ms, true, value, ready);
	return told;
}

Test(standstill, is_told_once_if_all_are_ready)
{
	struct standstill work;

	standstill_init(&work, 0);
	cr_expect_eq(look_for(&work, 0, STANDSTILL_WORK_MS, 7, true), 0);
	cr_expect_eq(look_for(&work, STANDSTILL_WORK_MS, 90000, 7, true), 1);
	cr_expect_geq(work.longest_ms, 80000);
	cr_expect_eq(look_for(&work, 90000, 180000, 8, true), 1);
}

Test(standstill, is_none_of_work_that_moves_or_that_there_is_not)
{
	struct standstill work;

	standstill_init(&work, 0);
	for (int64_t ms = 0; ms < 90000; ms += LOOK_MS)
		cr_expect(!standstill_look(&work, ms, true, ms / 5000, true));
	for (int64_t ms = 90000; ms < 180000; ms += LOOK_MS)
		cr_expect(!standstill_look(&work, ms, false, 7, true));
	cr_expect_lt(work.longest_ms, 10000);
}

/* Whoever was not asked for a while may have said that it is not ready. */
Test(standstill, is_not_told_of_a_time_without_looks)
{
	struct standstill work;

	standstill_init(&work, 0);
	cr_expect_eq(look_for(&work, 0, 2000, 7, true), 0);
	cr_expect(!standstill_look(&work, 90000, true, 7, true));
	cr_expect_eq(look_for(&work, 90000, 90000 + STANDSTILL_READY_MS, 7, true), 0);
	cr_expect(standstill_look(&work, 90000 + STANDSTILL_READY_MS, true, 7, true));
}

Test(standstill, is_not_told_of_those_who_say_so)
{
	struct standstill work;

	standstill_init(&work, 0);
	cr_expect_eq(look_for(&work, 0, 9000, 7, true), 0);
	cr_expect_eq(look_for(&work, 9000, 60000, 7, false), 0);
	cr_expect_eq(look_for(&work, 60000, 60000 + STANDSTILL_READY_MS, 7, true), 0);
	cr_expect_eq(look_for(&work, 60000 + STANDSTILL_READY_MS, 90000, 7, true), 1,
		     "ready again, and it still stands still");
}
