/*
 * Debian's pgbouncer between the services and the private PostgreSQL, in session mode, with state
 * in $RUN_DIR/pgbouncer.
 *
 * Threads: one at a time.
 */
#ifndef TESTS_FAULTS_PGBOUNCER_H
#define TESTS_FAULTS_PGBOUNCER_H

#include "tests/faults/run.h"

/* Starts it, unless it runs; it accepts connections on return. */
MUST_CHECK enum status pgbouncer_start(const struct run *run, struct error *err);

#endif
