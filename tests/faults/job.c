#include "tests/faults/job.h"

#include <stdarg.h>

#include <inttypes.h>
#include <signal.h>

#include "common/runtime/clock.h"
#include "common/runtime/pid_file.h"
#include "tests/faults/kinds.h"
#include "tests/support/process.h"
#include "tests/support/wait.h"

#define KILL_MS 5000

void job_report(struct fault_job *job, const char *fmt, ...)
{
	char text[JOURNAL_TEXT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	run_fault(job->run, (size_t)(job->fault.kind - kinds_table), job->fault.kind->name, text);
}

bool job_find(struct fault_job *job)
{
	job->pid = pid_file_find(job->run->settings->run_dir, part_name(job->part));
	return job->pid > 0;
}

bool job_signal(const struct fault_job *job, int sig)
{
	return process_signal(job->run->settings->run_dir, part_name(job->part), job->pid, sig);
}

bool job_signal_tree(const struct fault_job *job, int sig)
{
	return process_signal_tree(job->run->settings->run_dir, part_name(job->part), job->pid,
				   sig);
}

bool job_await_end(const struct fault_job *job, int64_t timeout_ms)
{
	return process_await_end(job->run->settings->run_dir, part_name(job->part), job->pid,
				 timeout_ms);
}

void job_keep_counters(struct fault_job *job, enum part part)
{
	int port = settings_service_port(job->run->settings, part);

	if (port > 0)
		counters_add(&job->run->counters, port);
}

void job_kill(const struct fault_job *job)
{
	(void)job_signal(job, SIGKILL);
	if (!job_await_end(job, KILL_MS))
		journal_violation(&job->run->journal, "%s (pid %d) outlives kill -9",
				  part_name(job->part), (int)job->pid);
}

void job_stop(const struct fault_job *job)
{
	int64_t begin_mono_ms = clock_mono_ms(), limit_ms = wait_stretch(JOB_STOP_MS), took_ms;

	(void)job_signal(job, SIGTERM);
	if (!job_await_end(job, limit_ms))
		job_kill(job);
	took_ms = clock_mono_ms() - begin_mono_ms;
	journal_note(&job->run->journal, "stopped", "%s after %" PRId64 " ms", part_name(job->part),
		     took_ms);
	if (took_ms >= limit_ms && !part_is_kafka(job->part))
		journal_violation(&job->run->journal,
				  "%s did not stop within %" PRId64 " s of SIGTERM",
				  part_name(job->part), limit_ms / 1000);
}
