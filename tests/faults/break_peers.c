/*
 * The network among three brokers, and so among their controllers. Of two others that are broken
 * one at a time, the fault's number says which.
 */
#include "tests/faults/break.h"

#include "tests/faults/peers.h"

#define STEP_MS 10 /* of the number */

static part_set others(const struct fault_job *job)
{
	return parts_range(PART_KAFKA, job->run->settings->brokers) & ~PART_BIT(job->part);
}

static part_set one_other(const struct fault_job *job)
{
	int step = 1 + job->fault.number / STEP_MS % (BROKERS_MAX - 1);

	return PART_BIT(PART_KAFKA + (part_index(job->part) + step) % BROKERS_MAX);
}

static void cut(struct fault_job *job, part_set set, bool back_too, bool on)
{
	for (int broker = 0; broker < PART_COUNT; broker++) {
		if (!(set & PART_BIT(broker)))
			continue;
		peers_cut(job->run->settings, job->part, (enum part)broker, on);
		if (back_too)
			peers_cut(job->run->settings, (enum part)broker, job->part, on);
	}
}

/* Without a network of its own a run drops no packets. */
static bool break_off(struct fault_job *job, part_set set, bool back_too, const char *from,
		      const char *to)
{
	if (!job->run->own_network || !job_find(job))
		return false;
	cut(job, set, back_too, true);
	job_report(job, "nothing passes %s %s %s %s for %d.%d s", from, part_name(job->part),
		   back_too ? "and" : "to", to, (int)job->fault.number / 1000,
		   (int)job->fault.number % 1000 / 100);
	return true;
}

static void restore(struct fault_job *job, part_set set, bool back_too)
{
	cut(job, set, back_too, false);
	journal_note(&job->run->journal, "healed", "%s's network", part_name(job->part));
}

bool break_peers(struct fault_job *job)
{
	return break_off(job, others(job), true, "between", "the other brokers");
}

void mend_peers(struct fault_job *job)
{
	restore(job, others(job), true);
}

bool break_peer(struct fault_job *job)
{
	return break_off(job, one_other(job), true, "between",
			 part_name(parts_first(one_other(job))));
}

void mend_peer(struct fault_job *job)
{
	restore(job, one_other(job), true);
}

bool break_peers_one_way(struct fault_job *job)
{
	return break_off(job, others(job), false, "from", "the other brokers");
}

void mend_peers_one_way(struct fault_job *job)
{
	restore(job, others(job), false);
}
