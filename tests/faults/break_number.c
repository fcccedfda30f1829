/* More and fewer: replicas, partitions, messages. */
#include "tests/faults/break.h"

#include <inttypes.h>

#include "tests/faults/duplicates.h"
#include "tests/faults/heal.h"

bool break_scale(struct fault_job *job)
{
	for (int i = job->fault.number; i < job->replicas_before; i++)
		job_keep_counters(job, (enum part)(PART_DELIVERY + i));
	job_report(job, "delivery replicas: %d -> %d", job->replicas_before,
		   (int)job->fault.number);
	return true;
}

void mend_scale(struct fault_job *job)
{
	heal_replicas(job->run);
}

bool break_grow(struct fault_job *job)
{
	job_report(job, "topic partitions: -> %d", (int)job->fault.number);
	return true;
}

void mend_grow(struct fault_job *job)
{
	heal_topic(job->run, job->fault.number);
}

bool break_duplicates(struct fault_job *job)
{
	const struct settings *s = job->run->settings;
	const struct duplicates_config config = { .brokers = s->kafka,
						  .topic = s->topic,
						  .count = (size_t)job->fault.number,
						  .to_any = s->mode != MODE_KEYED,
						  .seed = (uint64_t)job->fault.number };
	struct duplicates_result result;
	struct error err;

	if (duplicates_produce(&config, &result, &err) != ST_OK) {
		journal_note(&job->run->journal, "failed", "%s", err.msg);
		return false;
	}
	job_report(job, "produced again: %zu messages of partition %" PRId32, result.count,
		   result.partition);
	atomic_fetch_add(&job->run->produced_again, (int64_t)result.count);
	return false;
}
