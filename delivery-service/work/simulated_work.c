#include "delivery-service/work/simulated_work.h"

#include <stdio.h>
#include <time.h>

#include "common/runtime/clock.h"
#include "common/runtime/output.h"

#define COUNT_NUMBERS 1001 /* 0 to 1000 */
#define PATIENCE_MS   1000 /* what a part of an event waits for its numbers to be taken */
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

/* The numbers are of no use: nobody may be there to read them. */
static void print_number(int number, int *patience_ms)
{
	char line[16];
	int len = snprintf(line, sizeof(line), "%d\n", number);

	while (!output_line(OUTPUT_STDOUT, line, (size_t)len) && *patience_ms > 0) {
		clock_pause_ms(1);
		--*patience_ms;
	}
}

static void count_a_part(const struct simulated_work *work, int part, int parts)
{
	int end = COUNT_NUMBERS * (part + 1) / parts;
	int patience_ms = PATIENCE_MS;

	for (int n = COUNT_NUMBERS * part / parts; n < end && !is_cancelled(work); n++)
		print_number(n, &patience_ms);
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
