/*
 * How what was broken becomes whole again: by the stack's own scripts (and pgbouncer.h), tried
 * again until they succeed, for other faults may be in progress. That it takes longer than HEAL_MS,
 * and that a process ends while it starts or does not stop, are violations.
 *
 * Threads: any.
 */
#ifndef TESTS_FAULTS_HEAL_H
#define TESTS_FAULTS_HEAL_H

#include "tests/faults/run.h"

/* Starts what shall run of the part's kind. */
void heal_part(struct run *run, enum part part);

/* As many replicas of delivery-service as shall run. */
void heal_replicas(struct run *run);

/* The topic gets so many partitions. */
void heal_topic(struct run *run, int partitions);

#endif
