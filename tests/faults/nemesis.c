#include "tests/faults/nemesis.h"

#include <stdlib.h>

#include "common/runtime/command.h"
#include "common/runtime/pid_file.h"
#include "tests/faults/heal.h"
#include "tests/faults/job.h"

#define LOG_TAIL_SIZE 2048

struct nemesis {
	struct run *run;
	pid_t known[PART_COUNT]; /* of what ran when it was last looked at */
	pthread_mutex_t mu;
	pthread_cond_t idle;
	part_set busy;      /* guarded by mu: a fault is in progress there */
	part_set unsettled; /* guarded by mu: the process may be another one than known */
	int jobs;           /* guarded by mu: in progress */
};

/* What a thread gets, and frees. */
struct task {
	struct nemesis *nemesis;
	struct fault_job job; /* without a kind: the part is only healed */
};

/* All services and servers that shall run. */
static part_set wanted(const struct nemesis *nemesis)
{
	return settings_services(atomic_load(&nemesis->run->replicas)) |
	       settings_servers(nemesis->run->settings);
}

static pid_t find(const struct nemesis *nemesis, enum part part)
{
	return pid_file_find(nemesis->run->settings->run_dir, part_name(part));
}

enum status nemesis_open(struct nemesis **out, struct run *run, struct error *err)
{
	struct nemesis *nemesis = calloc(1, sizeof(*nemesis));

	if (!nemesis)
		return error_set(err, ST_INTERNAL, "out of memory");
	nemesis->run = run;
	(void)pthread_mutex_init(&nemesis->mu, NULL);
	(void)pthread_cond_init(&nemesis->idle, NULL);
	for (int part = 0; part < PART_COUNT; part++) {
		nemesis->known[part] = find(nemesis, (enum part)part);
		if (nemesis->known[part] == 0 && wanted(nemesis) & PART_BIT(part)) {
			nemesis_close(nemesis);
			return error_set(err, ST_UNAVAILABLE, "%s does not run",
					 part_name((enum part)part));
		}
	}
	*out = nemesis;
	return ST_OK;
}

void nemesis_close(struct nemesis *nemesis)
{
	if (!nemesis)
		return;
	(void)pthread_cond_destroy(&nemesis->idle);
	(void)pthread_mutex_destroy(&nemesis->mu);
	free(nemesis);
}

/* --- jobs ---------------------------------------------------------------------------------- */

static void carry_out(struct fault_job *job)
{
	const struct fault_kind *kind = job->fault.kind;

	if (!kind->carry_out(job) || !kind->heal)
		return;
	if (kind->amount == AMOUNT_MS)
		run_pause(job->run, job->fault.number);
	kind->heal(job);
}

/* The part is unsettled before it is idle, so that nemesis_watch never takes its new process for
 * one that came by itself. */
static void finish(struct nemesis *nemesis, part_set parts)
{
	(void)pthread_mutex_lock(&nemesis->mu);
	nemesis->unsettled |= parts;
	nemesis->busy &= ~parts;
	if (--nemesis->jobs == 0)
		(void)pthread_cond_broadcast(&nemesis->idle);
	(void)pthread_mutex_unlock(&nemesis->mu);
}

static void *task_main(void *arg)
{
	struct task *task = arg;

	if (task->job.fault.kind)
		carry_out(&task->job);
	else
		heal_part(task->job.run, task->job.part);
	finish(task->nemesis, task->job.fault.parts);
	free(task);
	return NULL;
}

/* Marks the parts as busy; false: one of them is. */
static bool occupy(struct nemesis *nemesis, part_set parts)
{
	bool idle;

	(void)pthread_mutex_lock(&nemesis->mu);
	idle = (nemesis->busy & parts) == 0;
	if (idle) {
		nemesis->busy |= parts;
		nemesis->jobs++;
	}
	(void)pthread_mutex_unlock(&nemesis->mu);
	return idle;
}

