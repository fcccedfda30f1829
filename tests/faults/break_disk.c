/* A disk without room, and one that fails. */
#include "tests/faults/break.h"

#include "tests/faults/disks.h"
#include "tests/faults/heal.h"

bool break_disk(struct fault_job *job)
{
	if (!job_find(job) || !disks_fill(job->run->settings, job->part))
		return false;
	job_report(job, "the disk of %s is full for %d.%d s", part_name(job->part),
		   (int)job->fault.number / 1000, (int)job->fault.number % 1000 / 100);
	return true;
}

/* A broker that has met the disk ends, some seconds later if need be: it is not waited for. */
static void start_again(struct fault_job *job)
{
	if (part_is_kafka(job->part) && job_find(job))
		job_kill(job);
	heal_part(job->run, job->part);
}

void mend_disk(struct fault_job *job)
{
	disks_clear(job->run->settings, job->part);
	start_again(job);
}

bool break_disk_by_errors(struct fault_job *job)
{
	if (!job_find(job) || !disks_fail(job->run->settings, job->part))
		return false;
	job_report(job, "the disk of %s gives EIO for %d.%d s", part_name(job->part),
		   (int)job->fault.number / 1000, (int)job->fault.number % 1000 / 100);
	return true;
}

void mend_disk_by_errors(struct fault_job *job)
{
	disks_mend(job->run->settings, job->part);
	start_again(job);
}
