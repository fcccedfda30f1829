#include "tests/faults/heal.h"

#include <string.h>

#include "common/runtime/clock.h"
#include "common/runtime/command.h"
#include "tests/faults/pgbouncer.h"
#include "tests/faults/phrases.h"
#include "tests/support/wait.h"

#define HEAL_MS     90000 /* far more than it takes when other faults are in progress */
#define TRY_MS      90000
#define BETWEEN_MS  50
#define OUTPUT_SIZE 4096

/* That a process ends while it starts is a violation, also if the next try succeeds. */
static void judge_output(struct run *run, const char *output)
{
	char line[300];

	while (phrases_find(&output, line, sizeof(line)))
		journal_violation(&run->journal, "%s", line);
}

/* What makes a part whole. */
struct remedy {
	const char *what, *log;
	const char *script, *verb; /* NULL: pgbouncer is started */
	int64_t number;            /* -1: none */
};

static bool run_script(struct run *run, const struct remedy *remedy)
{
	int64_t before = command_output_size(remedy->log);
	char output[OUTPUT_SIZE], argument[24];
	const struct command command = { .arguments = { remedy->script, remedy->verb,
							remedy->number < 0 ? NULL : argument },
					 .output_path = remedy->log,
					 .timeout_ms = wait_stretch(TRY_MS) };
	int status;

	(void)snprintf(argument, sizeof(argument), "%d", (int)remedy->number);
	status = command_run(&command);
	command_read_output(remedy->log, before, output, sizeof(output));
	judge_output(run, output);
	return status == 0;
}

static bool apply(struct run *run, const struct remedy *remedy)
{
	struct error err;

	if (remedy->script)
		return run_script(run, remedy);
	if (pgbouncer_start(run, &err) == ST_OK)
		return true;
	journal_violation(&run->journal, "%s", err.msg);
	return false;
}

static void fail(struct run *run, const char *what, const char *log)
{
	char output[OUTPUT_SIZE];

	command_read_output(log, 0, output, sizeof(output));
	journal_violation(&run->journal, "%s is not whole in time: %.300s", what,
			  command_last_line(output));
}

/* Repeats it until it succeeds. An interrupted run heals nothing: all will be stopped. */
static void heal(struct run *run, const char *what, const char *script, const char *verb,
		 int64_t number)
{
	int64_t end_mono_ms = clock_mono_ms() + wait_stretch(HEAL_MS);
	char name[64], log[RUN_PATH_SIZE];
	const struct remedy remedy = { what, log, script, verb, number };
	bool whole = false;

	(void)snprintf(name, sizeof(name), "log/%s%s.log", script ? "heal-" : "", what);
	(void)run_path(run, name, log);
	while (!atomic_load(&run->interrupted) && !(whole = apply(run, &remedy)) &&
	       clock_mono_ms() < end_mono_ms)
		clock_pause_ms(BETWEEN_MS);
	if (whole)
		journal_note(&run->journal, "healed", "%s", what);
	else if (!atomic_load(&run->interrupted))
		fail(run, what, log);
}

void heal_part(struct run *run, enum part part)
{
	if (part_is_order(part))
		heal(run, part_name(part), "stack/stack.sh", "scale-orders", ORDERS);
	else if (part_is_delivery(part))
		heal(run, part_name(part), "stack/stack.sh", "scale", atomic_load(&run->replicas));
	else if (part_is_kafka(part))
		heal(run, part_name(part), "kafka/broker.sh", "start", part_index(part) + 1);
	else if (part == PART_POSTGRES)
		heal(run, part_name(part), "sql/cluster.sh", "start", -1);
	else if (part == PART_POOLER)
		heal(run, part_name(part), NULL, NULL, -1);
}

void heal_replicas(struct run *run)
{
	heal(run, "replicas", "stack/stack.sh", "scale", atomic_load(&run->replicas));
}

void heal_topic(struct run *run, int partitions)
{
	heal(run, "topic", "kafka/topics.sh", "alter", partitions);
}
