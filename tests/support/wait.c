#include "tests/support/wait.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define INTERVAL_MS      10
#define SANITIZED_FACTOR 3
#define PATIENCE_MS      30000

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

/* How many want each processor, of late or just now: 1 on a machine that has nothing else to do. */
static double crowd(void)
{
	double late = 0, wanting = 0, processors = (double)sysconf(_SC_NPROCESSORS_ONLN);
	FILE *file = fopen("/proc/loadavg", "re");

	if (file) {
		if (fscanf(file, "%lf %*f %*f %lf", &late, &wanting) != 2)
			late = wanting = 0;
		(void)fclose(file);
	}
	wanting = wanting > late ? wanting : late;
	return wanting > processors ? wanting / processors : 1;
}

int64_t wait_stretch(int64_t ms)
{
	double factor = crowd();

#ifdef __SANITIZE_ADDRESS__
	factor *= SANITIZED_FACTOR;
#endif
	return (int64_t)((double)ms * factor);
}

int64_t wait_patience(int64_t ms)
{
	int64_t limit_ms = wait_stretch(ms);

	return limit_ms > PATIENCE_MS ? limit_ms : PATIENCE_MS;
}
