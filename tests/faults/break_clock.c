/*
 * The time of day of a service jumps, by an hour at most, forwards or back; the monotonic clock
 * goes on, as it does under settimeofday.
 */
#include "tests/faults/break.h"

#include <stdio.h>

#define JUMPS 6

static bool write_clock(const struct fault_job *job, const char *offset)
{
	char name[64], path[RUN_PATH_SIZE];
	FILE *file;
	bool written;

	(void)snprintf(name, sizeof(name), "clock-%s", part_name(job->part));
	file = fopen(run_path(job->run, name, path), "we");
	if (!file)
		return false;
	written = fprintf(file, "%s\n", offset) > 0;
	return fclose(file) == 0 && written;
}

bool break_clock(struct fault_job *job)
{
	static const char *const jumps[JUMPS] = {
		"+5s", "-5s", "+60s", "-60s", "+3600s", "-3600s"
	};
	const char *jump = jumps[job->fault.number / 10 % JUMPS];

	if (!job_find(job) || !write_clock(job, jump))
		return false;
	job_report(job, "the clock of %s (pid %d) jumps by %s for %d.%d s", part_name(job->part),
		   (int)job->pid, jump, (int)job->fault.number / 1000,
		   (int)job->fault.number % 1000 / 100);
	return true;
}

void mend_clock(struct fault_job *job)
{
	if (write_clock(job, "+0s"))
		journal_note(&job->run->journal, "healed", "%s", part_name(job->part));
	else
		journal_violation(&job->run->journal, "the clock of %s cannot be mended",
				  part_name(job->part));
}
