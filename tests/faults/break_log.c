/*
 * A log that nobody reads: the process that reads the service's pipe (see wrapper/main.c) stands
 * still until it is mended.
 */
#include "common/runtime/pid_file.h"
#include "tests/faults/break.h"

#include <signal.h>
#include <stdio.h>

#include "tests/support/process.h"

static bool signal_reader(const struct fault_job *job, int sig)
{
	const char *run_dir = job->run->settings->run_dir;
	char name[64];

	(void)snprintf(name, sizeof(name), "%s.reader", part_name(job->part));
	return process_signal(run_dir, name, pid_file_find(run_dir, name), sig);
}

bool break_unread_log(struct fault_job *job)
{
	if (!job_find(job) || !signal_reader(job, SIGSTOP))
		return false;
	job_report(job, "nobody reads the log of %s (pid %d) for %d.%d s", part_name(job->part),
		   (int)job->pid, (int)job->fault.number / 1000,
		   (int)job->fault.number % 1000 / 100);
	return true;
}

void mend_unread_log(struct fault_job *job)
{
	if (signal_reader(job, SIGCONT))
		journal_note(&job->run->journal, "healed", "%s", part_name(job->part));
}

void mend_unread_stop(struct fault_job *job)
{
	job_keep_counters(job, job->part);
	job_stop(job);
	mend_unread_log(job);
	mend_victim(job);
}
