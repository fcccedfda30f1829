/*
 * A second state of the private PostgreSQL's data, which takes the place of the first: that of a
 * synchronous standby, or a copy.
 *
 * Threads: one at a time.
 */
#ifndef TESTS_FAULTS_STANDBY_H
#define TESTS_FAULTS_STANDBY_H

#include "tests/faults/run.h"

/* A synchronous standby follows from now on: no commit is acknowledged that it does not have. */
MUST_CHECK enum status standby_start(const struct run *run, struct error *err);

/* A copy of the data as they are now. */
MUST_CHECK enum status standby_copy(const struct run *run, struct error *err);

/* kill -9 of PostgreSQL. The standby, promoted, or the copy is what the next server at its port
 * works on. */
MUST_CHECK enum status standby_take_over(const struct run *run, struct error *err);

#endif
