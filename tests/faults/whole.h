/*
 * Liveness: after the last fault everything becomes whole by itself. The outboxes are empty, all
 * messages are done, every service says that it is ready, and PostgreSQL has no session more than
 * the services have connections. That it takes longer than WHOLE_MS,
 * stretched on a busy machine, is a violation.
 *
 * Threads: main only; no client runs, so no new work comes.
 */
#ifndef TESTS_FAULTS_WHOLE_H
#define TESTS_FAULTS_WHOLE_H

#include "tests/faults/run.h"

#define WHOLE_MS 60000

/* Waits until all is whole. Returns the time since then; -1: it is not. */
int64_t whole_await(struct run *run, int64_t since_mono_ms);

#endif
