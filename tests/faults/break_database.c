/*
 * A PostgreSQL that answers and takes no writes. Settings of the server do it, as an operator may
 * have set them.
 */
#include "tests/faults/break.h"

#include <stdio.h>

#include "common/runtime/clock.h"
#include "tests/support/database.h"

#define MEND_MS    60000
#define BETWEEN_MS 200

/* set: "set x = y" or "reset x". */
static bool alter(const struct fault_job *job, const char *set)
{
	const char *url = job->run->settings->database_url;
	char statement[120];

	(void)snprintf(statement, sizeof(statement), "alter system %s", set);
	return database_do(url, statement) && database_do(url, "select pg_reload_conf()");
}

static bool break_setting(struct fault_job *job, const char *set)
{
	if (!job_find(job) || !alter(job, set))
		return false;
	job_report(job, "PostgreSQL: %s for %d.%d s", set, (int)job->fault.number / 1000,
		   (int)job->fault.number % 1000 / 100);
	return true;
}

/* It may have too many sessions for one more just now. */
static void mend_setting(struct fault_job *job, const char *reset)
{
	int64_t end_mono_ms = clock_mono_ms() + MEND_MS;
	bool mended;

	while (!(mended = alter(job, reset)) && clock_mono_ms() < end_mono_ms)
		clock_pause_ms(BETWEEN_MS);
	if (mended)
		journal_note(&job->run->journal, "healed", "%s", part_name(job->part));
	else
		journal_violation(&job->run->journal, "PostgreSQL does not take: %s", reset);
}

bool break_commits(struct fault_job *job)
{
	return break_setting(job, "set synchronous_standby_names = 'nobody'");
}

void mend_commits(struct fault_job *job)
{
	mend_setting(job, "reset synchronous_standby_names");
}

bool break_writes(struct fault_job *job)
{
	return break_setting(job, "set default_transaction_read_only = on");
}

void mend_writes(struct fault_job *job)
{
	mend_setting(job, "reset default_transaction_read_only");
}
