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

void mend_disk(struct fault_job *job)
{
	disks_clear(job->run->settings, job->part);
	heal_part(job->run, job->part);
}
