/*
 * The services' loops in a simulated world, seed by seed. See README.md.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simulation/sim_plan.h"
#include "tests/simulation/sim_run.h"
#include "tests/simulation/sim_setup.h"
#include "tests/simulation/sim_shrink.h"

#define CORPUS_MAX 1000

const char *__asan_default_options(void);

/* A process that is killed frees nothing, and a run is one process. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0:detect_stack_use_after_return=0";
}

struct options {
	uint64_t first;
	int64_t count;
	double hours;
	int64_t most_per_s; /* events */
	const char *keep;   /* numbers of the faults that stay; NULL: all */
	const char *corpus;
	bool verbose, hashes, until_violation;
};

struct totals {
	int64_t seeds, failed, virtual_us;
	long effects;
	size_t faults;
};

static void keep_only(const char *list, bool *left_out)
{
	memset(left_out, 1, SIM_FAULTS_MAX);
	for (; *list; list += strcspn(list, ","), list += *list == ',') {
		long n = strtol(list, NULL, 10);

		if (*list != '-' && n >= 0 && n < SIM_FAULTS_MAX)
			left_out[n] = false;
	}
}

static void print_plan(const struct sim_wish *wish, const bool *left_out)
{
	struct sim_setup setup = sim_setup_of(wish->seed, wish->duration_us, wish->most_per_s);
	struct sim_plan plan = sim_plan_of(wish->seed, &setup);
	const char *comma = "";
	char text[120];

	printf("the shortest plan that was found to fail:\n");
	for (size_t i = 0; i < plan.count; i++) {
		sim_plan_describe(&plan.faults[i], text, sizeof(text));
		if (!left_out[i])
			printf("  %zu: %s\n", i, text);
	}
	printf("again: make simulate SEED=%" PRIu64, wish->seed);
	if (wish->duration_us)
		printf(" HOURS=%g", (double)wish->duration_us / 3.6e9);
	if (wish->most_per_s)
		printf(" MOST=%" PRId64, wish->most_per_s);
	printf(" KEEP=");
	for (size_t i = 0; i < plan.count; i++) {
		if (left_out[i])
			continue;
		printf("%s%zu", comma, i);
		comma = ",";
	}
	printf("%s\n", *comma ? "" : "-");
}

/* What is to be known of a seed that failed. */
static void explain(const struct sim_wish *wish, size_t fault_count, const bool *left_out)
{
	bool *shortest = calloc(SIM_FAULTS_MAX, sizeof(*shortest));
	struct sim_wish again = *wish;

	if (!shortest)
		abort();
	if (left_out)
		memcpy(shortest, left_out, SIM_FAULTS_MAX);
	sim_shrink(wish, fault_count, shortest);
	again.left_out = shortest;
	again.verbose = false;
	again.print_on_violation = true;
	(void)sim_run(&again);
	print_plan(wish, shortest);
	free(shortest);
}

/* False: it failed. */
static bool run_seed(const struct options *o, uint64_t seed, const bool *left_out,
		     struct totals *totals)
{
	const struct sim_wish wish = { .seed = seed,
				       .duration_us = (int64_t)(o->hours * 3.6e9),
				       .most_per_s = o->most_per_s,
				       .verbose = o->verbose,
				       .left_out = left_out };
	struct sim_outcome outcome = sim_run(&wish);

	totals->seeds++;
	totals->virtual_us += outcome.virtual_us;
	totals->effects += outcome.effects;
	totals->faults += outcome.fault_count;
	if (o->hashes)
		printf("%" PRIu64 " %016" PRIx64 "\n", seed, outcome.hash);
	if (!outcome.violation[0])
		return true;
	totals->failed++;
	printf("seed %" PRIu64 " fails at %.3f s: %s\n  (%s, %zu faults)\n", seed,
	       (double)outcome.virtual_us / 1e6, outcome.violation, outcome.setup,
	       outcome.fault_count);
	if (!o->until_violation)
		explain(&wish, outcome.fault_count, left_out);
	return false;
}

struct corpus_seed {
	uint64_t seed;
	int64_t most_per_s;
};

static struct corpus_seed read_seed(const char *line)
{
	char *end;
	struct corpus_seed s = { .seed = strtoull(line, &end, 10) };

	if (strncmp(end, " MOST=", 6) == 0)
		s.most_per_s = strtoll(end + 6, NULL, 10);
	return s;
}

/* The seeds that ever failed. A line: a seed, MOST=n if it needs that, then words. Closed before
 * any of them runs: the end of a run's process would set the place back at which this one reads on.
 */
static void run_corpus(const struct options *o, struct totals *totals)
{
	FILE *file = fopen(o->corpus, "r");
	struct corpus_seed seeds[CORPUS_MAX];
	struct options as = *o;
	size_t count = 0;
	char line[200];

	if (!file) {
		perror(o->corpus);
		exit(2);
	}
	while (fgets(line, sizeof(line), file)) {
		if (line[0] < '0' || line[0] > '9')
			continue;
		if (count == CORPUS_MAX) {
			(void)fprintf(stderr, "%s: more than %d seeds\n", o->corpus, CORPUS_MAX);
			exit(2);
		}
		seeds[count++] = read_seed(line);
	}
	(void)fclose(file);
	for (size_t i = 0; i < count; i++) {
		as.most_per_s = seeds[i].most_per_s;
		(void)run_seed(&as, seeds[i].seed, NULL, totals);
	}
}

static void read_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
		{ "first", required_argument, NULL, 'f' },
		{ "seeds", required_argument, NULL, 'n' },
		{ "hours", required_argument, NULL, 'h' },
		{ "most", required_argument, NULL, 'm' },
		{ "keep", required_argument, NULL, 'k' },
		{ "corpus", required_argument, NULL, 'c' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "hashes", no_argument, NULL, 'x' },
		{ "until-violation", no_argument, NULL, 'u' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'f')
			o->first = strtoull(optarg, NULL, 10);
		else if (option == 'n')
			o->count = strtoll(optarg, NULL, 10);
		else if (option == 'h')
			o->hours = strtod(optarg, NULL);
		else if (option == 'm')
			o->most_per_s = strtoll(optarg, NULL, 10);
		else if (option == 'k')
			o->keep = optarg;
		else if (option == 'c')
			o->corpus = optarg;
		else if (option == 'v')
			o->verbose = true;
		else if (option == 'x')
			o->hashes = true;
		else if (option == 'u')
			o->until_violation = true;
		else
			exit(2);
	}
}

int main(int argc, char **argv)
{
	static bool left_out[SIM_FAULTS_MAX];
	struct options o = { .first = 1, .count = 1 };
	struct totals totals = { 0 };

	read_options(argc, argv, &o);
	if (o.keep)
		keep_only(o.keep, left_out);
	if (o.corpus)
		run_corpus(&o, &totals);
	for (int64_t i = 0; i < o.count; i++) {
		if (!run_seed(&o, o.first + (uint64_t)i, o.keep ? left_out : NULL, &totals) &&
		    o.until_violation)
			break;
	}
	printf("%" PRId64 " seeds, %.2f virtual hours, %zu faults, %ld effects: %" PRId64
	       " seeds failed\n",
	       totals.seeds, (double)totals.virtual_us / 3.6e9, totals.faults, totals.effects,
	       totals.failed);
	return totals.failed ? 1 : 0;
}
