#include "tests/faults/heal.h"

#include <string.h>

#include "common/runtime/clock.h"
#include "common/runtime/command.h"
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

/* One try. */
static bool try_once(struct run *run, const struct command *command)
{
	int64_t before = command_output_size(command->output_path);
	char output[OUTPUT_SIZE];
	int status = command_run(command);

	command_read_output(command->output_path, before, output, sizeof(output));
	judge_output(run, output);
	return status == 0;
}

static void fail(struct run *run, const char *what, const char *log)
{
	char output[OUTPUT_SIZE];

	command_read_output(log, 0, output, sizeof(output));
	journal_violation(&run->journal, "%s is not whole after %d s: %.300s", what, HEAL_MS / 1000,
			  command_last_line(output));
}

/* Repeats the script until it succeeds. An interrupted run heals nothing: all will be stopped. */
static void heal(struct run *run, const char *what, const char *script, const char *verb,
		 int64_t number)
{
	int64_t end_mono_ms = clock_mono_ms() + HEAL_MS;
	char name[64], log[RUN_PATH_SIZE], argument[24];
	struct command command = { .arguments = { script, verb, number < 0 ? NULL : argument },
				   .output_path = log,
				   .timeout_ms = wait_stretch(TRY_MS) };
	bool whole = false;

	(void)snprintf(argument, sizeof(argument), "%d", (int)number);
	(void)snprintf(name, sizeof(name), "log/heal-%s.log", what);
	(void)run_path(run, name, log);
	while (!atomic_load(&run->interrupted) && !(whole = try_once(run, &command)) &&
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
		heal(run, part_name(part), "tests/faults/pooler.sh", "start", -1);
}

void heal_replicas(struct run *run)
{
	heal(run, "replicas", "stack/stack.sh", "scale", atomic_load(&run->replicas));
}

void heal_topic(struct run *run, int partitions)
{
	heal(run, "topic", "kafka/topics.sh", "alter", partitions);
}
