/*
 * Looks at readiness and progress all the time, while the load runs and things break. That the
 * services are ready although work stands still is a violation: nobody would be told. What changes
 * is in log/readiness.log.
 *
 * Threads: start and stop from one; between them a thread of its own.
 */
#ifndef TESTS_FAULTS_SAMPLER_H
#define TESTS_FAULTS_SAMPLER_H

#include "tests/faults/run.h"

struct sampler;

MUST_CHECK enum status sampler_start(struct sampler **out, struct run *run, struct error *err);

/* Returns the longest time that any work stood still, whatever the services said of themselves.
 * NULL: 0. */
int64_t sampler_stop(struct sampler *sampler);

#endif
