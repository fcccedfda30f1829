/*
 * The services' statements, by name: what a random call passes, and what of its answer can be
 * compared.
 *
 * Values come from small domains, so that calls meet. What an array holds is distinct where the
 * services' own arrays are.
 *
 * Threads: one owner.
 */
#ifndef TESTS_DIFFERENTIAL_DIF_STATEMENT_H
#define TESTS_DIFFERENTIAL_DIF_STATEMENT_H

#include "common/pg/pg.h"
#include "tests/simulation/sim_random.h"

struct dif_statement {
	const char *name;
	const char *params; /* a letter each (dif_params.c), * before it: an array */
	const char *result; /* a column each: n number, t text, x null or not, - not compared */
	bool unordered;     /* the statement does not say in which order its rows come */
};

/* NULL: a command (begin, commit). */
const struct dif_statement *dif_statement_of(const char *name);

/* Who calls. */
struct dif_caller {
	const char *name;        /* of the session */
	const char *application; /* of its database sessions */
	const char *topic;
	char writers[512]; /* what relay_writers said last; "": nothing */
};

#define DIF_CALLS_MAX 6

/* A round trip. */
struct dif_step {
	size_t count;
	const struct dif_statement *statements[DIF_CALLS_MAX]; /* NULL: a command */
	struct pg_call calls[DIF_CALLS_MAX];
	struct pg_params params[DIF_CALLS_MAX];
	struct pg_array arrays[DIF_CALLS_MAX][PG_PARAMS_MAX];
	char text[2000]; /* what is called, for the trace */
};

void dif_step_init(struct dif_step *step);
void dif_step_fini(struct dif_step *step);
void dif_step_add(struct dif_step *step, const char *name, struct sim_random *random,
		  const struct dif_caller *caller);

/* Prints the answer to a call: " 2 rows (1,2) (3,4)". */
void dif_statement_print(const struct dif_statement *statement, const PGresult *result);

#endif
