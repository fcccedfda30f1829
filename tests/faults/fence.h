/*
 * Who moves a partition's position: only the replica that has claimed it last may. The database
 * itself writes down who does otherwise, by the name that each service's sessions have; a position
 * that somebody else has moved looks like any other one afterwards.
 *
 * Threads: any.
 */
#ifndef TESTS_FAULTS_FENCE_H
#define TESTS_FAULTS_FENCE_H

#include <stdbool.h>
#include <stdint.h>

/* The tables are there, and nobody has claimed anything. False: no answer. */
bool fence_watch(const char *database_url);

/* Moves by somebody who had lost the partition; -1: no answer. */
int64_t fence_breaches(const char *database_url);

#endif
