/*
 * What several unit tests need: Criterion, comparisons that show both sides, and randomness that
 * is the same in every run.
 *
 * Threads: each test has its own process.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define expect_text(actual, expected)                                                              \
	do {                                                                                       \
		const char *actual_ = (actual), *expected_ = (expected);                           \
		cr_expect(actual_ &&strcmp(actual_, expected_) == 0, "%s\n is: %s\n not: %s",      \
			  #actual, actual_ ? actual_ : "(null)", expected_);                       \
	} while (0)

#define expect_part(actual, part)                                                                  \
	do {                                                                                       \
		const char *actual_ = (actual), *part_ = (part);                                   \
		cr_expect(strstr(actual_, part_), "%s\n is: %s\n without: %s", #actual, actual_,   \
			  part_);                                                                  \
	} while (0)

/*
 * Every suite's .init: a test that hangs is ended and counts as crashed. Not Criterion's .timeout,
 * which leaks in the runner itself (2.4.1), so that a sanitized build fails without a reason.
 */
static inline void unit_deadline(void)
{
	(void)alarm(120);
}

/* A copy of exactly len bytes, so that a sanitized build sees a read beyond them. */
static inline char *exact_copy(const void *bytes, size_t len)
{
	char *copy = malloc(len ? len : 1);

	cr_assert(copy);
	if (len > 0)
		memcpy(copy, bytes, len);
	return copy;
}

/* Below bound (not 0). Knuth's 64-bit linear congruence; the high bits are the good ones. */
static inline unsigned random_below(uint64_t *seed, unsigned bound)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*seed >> 33) % bound;
}

#endif
