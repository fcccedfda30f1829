/*
 * Counters of all services of a run, also of those that were ended: a service's counters begin at 0
 * when it starts, so what it counted is taken before it ends.
 *
 * Threads: any. curl_global_init comes first.
 */
#ifndef TESTS_FAULTS_COUNTERS_H
#define TESTS_FAULTS_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

struct counters {
	_Atomic int64_t recognised_repeats; /* delivery_events_duplicate_total */
	_Atomic int64_t parked;             /* delivery_events_parked_total */
};

/* Adds what the service on that port of 127.0.0.1 has counted. No answer: nothing. */
void counters_add(struct counters *counters, int port);

#endif
