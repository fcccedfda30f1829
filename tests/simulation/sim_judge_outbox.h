/*
 * Judges the outboxes, of both services, and the orders.
 *
 *  - An order's new version and its event in the outbox are committed together, or neither.
 *  - A row leaves the outbox only when the topic has its message, or as a dead row.
 *  - With keys, the first time that each version is on the topic is in the order of the versions;
 *    where effects are in order, so is what is told of the deliveries. Where partitions are added,
 *    only as long as all of it lies in one partition.
 *  - With transactions who reads committed sees each event once, as long as no database forgets.
 *  - At the end the outboxes are empty.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_JUDGE_OUTBOX_H
#define TESTS_SIMULATION_SIM_JUDGE_OUTBOX_H

#include "tests/simulation/sim_server.h"
#include "tests/simulation/sim_setup.h"
#include "tests/simulation/sim_topic.h"

void sim_judge_outbox_begin(const struct sim_setup *setup);

/* At each commit, before it is visible. */
void sim_judge_outbox_commit(struct sim_database *database, const struct sim_session *session);

/* The broker refuses it permanently. */
void sim_judge_outbox_denied(const struct sim_message *message);
/* A message that it has refused so it refuses again. */
bool sim_judge_outbox_denies(const struct sim_message *message);
/* Whether it has done so. */
bool sim_judge_outbox_was_denied(int64_t order, int64_t version);

/* Whether the order's effects have to come in the order of its versions: by keys, as long as one
 * partition carries all its events, and all were read. */
bool sim_judge_outbox_is_ordered(int64_t order);

/* A message is on a topic; of a transaction: that one is committed. */
void sim_judge_outbox_appended(const struct sim_message *message);

/* Its topic is deleted while its transaction is open: it counts as if it had been committed. */
void sim_judge_outbox_gone(const struct sim_message *message);

/* Everything that was committed is on the topic; else text says what is not. */
bool sim_judge_outbox_is_complete(char *text, unsigned long size);

#endif
