/*
 * The disks of PostgreSQL and of each broker. They fail when a library that is loaded into the
 * server sees a mark (preload/disk.c); they can be full when they are file systems of their own, in
 * memory, small enough to be filled.
 *
 * Threads: disks_open at start-up; the others from any.
 */
#ifndef TESTS_FAULTS_DISKS_H
#define TESTS_FAULTS_DISKS_H

#include "tests/faults/settings.h"

#define DISKS_PATH_SIZE 4096

/* Where the server's data are, and the mark that its disk fails: written to path, and returned. */
const char *disks_folder(const char *run_dir, enum part server, char path[DISKS_PATH_SIZE]);
const char *disks_mark(const char *run_dir, enum part server, char path[DISKS_PATH_SIZE]);

/* File systems of their own. Before the servers are started for the first time. */
MUST_CHECK enum status disks_open(const struct settings *settings, struct error *err);

/* Leaves no room on the server's disk; false: it could not. */
bool disks_fill(const struct settings *settings, enum part server);
void disks_clear(const struct settings *settings, enum part server);

/* What the server writes, syncs or reads fails with EIO from now on, until it is mended. */
bool disks_fail(const struct settings *settings, enum part server);
void disks_mend(const struct settings *settings, enum part server);

#endif
