/* When a database counts as silent, and how long the next answer is waited for. */
#include "delivery-service/core/silence.h"

#include "tests/unit/unit.h"

TestSuite(silence, .init = unit_deadline);

#define READ  false
#define WRITE true

Test(silence, it_lasts_from_the_first_call_without_an_answer_to_the_last)
{
	struct silence s = { 0 };

	cr_expect_eq(s.ms, 0);
	silence_failed(&s, 1000, 1001, READ);
	cr_expect_eq(s.ms, 1);
	silence_failed(&s, 4000, 7000, READ);
	cr_expect_eq(s.ms, 6000);
	silence_answered(&s, 5, READ);
	cr_expect_eq(s.ms, 0);
	silence_failed(&s, 20000, 20500, READ);
	cr_expect_eq(s.ms, 500, "it began anew");
}

/* Of a server that became read-only. */
Test(silence, a_read_does_not_end_that_of_a_write)
{
	struct silence s = { 0 };

	silence_failed(&s, 1000, 1001, WRITE);
	silence_answered(&s, 5, READ);
	silence_failed(&s, 6000, 6500, WRITE);
	cr_expect_eq(s.ms, 5500);
	silence_answered(&s, 5, WRITE);
	cr_expect_eq(s.ms, 0);
	silence_failed(&s, 9000, 9001, READ);
	silence_answered(&s, 5, READ);
	cr_expect_eq(s.ms, 0, "no write was among them");
}

/* Or a database that always takes 10 s would never get on. */
Test(silence, patience_grows_until_a_write_is_fast)
{
	struct silence s = { 0 };

	cr_expect_eq(silence_patience_ms(&s), SILENCE_PATIENCE_MIN_MS);
	silence_failed(&s, 0, 10, WRITE);
	cr_expect_eq(silence_patience_ms(&s), SILENCE_PATIENCE_MIN_MS, "it did not wait for it");
	silence_failed(&s, 0, SILENCE_PATIENCE_MIN_MS, WRITE);
	cr_expect_eq(silence_patience_ms(&s), 2 * SILENCE_PATIENCE_MIN_MS);
	silence_failed(&s, 0, 2 * SILENCE_PATIENCE_MIN_MS, WRITE);
	cr_expect_eq(silence_patience_ms(&s), SILENCE_PATIENCE_MAX_MS);
	silence_failed(&s, 0, SILENCE_PATIENCE_MAX_MS, WRITE);
	cr_expect_eq(silence_patience_ms(&s), SILENCE_PATIENCE_MAX_MS);
	silence_answered(&s, 10000, WRITE);
	silence_answered(&s, 1, READ);
	cr_expect_eq(silence_patience_ms(&s), SILENCE_PATIENCE_MAX_MS, "a slow one, and a read");
	silence_answered(&s, 100, WRITE);
	cr_expect_eq(silence_patience_ms(&s), SILENCE_PATIENCE_MIN_MS);
}
