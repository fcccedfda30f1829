/*
 * A fault in progress: from the moment it breaks its victim until that is whole again. A job has
 * the parts of its fault for itself.
 *
 * Threads: a job has one owner.
 */
#ifndef TESTS_FAULTS_JOB_H
#define TESTS_FAULTS_JOB_H

#include <sys/types.h>

#include "tests/faults/run.h"

struct fault_job {
	struct run *run;
	struct fault fault;
	enum part part; /* what was broken: the first of the fault's parts, unless the kind knows */
	pid_t pid;      /* of its process, which was broken */
	int replicas_before; /* AMOUNT_REPLICAS */
};

/* The fault has happened: a line on the screen and in the log. */
void job_report(struct fault_job *job, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Finds the victim's process; false: it does not run. */
bool job_find(struct fault_job *job);

/* Of the process that was found. */
bool job_signal(const struct fault_job *job, int sig);
bool job_signal_tree(const struct fault_job *job, int sig); /* and its children */
bool job_await_end(const struct fault_job *job, int64_t timeout_ms);
void job_kill(const struct fault_job *job);

/* SIGTERM, and kill -9 after JOB_STOP_MS: a service ends after STOP_TIMEOUT_MS (12 s) whatever
 * hangs. The broker may take its time to hand over; that another one has to be killed is a
 * violation. */
#define JOB_STOP_MS 15000
void job_stop(const struct fault_job *job);

/* Takes what a service has counted: it is about to end. */
void job_keep_counters(struct fault_job *job, enum part part);

#endif
