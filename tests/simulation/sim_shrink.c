#include "tests/simulation/sim_shrink.h"

#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 300

static bool fails(const struct sim_wish *wish, const bool *left_out)
{
	struct sim_wish trial = *wish;

	trial.left_out = left_out;
	trial.verbose = trial.print_on_violation = false;
	return sim_run(&trial).violation[0] != '\0';
}

/* Leaves out up to n of the faults that are in, from the first one that is at from or behind it.
 * Returns where to go on. */
static size_t leave_out(bool *left_out, size_t fault_count, size_t from, size_t n)
{
	for (; from < fault_count && n > 0; from++) {
		n -= !left_out[from];
		left_out[from] = true;
	}
	return from;
}

void sim_shrink(const struct sim_wish *wish, size_t fault_count, bool *left_out)
{
	bool *trial = calloc(fault_count + 1, sizeof(*trial));
	int runs = 0;

	if (!trial)
		abort();
	for (size_t n = fault_count; n > 0; n = n > 1 ? n / 2 : 0) {
		for (size_t from = 0; from < fault_count && runs < RUNS_MAX; runs++) {
			memcpy(trial, left_out, fault_count);
			from = leave_out(trial, fault_count, from, n);
			if (fails(wish, trial))
				memcpy(left_out, trial, fault_count);
		}
	}
	free(trial);
}
