/* A disk without room. */
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

/* A broker that has met the full disk ends, some seconds later if need be: it is not waited for. */
void mend_disk(struct fault_job *job)
{
	disks_clear(job->run->settings, job->part);
	if (part_is_kafka(job->part) && job_find(job))
		job_kill(job);
	heal_part(job->run, job->part);
}
