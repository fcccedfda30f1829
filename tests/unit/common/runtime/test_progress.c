/* A part that does not get on is seen, with its reason; one that has nothing to do is not. */
#include "common/runtime/clock.h"
#include "common/runtime/progress.h"
#include "tests/unit/unit.h"

TestSuite(progress, .init = unit_deadline);

/* As if its last progress were ms ago. */
static struct progress made_ago(int64_t ms)
{
	struct progress p;

	progress_init(&p, "relay", 10000);
	atomic_store(&p.made_mono_ms, clock_mono_ms() - ms);
	return p;
}

static bool stands_still(struct progress *p, char text[300])
{
	struct strbuf out = { .buf = text, .size = 300 };

	text[0] = '\0';
	return progress_stands_still(p, &out);
}

Test(progress, stands_still_beyond_its_bound_and_not_before)
{
	struct progress late = made_ago(12000), early = made_ago(5000);
	char text[300];

	cr_expect_not(stands_still(&early, text));
	cr_expect_str_eq(text, "");
	cr_expect(stands_still(&late, text));
	cr_expect_str_eq(text, "relay: nothing done for 12 s");
	progress_made(&late);
	cr_expect_not(stands_still(&late, text));
}

Test(progress, to_retry_is_none)
{
	struct progress p = made_ago(12000);
	char text[300];

	progress_held(&p, "no answer");
	cr_expect(stands_still(&p, text));
	cr_expect_str_eq(text, "relay: nothing done for 12 s: no answer");
}

Test(progress, a_reason_from_before_the_last_progress_is_not_told)
{
	struct progress p = made_ago(0);
	char text[300];

	progress_held(&p, "no answer");
	atomic_store(&p.made_mono_ms, clock_mono_ms() - 12000);
	p.held_mono_ms = clock_mono_ms() - 20000;
	cr_expect(stands_still(&p, text));
	cr_expect_str_eq(text, "relay: nothing done for 12 s");
}

Test(progress, one_without_work_cannot_stand_still)
{
	struct progress p = made_ago(12000);
	char text[300];

	progress_idle(&p);
	cr_expect_eq(progress_age_ms(&p), 0);
	cr_expect_not(stands_still(&p, text));
	progress_begin(&p);
	cr_expect_lt(progress_age_ms(&p), 10000);
	cr_expect_not(stands_still(&p, text));
}

/* A write that fails is begun again and again: the time counts from the first. */
Test(progress, to_begin_again_does_not_start_the_time_anew)
{
	struct progress p = made_ago(12000);
	char text[300];

	progress_begin(&p);
	cr_expect(stands_still(&p, text));
}

static bool is_busy(void *context)
{
	return *(bool *)context;
}

Test(progress, a_part_of_many_threads_is_idle_when_it_is_not_busy)
{
	struct progress p = made_ago(12000);
	bool busy = false;
	char text[300];

	progress_when(&p, is_busy, &busy);
	cr_expect_not(stands_still(&p, text));
	cr_expect_eq(progress_age_ms(&p), 0);
	busy = true;
	cr_expect(stands_still(&p, text));
}

/* As if its thread had last gone round ms ago. */
static struct progress turned_ago(int64_t ms)
{
	struct progress p = made_ago(1000000);

	atomic_store(&p.turned_mono_ms, clock_mono_ms() - ms);
	return p;
}

Test(progress, a_thread_that_does_not_go_round_hangs)
{
	struct progress p = turned_ago(PROGRESS_HANG * 10000 + 2000);

	cr_expect(progress_hangs(&p));
	progress_turned(&p);
	cr_expect_not(progress_hangs(&p));
}

/* A server is away for long: a new process would find the same. */
Test(progress, one_that_stands_still_and_goes_round_does_not_hang)
{
	struct progress p = turned_ago(1000);
	char text[300];

	cr_expect(stands_still(&p, text));
	cr_expect_not(progress_hangs(&p));
}

Test(progress, whatever_it_says_is_a_sign_of_life)
{
	struct progress held = turned_ago(1000000), made = turned_ago(1000000);

	progress_held(&held, "no answer");
	cr_expect_not(progress_hangs(&held));
	progress_made(&made);
	cr_expect_not(progress_hangs(&made));
}

Test(progress, one_that_sleeps_or_never_goes_round_does_not_hang)
{
	struct progress idle = turned_ago(1000000), other = made_ago(1000000);

	progress_idle(&idle);
	cr_expect_not(progress_hangs(&idle));
	cr_expect_not(progress_hangs(&other));
}

/* Of many threads none has work: the one that serves them all may hang all the same. */
Test(progress, one_that_is_not_busy_may_hang)
{
	struct progress p = turned_ago(1000000);
	bool busy = false;

	progress_when(&p, is_busy, &busy);
	cr_expect(progress_hangs(&p));
}
