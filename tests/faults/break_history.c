/*
 * A PostgreSQL that goes on with another state of its data: that of its standby, which has all that
 * was acknowledged, or an old one. See standby.sh.
 */
#include "common/runtime/command.h"
#include "tests/faults/break.h"

#include <inttypes.h>

#include "common/runtime/clock.h"
#include "tests/faults/heal.h"
#include "tests/support/wait.h"

#define SCRIPT_MS    120000
#define IN_FLIGHT_MS 4000 /* longer than a client waits for an answer */

static bool script(struct fault_job *job, const char *verb)
{
	char log[RUN_PATH_SIZE], output[600];
	const struct command command = { .arguments = { "tests/faults/standby.sh", verb },
					 .output_path = run_path(job->run, "log/standby.log", log),
					 .timeout_ms = wait_stretch(SCRIPT_MS) };

	if (command_run(&command) == 0)
		return true;
	command_read_output(log, 0, output, sizeof(output));
	journal_violation(&job->run->journal, "standby.sh %s failed: %.300s", verb,
			  command_last_line(output));
	return false;
}

bool break_to_standby(struct fault_job *job)
{
	if (!job_find(job) || !script(job, "standby"))
		return false;
	job_report(job, "PostgreSQL has a synchronous standby, which takes over in %d.%d s",
		   (int)job->fault.number / 1000, (int)job->fault.number % 1000 / 100);
	return true;
}

void mend_to_standby(struct fault_job *job)
{
	(void)script(job, "take-over");
	heal_part(job->run, job->part);
}

bool break_to_copy(struct fault_job *job)
{
	if (!job_find(job) || !script(job, "copy"))
		return false;
	job_report(job, "PostgreSQL goes back to its data of now in %d.%d s",
		   (int)job->fault.number / 1000, (int)job->fault.number % 1000 / 100);
	return true;
}

/* The clients have to know before the first of them can see it, and when all that they were told is
 * noted. */
void mend_to_copy(struct fault_job *job)
{
	struct run *run = job->run;
	char acks[RUN_PATH_SIZE];

	(void)script(job, "take-over");
	clock_pause_ms(IN_FLIGHT_MS);
	clients_forget(run->clients);
	atomic_store(&run->rewind.acks_size, command_output_size(run_path(run, "acks.txt", acks)));
	atomic_store(&run->rewind.happened, true);
	heal_part(run, job->part);
}
