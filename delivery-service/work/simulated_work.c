#include "delivery-service/work/simulated_work.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "common/runtime/clock.h"

#define COUNT_NUMBERS 1001 /* 0 to 1000 */
#define WAIT_STEP_MS  50   /* how long a cancel may go unnoticed */

const char *const simulated_work_names[] = { "wait", "cpu", "count", NULL };

static bool is_cancelled(const struct simulated_work *work)
{
	return atomic_load(&work->cancelled);
}

static void wait_a_part(const struct simulated_work *work, int parts)
{
	int64_t end = clock_mono_ms() + work->ms / parts, left;

	while ((left = end - clock_mono_ms()) > 0 && !is_cancelled(work))
		clock_pause_ms(left < WAIT_STEP_MS ? left : WAIT_STEP_MS);
}

static int64_t computed_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Computes something that nobody needs, about a microsecond at a time. */
static void compute_a_part(const struct simulated_work *work, int parts)
{
	int64_t end = computed_ns() + work->ms * 1000000 / parts;
	volatile unsigned value = 1;

	while (computed_ns() < end && !is_cancelled(work)) {
		for (int i = 0; i < 1000; i++)
			value = value * 1664525u + 1013904223u;
	}
}

static void count_a_part(const struct simulated_work *work, int part, int parts)
{
	int end = COUNT_NUMBERS * (part + 1) / parts;
	char line[16];

	for (int n = COUNT_NUMBERS * part / parts; n < end && !is_cancelled(work); n++) {
		int len = snprintf(line, sizeof(line), "%d\n", n);

		/* The numbers are of no use: nobody may be there to read them. */
		if (write(STDOUT_FILENO, line, (size_t)len) < 0)
			continue;
	}
}

bool simulated_work_do(const struct simulated_work *work, int part, int parts)
{
	switch (work->kind) {
	case WORK_WAIT:
		wait_a_part(work, parts);
		break;
	case WORK_CPU:
		compute_a_part(work, parts);
		break;
	case WORK_COUNT:
		count_a_part(work, part, parts);
		break;
	}
	return !is_cancelled(work);
}
