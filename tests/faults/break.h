/*
 * How each kind of fault breaks its victim (break_*), and how that is made whole when the time is
 * over (mend_*).
 * break_* returns false: there was nothing to break, or it needs no mending.
 *
 * Threads: the job's.
 */
#ifndef TESTS_FAULTS_BREAK_H
#define TESTS_FAULTS_BREAK_H

#include "tests/faults/job.h"

/* Processes. mend_victim starts what does not run. */
bool break_kill(struct fault_job *job);
bool break_kill_relay(struct fault_job *job);
bool break_stop(struct fault_job *job);
bool break_quit(struct fault_job *job);
void mend_victim(struct fault_job *job);

/* The process, or the whole server, does nothing any more; nobody is told. */
bool break_pause(struct fault_job *job);
void mend_pause(struct fault_job *job);

/* Sessions of PostgreSQL. */
bool break_end_backend(struct fault_job *job);
bool break_kill_backend(struct fault_job *job);

/* Numbers: of replicas, of partitions, of messages that come once more. */
bool break_scale(struct fault_job *job);
void mend_scale(struct fault_job *job);
bool break_grow(struct fault_job *job);
void mend_grow(struct fault_job *job);
bool break_duplicates(struct fault_job *job);

#endif
