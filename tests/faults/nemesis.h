/*
 * Carries out the faults of the plan on real processes, each in a thread of its own, and watches
 * that nothing else breaks.
 * Invariant: a part is broken by one fault at a time, and what no fault breaks runs and is
 * the process that it was.
 *
 * Threads: main only.
 */
#ifndef TESTS_FAULTS_NEMESIS_H
#define TESTS_FAULTS_NEMESIS_H

#include "tests/faults/plan.h"
#include "tests/faults/run.h"

struct nemesis;

/* Everything that shall run does; otherwise err says what does not. */
MUST_CHECK enum status nemesis_open(struct nemesis **out, struct run *run, struct error *err);
void nemesis_close(struct nemesis *nemesis);

/* Starts the fault, unless one of its parts is not whole yet. */
void nemesis_begin(struct nemesis *nemesis, const struct fault *fault);

/* A look at everything that should run: what ended by itself is a violation, and is started. */
void nemesis_watch(struct nemesis *nemesis);

/* Waits until no fault is in progress. */
void nemesis_await(struct nemesis *nemesis);

/* Everything is made whole, whatever is broken. No fault is in progress. */
void nemesis_mend(struct nemesis *nemesis);

#endif