/* Runs the task in a thread; its parts are occupied. */
static void launch(struct nemesis *nemesis, const struct fault *fault, int replicas_before)
{
	struct task *task = malloc(sizeof(*task));
	pthread_t thread;

	if (task)
		*task = (struct task){ nemesis,
				       { .run = nemesis->run,
					 .fault = *fault,
					 .part = parts_first(fault->parts),
					 .replicas_before = replicas_before } };
	if (task && pthread_create(&thread, NULL, task_main, task) == 0) {
		(void)pthread_detach(thread);
		return;
	}
	free(task);
	journal_violation(&nemesis->run->journal, "no thread for a fault");
	finish(nemesis, fault->parts);
}

void nemesis_begin(struct nemesis *nemesis, const struct fault *fault)
{
	struct run *run = nemesis->run;
	int replicas = atomic_load(&run->replicas);

	if (!occupy(nemesis, fault->parts)) {
		journal_note(&run->journal, "skipped", "%s %s: it is not whole yet",
			     fault->kind->name, part_name(parts_first(fault->parts)));
		return;
	}
	if (fault->kind->amount == AMOUNT_REPLICAS)
		atomic_store(&run->replicas, fault->number);
	launch(nemesis, fault, replicas);
}

void nemesis_await(struct nemesis *nemesis)
{
	(void)pthread_mutex_lock(&nemesis->mu);
	while (nemesis->jobs > 0)
		(void)pthread_cond_wait(&nemesis->idle, &nemesis->mu);
	(void)pthread_mutex_unlock(&nemesis->mu);
}

/* --- watching ------------------------------------------------------------------------------ */

/* A fault of the part is in progress, or was since the last look. */
static bool may_differ(struct nemesis *nemesis, enum part part, bool *busy)
{
	bool unsettled;

	(void)pthread_mutex_lock(&nemesis->mu);
	*busy = nemesis->busy & PART_BIT(part);
	unsettled = nemesis->unsettled & PART_BIT(part);
	if (!*busy)
		nemesis->unsettled &= ~PART_BIT(part);
	(void)pthread_mutex_unlock(&nemesis->mu);
	return unsettled;
}

static void report_end(struct nemesis *nemesis, enum part part, pid_t was)
{
	char name[64], path[RUN_PATH_SIZE], tail[LOG_TAIL_SIZE];
	const struct fault heal_only = { .parts = PART_BIT(part) };

	(void)snprintf(name, sizeof(name), "log/%s.log", part_name(part));
	command_read_output(run_path(nemesis->run, name, path), 0, tail, sizeof(tail));
	journal_violation(&nemesis->run->journal, "%s ended by itself (pid %d); see %.200s: %.200s",
			  part_name(part), (int)was, path, command_last_line(tail));
	if (occupy(nemesis, heal_only.parts))
		launch(nemesis, &heal_only, 0);
}

static void watch_part(struct nemesis *nemesis, enum part part)
{
	pid_t was = nemesis->known[part], pid;
	bool busy, may_be_new = may_differ(nemesis, part, &busy);

	if (busy)
		return;
	pid = nemesis->known[part] = find(nemesis, part);
	if (pid == 0 || (pid != was && !may_be_new))
		report_end(nemesis, part, was);
}

void nemesis_watch(struct nemesis *nemesis)
{
	for (int part = 0; part < PART_COUNT; part++) {
		if (wanted(nemesis) & PART_BIT(part))
			watch_part(nemesis, (enum part)part);
	}
}

void nemesis_mend(struct nemesis *nemesis)
{
	struct run *run = nemesis->run;

	heal_part(run, PART_POSTGRES);
	if (settings_has_pooler(run->settings))
		heal_part(run, PART_POOLER);
	for (int i = 0; i < run->settings->brokers; i++)
		heal_part(run, (enum part)(PART_KAFKA + i));
	heal_part(run, PART_ORDER);
	heal_replicas(run);
}
