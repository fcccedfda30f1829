/*
 * Time for the tests: every wait is a condition with a deadline, and the only sleep is the poll
 * interval in here.
 *
 * Threads: any.
 */
#ifndef TESTS_SUPPORT_WAIT_H
#define TESTS_SUPPORT_WAIT_H

#include <stdbool.h>
#include <stdint.h>

int64_t mono_ms(void);

/* The poll interval of wait_until; nothing else calls it. */
void wait_interval(void);

/*
 * Evaluates condition until it holds (true) or timeout_ms are over (false). A sanitized build is
 * several times slower: its deadlines are stretched, see wait_stretch.
 */
#define wait_until(timeout_ms, condition)                                                          \
	({                                                                                         \
		const int64_t wait_end_ = mono_ms() + wait_stretch(timeout_ms);                    \
		bool wait_holds_;                                                                  \
		while (!(wait_holds_ = (condition)) && mono_ms() < wait_end_)                      \
			wait_interval();                                                           \
		wait_holds_;                                                                       \
	})

/* A limit on somebody's speed, as it applies to the build under test. */
int64_t wait_stretch(int64_t ms);

#endif
