/*
 * What a case has measured, kept until its references were steady: a ratio to a reference that
 * moves says nothing. Pure but for measured_write.
 *
 * Threads: one.
 */
#ifndef TESTS_BENCH_MEASURED_H
#define TESTS_BENCH_MEASURED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define MEASURED_MAX       400
#define MEASURED_TEXT_SIZE 48

/* The most that the values of a reference may differ by, as a part of their median. */
#define MEASURED_SPREAD_MAX 0.25

struct measured_value {
	char subject[MEASURED_TEXT_SIZE], figure[MEASURED_TEXT_SIZE];
	double value;
	bool reference; /* a target is a ratio to it */
};

struct measured {
	struct measured_value values[MEASURED_MAX]; /* of one case */
	size_t count;
};

/* False: there is no room for it. */
bool measured_add(struct measured *m, const struct measured_value *value);

/* The reference that moved most, and its spread; NULL: no reference was measured twice. */
const struct measured_value *measured_unsteadiest(const struct measured *m, double *spread);

/* A line for each value, of case, subject, figure and value with tabs between; m is empty then. */
void measured_write(struct measured *m, const char *which_case, FILE *out);

#endif
