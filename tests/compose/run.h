/*
 * A run of the tests with containers: its settings, what the screen shows of it, the expectations
 * that held and that did not, and whether somebody wants it to end early.
 *
 * Threads: main, and one that waits for signals and sets interrupted.
 */
#ifndef TESTS_COMPOSE_RUN_H
#define TESTS_COMPOSE_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "tests/support/wait.h"

#define RUN_OPTIONS_MAX 4

struct run {
	/* Settings, see main.c. */
	const char *dir;            /* files of the run */
	const char *images_missing; /* "" when every image of docker-compose.yml is there */
	int64_t port;               /* the first one, which is order-service's */
	int engine;                 /* enum run_engine */

	/* The project under test, see project.h. */
	const char *project;
	const char *project_options[RUN_OPTIONS_MAX]; /* of docker compose; NULL ends them */

	atomic_bool interrupted; /* by a signal */
	bool closing;            /* commands run to their end, interrupted or not */
	int passed, failed;      /* expectations */
	int64_t start_mono_ms;
	int exit_status;    /* of the last command */
	const char *answer; /* what it printed, without the end of its last line */
	struct load *load;  /* NULL: there is none */
	bool swarm_open;    /* the engine is in a swarm of ours */
};

enum run_engine { RUN_ENGINE_FOUND, RUN_ENGINE_OWN };

/* The path of a file of the run; in the arena. */
const char *run_path(const struct run *run, const char *name);

/* The heading of a step. */
void run_heading(const char *text);

/* A line of its own, or several. */
void run_line(const char *text);

/* A line with the seconds since the run began. */
void run_progress(const struct run *run, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* An expectation held, or did not: then the last command's answer is shown, too. Nothing when the
 * run is interrupted. */
void run_expect(struct run *run, bool holds, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Evaluates condition until it holds (true), or the time is over or the run interrupted (false). */
#define run_holds_within(run, seconds, condition)                                                  \
	(wait_until((seconds)*INT64_C(1000), run_is_interrupted(run) || (condition)) &&            \
	 !run_is_interrupted(run))

/* The same as a step of its own, which fails when it does not hold. */
#define run_await(run, seconds, what, condition, err)                                              \
	(run_holds_within(run, seconds, condition) ? ST_OK : run_timed_out(seconds, what, err))

bool run_is_interrupted(const struct run *run);
enum status run_timed_out(int seconds, const char *what, struct error *err);

#endif
