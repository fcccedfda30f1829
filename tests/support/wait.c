#include "tests/support/wait.h"

#include <time.h>

#define INTERVAL_MS      10
#define SANITIZED_FACTOR 3

int64_t mono_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void wait_interval(void)
{
	const struct timespec interval = { .tv_nsec = INTERVAL_MS * 1000000L };

	(void)nanosleep(&interval, NULL);
}

int64_t wait_stretch(int64_t ms)
{
#ifdef __SANITIZE_ADDRESS__
	return ms * SANITIZED_FACTOR;
#else
	return ms;
#endif
}
