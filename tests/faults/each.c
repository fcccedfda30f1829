#include "tests/faults/each.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/runtime/command.h"
#include "common/runtime/stop.h"

#define LANES            4
#define LANE_PORTS       1000
#define SETTINGS_MAX     3
#define VARIABLES_MAX    8
#define TEXT_SIZE        4096
#define RUN_MS           (DURATION_MAX_S * 2000LL) /* it ends by itself */
#define EXIT_INTERRUPTED 130

/* What is set besides what all have. Storage of one of three brokers; few rows in a batch of a
 * relay whose broker hangs. */
static const struct run_of_family {
	const char *family, *settings[SETTINGS_MAX];
} runs[] = {
	{ "pauses", { "PROCESSING_ORDER=key", "CLIENTS=2", "RATE=4" } },
	{ "network", { "MODE=unkeyed" } },
	{ "storage", { "BROKERS=3" } },
	{ "processes", { "MODE=growing" } },
	{ "logs", { "MODE=unkeyed", "PROCESSING_ORDER=unordered" } },
	{ "database", { "MODE=growing" } },
	{ "disk", { NULL } },
	{ "standby", { "MODE=unkeyed" } },
	{ "network", { "BROKERS=3" } },
	{ "pooler", { "PROCESSING_ORDER=key" } },
	{ "clock", { "MODE=growing" } },
	{ "processes", { "MODE=unkeyed" } },
	{ "duplicates", { "MODE=unkeyed" } },
	{ "zombies", { NULL } },
	{ "rewind", { NULL } },
};
#define RUN_COUNT (sizeof(runs) / sizeof(runs[0]))

struct each {
	const struct settings *settings;
	const char *run_dir;
	atomic_bool interrupted, failed;
	pthread_mutex_t screen;
};

struct lane {
	struct each *each;
	size_t number;
	pthread_t thread;
};

/* The NAME=VALUE arguments of a run, and where the texts are. */
struct variables {
	char texts[VARIABLES_MAX][TEXT_SIZE];
	size_t count;
};

static const char *variable(struct variables *variables, const char *name, int64_t value)
{
	char *text = variables->texts[variables->count++];

	(void)snprintf(text, TEXT_SIZE, "%s=%" PRId64, name, value);
	return text;
}

/* Lines of the log from the first to the one that is the verdict; else the last one. */
static const char *verdict_of(char *output)
{
	const char *last = output;
	char *rest = output;

	for (char *line; (line = strtok_r(rest, "\n", &rest));) {
		last = line;
		if (strncmp(line, "Nothing ", 8) == 0 ||
		    strncmp(line + strspn(line, "0123456789"), " violations", 11) == 0)
			break;
	}
	return last;
}

static void copy_to_screen(const char *path)
{
	FILE *file = fopen(path, "re");

	for (int c; file && (c = fgetc(file)) != EOF;)
		(void)putchar(c);
	if (file)
		(void)fclose(file);
}

static void report(struct each *each, const struct run_of_family *run, const char *log, bool good)
{
	char output[16384];

	command_read_output(log, 0, output, sizeof(output));
	(void)pthread_mutex_lock(&each->screen);
	(void)printf("%s", run->family);
	for (size_t i = 0; i < SETTINGS_MAX && run->settings[i]; i++)
		(void)printf(" %s", run->settings[i]);
	(void)printf(": %s\n", verdict_of(output));
	if (!good)
		copy_to_screen(log);
	(void)fflush(stdout);
	(void)pthread_mutex_unlock(&each->screen);
}

/* On the lane's ports. */
static void play(struct lane *lane, size_t number)
{
	struct each *each = lane->each;
	const struct settings *s = each->settings;
	const struct run_of_family *run = &runs[number];
	int64_t port = s->first_port + LANE_PORTS * (int64_t)lane->number;
	char name[24], family[40], log[TEXT_SIZE], program[TEXT_SIZE];
	struct variables v = { .count = 0 };
	const struct command command = {
		.arguments = { "env", variable(&v, "ORDER_PORT", port),
			       variable(&v, "DELIVERY_PORT", port + 10),
			       variable(&v, "KAFKA_PORT", port + 20),
			       variable(&v, "PG_PORT", port + 500), variable(&v, "SEED", s->seed),
			       variable(&v, "DURATION", s->duration_s), family,
			       run->settings[0] ? run->settings[0] : "_=",
			       run->settings[1] ? run->settings[1] : "_=",
			       run->settings[2] ? run->settings[2] : "_=",
			       "stack/temporary_stack.sh", "run", name, program },
		.output_path = log,
		.timeout_ms = RUN_MS,
		.cancel = &each->interrupted,
	};
	bool good;

	(void)snprintf(name, sizeof(name), "faults-%zu", number);
	(void)snprintf(family, sizeof(family), "FAMILY=%s", run->family);
	(void)snprintf(log, sizeof(log), "%s/log/%s-%s.log", each->run_dir, name, run->family);
	(void)snprintf(program, sizeof(program), "%s/tests/faults", s->build_dir);
	(void)unlink(log);
	good = command_run(&command) == 0;
	if (!good)
		atomic_store(&each->failed, true);
	if (!atomic_load(&each->interrupted))
		report(each, run, log, good);
}

/* Every LANES-th run. */
static void *lane_main(void *arg)
{
	struct lane *lane = arg;

	for (size_t i = lane->number; i < RUN_COUNT && !atomic_load(&lane->each->interrupted);
	     i += LANES)
		play(lane, i);
	return NULL;
}

static void *signals_main(void *arg)
{
	struct each *each = arg;

	(void)stop_wait(STOP_WAIT_FOREVER);
	atomic_store(&each->interrupted, true);
	return NULL;
}

static void make_folders(const char *run_dir)
{
	char path[TEXT_SIZE];

	(void)mkdir(run_dir, 0755);
	(void)snprintf(path, sizeof(path), "%s/log", run_dir);
	(void)mkdir(path, 0755);
}

int each_run(const struct settings *settings)
{
	struct each each = { .settings = settings,
			     .run_dir = *settings->run_dir ? settings->run_dir : ".run",
			     .screen = PTHREAD_MUTEX_INITIALIZER };
	struct lane lanes[LANES];
	pthread_t signals;

	stop_block_signals();
	make_folders(each.run_dir);
	if (pthread_create(&signals, NULL, signals_main, &each) != 0)
		return 1;
	for (size_t i = 0; i < LANES; i++) {
		lanes[i] = (struct lane){ .each = &each, .number = i };
		if (pthread_create(&lanes[i].thread, NULL, lane_main, &lanes[i]) != 0)
			return 1;
	}
	for (size_t i = 0; i < LANES; i++)
		(void)pthread_join(lanes[i].thread, NULL);
	if (atomic_load(&each.interrupted))
		return EXIT_INTERRUPTED;
	stop_request();
	(void)pthread_join(signals, NULL);
	return atomic_load(&each.failed);
}
