/*
 * Processes: killed, stopped, paused. Signals go only to processes that the stack's scripts
 * recorded.
 */
#include "tests/faults/break.h"

#include <signal.h>

#include "tests/faults/heal.h"
#include "tests/support/database.h"
#include "tests/support/process.h"

void mend_victim(struct fault_job *job)
{
	heal_part(job->run, job->part);
}

bool break_kill(struct fault_job *job)
{
	if (!job_find(job))
		return false;
	job_keep_counters(job, job->part);
	job_kill(job);
	job_report(job, "kill -9 %s (pid %d)", part_name(job->part), (int)job->pid);
	return true;
}

/* The order-service that publishes is the one that holds the lease of the outbox. */
bool break_kill_relay(struct fault_job *job)
{
	int64_t holder =
		database_number(job->run->settings->database_url,
				"select split_part(holder, '/', 2) from orders.outbox_lease");

	for (int i = 0; i < ORDERS; i++) {
		job->part = (enum part)(PART_ORDER + i);
		if (job_find(job) && job->pid == (pid_t)holder)
			return break_kill(job);
	}
	return false;
}

bool break_stop(struct fault_job *job)
{
	if (!job_find(job))
		return false;
	job_keep_counters(job, job->part);
	job_report(job, "stop %s (pid %d)", part_name(job->part), (int)job->pid);
	job_stop(job);
	return true;
}

/* PostgreSQL's immediate stop: no checkpoint, recovery at the start. */
bool break_quit(struct fault_job *job)
{
	if (!job_find(job) || !job_signal(job, SIGQUIT))
		return false;
	job_report(job, "kill -QUIT %s (pid %d)", part_name(job->part), (int)job->pid);
	if (!job_await_end(job, JOB_STOP_MS))
		job_kill(job);
	return true;
}

bool break_pause(struct fault_job *job)
{
	if (!job_find(job) || !job_signal_tree(job, SIGSTOP))
		return false;
	job_report(job, "SIGSTOP %s (pid %d) for %d.%d s", part_name(job->part), (int)job->pid,
		   (int)job->fault.number / 1000, (int)job->fault.number % 1000 / 100);
	return true;
}

void mend_pause(struct fault_job *job)
{
	if (job_signal_tree(job, SIGCONT))
		journal_note(&job->run->journal, "healed", "%s", part_name(job->part));
	else
		journal_violation(&job->run->journal, "%s (pid %d) ended while it was stopped",
				  part_name(job->part), (int)job->pid);
}
