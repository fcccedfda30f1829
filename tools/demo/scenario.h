/*
 * One of the three scenarios: played once in full, and then the other rounds in a line each.
 *
 * Threads: main.
 */
#ifndef TOOLS_DEMO_SCENARIO_H
#define TOOLS_DEMO_SCENARIO_H

#include "tools/demo/lab.h"

struct scenario {
	const char *name;     /* key of its name in the final table */
	const char *why;      /* key of the sentence that says why it ends so */
	const char *expected; /* how it ends: REPORT_KEPT or REPORT_LOST */
};

struct scenario_result {
	const struct scenario *scenario;
	struct report report; /* of the first round, or the first that went another way */
	char status[40];
	int64_t as_expected; /* rounds that were */
};

MUST_CHECK enum status scenario_play(struct lab *lab, const struct scenario *scenario,
				     struct scenario_result *result, struct error *err);

/* The final table, and whether the lab is reproduced. */
bool scenario_show_results(struct lab *lab, const struct scenario_result *results, int count);

#endif
