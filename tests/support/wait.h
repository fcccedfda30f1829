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
 * Evaluates condition until it holds (true) or its time is over (false): timeout_ms as
 * wait_patience stretches them, for what has to come at some time. wait_within is the same for a
 * time that counts, stretched by wait_stretch only.
 */
#define wait_until(timeout_ms, condition)  wait_for(wait_patience(timeout_ms), condition)
#define wait_within(timeout_ms, condition) wait_for(wait_stretch(timeout_ms), condition)

#define wait_for(limit_ms, condition)                                                              \
	({                                                                                         \
		const int64_t wait_end_ = mono_ms() + (limit_ms);                                  \
		bool wait_holds_;                                                                  \
		while (!(wait_holds_ = (condition)) && mono_ms() < wait_end_)                      \
			wait_interval();                                                           \
		wait_holds_;                                                                       \
	})

/* A limit on somebody's speed, as it applies to the build under test, a sanitized one being several
 * times slower, and to what is left of the machine beside all else that runs on it now. */
int64_t wait_stretch(int64_t ms);

/* The same, and at least half a minute: a test that passes does not wait for it. */
int64_t wait_patience(int64_t ms);

#endif
