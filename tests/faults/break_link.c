/*
 * The network between a service and the servers that the kind names. What is broken one way is
 * broken the way that the fault's number says; of several brokers that are broken one at a time,
 * the number says which.
 */
#include "tests/faults/break.h"

#include "tests/faults/links.h"

#define LOSS_PERCENT 30
#define DELAY_MS     100
#define STEP_MS      10 /* of the number */

/* The servers between which and the service something is broken. */
static part_set servers(const struct fault_job *job)
{
	return job->fault.kind->towards & settings_servers(job->run->settings);
}

static part_set one_server(const struct fault_job *job)
{
	int brokers = job->run->settings->brokers;

	return PART_BIT(PART_KAFKA + job->fault.number / STEP_MS % brokers);
}

static enum proxy_way one_way(const struct fault_job *job)
{
	return (enum proxy_way)(job->fault.number / STEP_MS % PROXY_WAYS);
}

static const char *towards(part_set set)
{
	if (set == PART_BIT(PART_POSTGRES))
		return "PostgreSQL";
	return set & PART_BIT(PART_POSTGRES) ? "PostgreSQL and Kafka" : "Kafka";
}

static bool report(struct fault_job *job, const char *what)
{
	job_report(job, "%s between %s and %s for %d.%d s", what, part_name(job->part),
		   towards(servers(job)), (int)job->fault.number / 1000,
		   (int)job->fault.number % 1000 / 100);
	return true;
}

static void note_healed(struct fault_job *job)
{
	journal_note(&job->run->journal, "healed", "%s's network", part_name(job->part));
}

static void cut(struct fault_job *job, part_set set, enum proxy_way way, bool on)
{
	for (int server = 0; server < PART_COUNT; server++) {
		if (set & PART_BIT(server))
			links_cut(job->run->links, job->part, (enum part)server, way, on);
	}
}

bool break_link(struct fault_job *job)
{
	cut(job, servers(job), PROXY_TO_SERVER, true);
	cut(job, servers(job), PROXY_TO_CLIENT, true);
	return report(job, "nothing passes");
}

void mend_link(struct fault_job *job)
{
	cut(job, servers(job), PROXY_TO_SERVER, false);
	cut(job, servers(job), PROXY_TO_CLIENT, false);
	note_healed(job);
}

bool break_link_of_broker(struct fault_job *job)
{
	part_set set = one_server(job);

	cut(job, set, PROXY_TO_SERVER, true);
	cut(job, set, PROXY_TO_CLIENT, true);
	job_report(job, "nothing passes between %s and %s for %d.%d s", part_name(job->part),
		   part_name(parts_first(set)), (int)job->fault.number / 1000,
		   (int)job->fault.number % 1000 / 100);
	return true;
}

void mend_link_of_broker(struct fault_job *job)
{
	cut(job, one_server(job), PROXY_TO_SERVER, false);
	cut(job, one_server(job), PROXY_TO_CLIENT, false);
	note_healed(job);
}

bool break_link_one_way(struct fault_job *job)
{
	cut(job, servers(job), one_way(job), true);
	return report(job, one_way(job) == PROXY_TO_SERVER ? "nothing reaches the server"
							   : "nothing comes back");
}

void mend_link_one_way(struct fault_job *job)
{
	cut(job, servers(job), one_way(job), false);
	note_healed(job);
}

static void lose(struct fault_job *job, int percent)
{
	for (int server = 0; server < PART_COUNT; server++) {
		if (servers(job) & PART_BIT(server))
			links_lose(job->run->links, job->part, (enum part)server, percent);
	}
}

bool break_link_by_loss(struct fault_job *job)
{
	lose(job, LOSS_PERCENT);
	return report(job, "30 % are lost");
}

void mend_link_by_loss(struct fault_job *job)
{
	lose(job, 0);
	note_healed(job);
}

static void delay(struct fault_job *job, int ms)
{
	for (int server = 0; server < PART_COUNT; server++) {
		if (servers(job) & PART_BIT(server))
			links_delay(job->run->links, job->part, (enum part)server, ms);
	}
}

bool break_link_by_delay(struct fault_job *job)
{
	delay(job, DELAY_MS);
	return report(job, "100 ms each way");
}

void mend_link_by_delay(struct fault_job *job)
{
	delay(job, 0);
	note_healed(job);
}

bool break_link_by_reset(struct fault_job *job)
{
	for (int server = 0; server < PART_COUNT; server++) {
		if (servers(job) & PART_BIT(server))
			links_reset(job->run->links, job->part, (enum part)server);
	}
	job_report(job, "all connections between %s and %s are reset", part_name(job->part),
		   towards(servers(job)));
	return false;
}
