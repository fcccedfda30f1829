/*
 * File systems of their own for the data of PostgreSQL and of each broker, in memory: small enough
 * to be filled.
 *
 * Threads: open at start-up; the others from any.
 */
#ifndef TESTS_FAULTS_DISKS_H
#define TESTS_FAULTS_DISKS_H

#include "tests/faults/settings.h"

/* Before the servers are started for the first time. */
MUST_CHECK enum status disks_open(const struct settings *settings, struct error *err);

/* Leaves no room on the server's disk; false: it could not. */
bool disks_fill(const struct settings *settings, enum part server);
void disks_clear(const struct settings *settings, enum part server);

#endif
