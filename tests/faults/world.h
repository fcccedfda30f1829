/*
 * Namespaces of the run's own: what it filters and mounts ends with its processes, however they
 * end, and nobody else on the machine sees it. Needs root; a run without it does without.
 *
 * Threads: start-up, before any other thread.
 */
#ifndef TESTS_FAULTS_WORLD_H
#define TESTS_FAULTS_WORLD_H

#include <stdbool.h>

/* A network with nothing but its loopback interface, which packets can be dropped on. */
bool world_own_network(void);

/* Mounts that only the run sees. */
bool world_own_mounts(void);

/* A file system of its own of so many MB, in memory, on the folder, which is made. */
bool world_mount(const char *folder, int megabytes);

#endif
