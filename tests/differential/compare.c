/*
 * The same random calls in the model and in the real servers: their traces are the same, byte for
 * byte. usage: differential SUBJECT; env: SEED, CALLS, and DATABASE_URL, where there is a database
 * (else the servers of a temporary stack are started)
 *
 * The calls are made in rounds: each has a seed of its own, SEED and those that follow, and begins
 * with nothing. Where a round differs, the shortest beginning of it is looked for that still does:
 * the tables, which are compared at its end, may differ before an answer does.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/runtime/command.h"
#include "tests/differential/dif_world.h"

#define ROUND_MS  600000
#define LINE_SIZE 3000
#define KEPT      8

struct subject {
	char folder[300]; /* of the programs */
	const char *name;
	int round_calls;
};

struct difference {
	char model[LINE_SIZE], real[LINE_SIZE]; /* the first lines that differ; "": there is none */
	char before[KEPT][LINE_SIZE];           /* the lines that were the same */
	int lines;
};

/* --- one round ----------------------------------------------------------------------------- */

static void path_of(const char *world, char path[400])
{
	const char *folder = getenv("RUN_DIR");

	(void)snprintf(path, 400, "%s/differential-%s.%d", folder ? folder : "/tmp", world,
		       (int)getpid());
}

/* False: the program failed, and has said why. */
static bool make_trace(const struct subject *subject, const char *world, uint64_t seed, int calls)
{
	char program[400], path[400], error_path[420], seeds[24], count[24];
	const struct command command = {
		.arguments = { program, subject->name, seeds, count },
		.output_path = path,
		.error_path = error_path,
		.timeout_ms = ROUND_MS,
	};
	int status;

	(void)snprintf(program, sizeof(program), "%s/differential-%s", subject->folder, world);
	(void)snprintf(seeds, sizeof(seeds), "%" PRIu64, seed);
	(void)snprintf(count, sizeof(count), "%d", calls);
	path_of(world, path);
	(void)snprintf(error_path, sizeof(error_path), "%s.err", path);
	(void)unlink(path);
	(void)unlink(error_path);
	do
		status = command_run(&command);
	while (status == DIF_LATE);
	if (status != 0)
		printf("%s ended with status %d, see %s\n", program, status, error_path);
	return status == 0;
}

static FILE *open_trace(const char *world)
{
	char path[400];
	FILE *trace;

	path_of(world, path);
	trace = fopen(path, "r");
	if (!trace)
		abort();
	return trace;
}

static void read_line(FILE *trace, char line[LINE_SIZE])
{
	if (!fgets(line, LINE_SIZE, trace))
		line[0] = '\0';
}

/* Reads both up to where they differ. */
static bool traces_differ(struct difference *d)
{
	FILE *model = open_trace("model"), *real = open_trace("real");
	bool differ;

	for (d->lines = 0;; d->lines++) {
		read_line(model, d->model);
		read_line(real, d->real);
		differ = strcmp(d->model, d->real) != 0;
		if (differ || !d->model[0])
			break;
		memcpy(d->before[d->lines % KEPT], d->model, LINE_SIZE);
	}
	(void)fclose(model);
	(void)fclose(real);
	return differ;
}

static bool differs(const struct subject *subject, uint64_t seed, int calls, struct difference *d)
{
	bool model = make_trace(subject, "model", seed, calls);
	bool real = make_trace(subject, "real", seed, calls);

	return traces_differ(d) || !model || !real;
}

/* --- where it differs ---------------------------------------------------------------------- */

/* The shortest beginning of the round that differs: its number of calls. */
static int shorten(const struct subject *subject, uint64_t seed, int calls)
{
	static struct difference ignored;
	int same = 0;

	while (calls - same > 1) {
		int middle = same + (calls - same) / 2;

		if (differs(subject, seed, middle, &ignored))
			calls = middle;
		else
			same = middle;
	}
	return calls;
}

static void print(const struct difference *d)
{
	for (int i = d->lines > KEPT ? d->lines - KEPT : 0; i < d->lines; i++)
		printf("  %s", d->before[i % KEPT]);
	printf("model: %s", d->model[0] ? d->model : "no further line\n");
	printf("real:  %s", d->real[0] ? d->real : "no further line\n");
}

/* first: as it was found. */
static void explain(const struct subject *subject, uint64_t seed, int calls,
		    const struct difference *first)
{
	static struct difference d;
	int shortest = shorten(subject, seed, calls);

	printf("seed %" PRIu64 " differs; the shortest beginning that does has %d calls\n", seed,
	       shortest);
	if (differs(subject, seed, shortest, &d)) {
		print(&d);
	} else {
		printf("not each time; once it was so:\n");
		print(first);
	}
	printf("again: make test-differential SUBJECT=%s SEED=%" PRIu64 " CALLS=%d\n",
	       subject->name, seed, shortest);
}

/* --- the run ------------------------------------------------------------------------------- */

static void remove_traces(void)
{
	static const char *const worlds[] = { "model", "real" };
	char path[400], error_path[420];

	for (int i = 0; i < 2; i++) {
		path_of(worlds[i], path);
		(void)snprintf(error_path, sizeof(error_path), "%s.err", path);
		(void)unlink(path);
		(void)unlink(error_path);
	}
}

/* False: there is a difference. */
static bool compare(const struct subject *subject, uint64_t seed, int calls)
{
	static struct difference first;

	for (int made = 0; made < calls; made += subject->round_calls, seed++) {
		int count = calls - made < subject->round_calls ? calls - made
								: subject->round_calls;

		if (differs(subject, seed, count, &first)) {
			explain(subject, seed, count, &first);
			return false;
		}
	}
	remove_traces();
	printf("%d random calls, of %s: no difference\n", calls, subject->name);
	return true;
}

/* The folder is a temporary stack's; stack/temporary_stack.sh stops what runs in it. */
static bool start_servers(void)
{
	const struct command command = { .arguments = { "stack/stack.sh", "servers" },
					 .output_path = "/dev/null",
					 .timeout_ms = ROUND_MS };
	const char *port = getenv("PG_PORT"), *folder = getenv("RUN_DIR");
	char text[400];

	if (!port || !folder || command_run(&command) != 0)
		return false;
	(void)snprintf(text, sizeof(text), "postgresql://lab@127.0.0.1:%s/lab", port);
	(void)setenv("DATABASE_URL", text, 1);
	(void)snprintf(text, sizeof(text), "%s/pgpass", folder);
	(void)setenv("PGPASSFILE", text, 1);
	return true;
}

static const char *setting_text(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static long setting(const char *name, long usual)
{
	const char *value = setting_text(name);

	return value ? strtol(value, NULL, 10) : usual;
}

int main(int argc, char **argv)
{
	struct subject subject;

	if (argc != 2)
		return 2;
	(void)snprintf(subject.folder, sizeof(subject.folder), "%.*s",
		       (int)(strrchr(argv[0], '/') - argv[0]), argv[0]);
	subject.name = argv[1];
	subject.round_calls = strcmp(argv[1], "pg") == 0 ? 250 : 2000;
	if (!setting_text("DATABASE_URL") && !start_servers()) {
		printf("the servers do not start\n");
		return 2;
	}
	return compare(&subject, (uint64_t)setting("SEED", 1), (int)setting("CALLS", 100000)) ? 0
											      : 1;
}
