/*
 * Was anything lost, duplicated or put out of order? The history checker says so from the topic and
 * the tables, the clients from the answers, and the services from their logs. What is wrong becomes
 * a violation of the run.
 *
 * Threads: main only; nothing is broken any more, and no client runs.
 */
#ifndef TESTS_FAULTS_VERDICT_H
#define TESTS_FAULTS_VERDICT_H

#include <jansson.h>

#include "tests/faults/run.h"
#include "tests/faults/service_logs.h"

struct verdict {
	json_t *history; /* the checker's report; NULL: none. Owned */
	struct tally_counts clients;
	struct service_logs logs;
};

void verdict_judge(struct verdict *verdict, struct run *run);
void verdict_fini(struct verdict *verdict);

/* A count of the checker's report; -1 without it. */
int64_t verdict_history_count(const struct verdict *verdict, const char *name);

#endif
