/*
 * A PostgreSQL that goes on with another state of its data: that of its standby, which has all that
 * was acknowledged, or an old one. See standby.h.
 */
#include "common/runtime/command.h"
#include "tests/faults/break.h"

#include <inttypes.h>

#include "common/runtime/clock.h"
#include "tests/faults/heal.h"
#include "tests/faults/standby.h"

#define IN_FLIGHT_MS 4000 /* longer than a client waits for an answer */

/* A step of it that fails is a violation. */
static bool step(struct fault_job *job,
		 enum status (*carry_out)(const struct run *run, struct error *err))
{
	struct error err;

	if (carry_out(job->run, &err) == ST_OK)
		return true;
	journal_violation(&job->run->journal, "%s", err.msg);
	return false;
}

bool break_to_standby(struct fault_job *job)
{
	if (!job_find(job) || !step(job, standby_start))
		return false;
	job_report(job, "PostgreSQL has a synchronous standby, which takes over in %d.%d s",
		   (int)job->fault.number / 1000, (int)job->fault.number % 1000 / 100);
	return true;
}

void mend_to_standby(struct fault_job *job)
{
	(void)step(job, standby_take_over);
	heal_part(job->run, job->part);
}

bool break_to_copy(struct fault_job *job)
{
	if (!job_find(job) || !step(job, standby_copy))
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

	(void)step(job, standby_take_over);
	clock_pause_ms(IN_FLIGHT_MS);
	clients_forget(run->clients);
	atomic_store(&run->rewind.acks_size, command_output_size(run_path(run, "acks.txt", acks)));
	atomic_store(&run->rewind.happened, true);
	heal_part(run, job->part);
}
