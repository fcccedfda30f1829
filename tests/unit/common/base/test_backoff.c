/* Waiting times: their bounds, with any randomness, and that both ends are reached. */
#include "common/base/backoff.h"
#include "tests/unit/unit.h"

TestSuite(backoff, .init = unit_deadline);

static const uint32_t randoms[] = { 0,         1, 2, 49, 50, 51, 12345, INT32_MAX, UINT32_MAX - 1,
				    UINT32_MAX };

Test(backoff, bounds_double_up_to_the_cap)
{
	static const int64_t bounds[] = { 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000 };

	for (size_t r = 0; r < COUNT_OF(randoms); r++) {
		struct backoff b = { .base_ms = 100, .cap_ms = 5000 };

		for (size_t i = 0; i < COUNT_OF(bounds); i++) {
			int64_t wait = backoff_next_ms(&b, randoms[r]);

			cr_expect(wait >= bounds[i] / 2 && wait <= bounds[i],
				  "try %zu with random %u: %lld", i, randoms[r], (long long)wait);
		}
		cr_expect_eq(b.tries, COUNT_OF(bounds));
	}
}

Test(backoff, draws_from_the_whole_upper_half)
{
	int64_t least = INT64_MAX, most = 0;

	for (uint32_t random = 0; random < 1000; random++) {
		struct backoff b = { .base_ms = 100, .cap_ms = 5000 };
		int64_t wait = backoff_next_ms(&b, random);

		least = wait < least ? wait : least;
		most = wait > most ? wait : most;
	}
	cr_expect_eq(least, 50);
	cr_expect_eq(most, 100);
}

Test(backoff, reset_starts_again)
{
	struct backoff b = { .base_ms = 100, .cap_ms = 5000 };

	for (int i = 0; i < 10; i++)
		(void)backoff_next_ms(&b, 7);
	backoff_reset(&b);
	cr_expect_eq(b.tries, 0);
	cr_expect_leq(backoff_next_ms(&b, 50), 100);
}

/* A day of failures, and a cap where one more doubling would leave int64_t. */
Test(backoff, many_tries_do_not_overflow)
{
	struct backoff b = { .base_ms = 1, .cap_ms = 30000 };
	struct backoff wide = { .base_ms = 3, .cap_ms = INT64_MAX / 2 };

	for (size_t i = 0; i < 100000; i++) {
		int64_t wait = backoff_next_ms(&b, randoms[i % COUNT_OF(randoms)]);

		cr_assert(wait >= 0 && wait <= 30000);
		cr_assert(i < 15 || wait >= 15000, "try %zu: %lld", i, (long long)wait);
	}
	for (int i = 0; i < 200; i++) {
		int64_t wait = backoff_next_ms(&wide, UINT32_MAX);

		cr_assert(wait >= 1 && wait <= INT64_MAX / 2, "try %d: %lld", i, (long long)wait);
	}
}

Test(backoff, small_and_odd_bounds)
{
	for (size_t r = 0; r < COUNT_OF(randoms); r++) {
		struct backoff zero = { .base_ms = 0, .cap_ms = 0 };
		struct backoff one = { .base_ms = 1, .cap_ms = 1 };
		struct backoff odd = { .base_ms = 7, .cap_ms = 5 };
		int64_t wait;

		cr_expect_eq(backoff_next_ms(&zero, randoms[r]), 0);
		wait = backoff_next_ms(&one, randoms[r]);
		cr_expect(wait == 0 || wait == 1);
		wait = backoff_next_ms(&odd, randoms[r]);
		cr_expect(wait >= 2 && wait <= 5, "%lld", (long long)wait);
	}
}
