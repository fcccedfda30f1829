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

/* Nobody reads the service's log, a pipe. mend_unread_stop first stops the service by SIGTERM. */
bool break_unread_log(struct fault_job *job);
void mend_unread_log(struct fault_job *job);
void mend_unread_stop(struct fault_job *job);

/* PostgreSQL answers, but commits wait for a standby that there is not; or it is read-only. */
bool break_commits(struct fault_job *job);
void mend_commits(struct fault_job *job);
bool break_writes(struct fault_job *job);
void mend_writes(struct fault_job *job);

/* The network between the service and the servers that the kind names (fault_kind.towards). */
bool break_link(struct fault_job *job); /* nothing passes */
void mend_link(struct fault_job *job);
bool break_link_of_broker(struct fault_job *job); /* of one of several brokers */
void mend_link_of_broker(struct fault_job *job);
bool break_link_one_way(struct fault_job *job);
void mend_link_one_way(struct fault_job *job);
bool break_link_by_loss(struct fault_job *job);
void mend_link_by_loss(struct fault_job *job);
bool break_link_by_delay(struct fault_job *job);
void mend_link_by_delay(struct fault_job *job);
bool break_link_by_reset(struct fault_job *job);

/* The network between the broker and the others: with all of them, with one of them, or only what
 * the broker sends. Its clients do not notice. */
bool break_peers(struct fault_job *job);
void mend_peers(struct fault_job *job);
bool break_peer(struct fault_job *job);
void mend_peer(struct fault_job *job);
bool break_peers_one_way(struct fault_job *job);
void mend_peers_one_way(struct fault_job *job);

/* The disk of the server has no room any more. It may end by that; it is started when it has. */
bool break_disk(struct fault_job *job);
void mend_disk(struct fault_job *job);

/* It cannot be written, synced or read. */
bool break_disk_by_errors(struct fault_job *job);
void mend_disk_by_errors(struct fault_job *job);

/* The service's clock jumps, and back when it is mended. */
bool break_clock(struct fault_job *job);
void mend_clock(struct fault_job *job);

/* The broker is killed and comes back with an empty disk, if the others have all it had. */
bool break_storage(struct fault_job *job);

/* PostgreSQL gets a synchronous standby, which takes over when the time is over. */
bool break_to_standby(struct fault_job *job);
void mend_to_standby(struct fault_job *job);

/* PostgreSQL's data are copied, and the copy takes their place when the time is over. */
bool break_to_copy(struct fault_job *job);
void mend_to_copy(struct fault_job *job);

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
