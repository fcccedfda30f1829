/*
 * The simulated coordinator of Kafka's transactions: who has a transactional id, and how its
 * transactions end. A transaction has ended in a partition when its control record is there, some
 * time after the coordinator has decided.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_COORDINATOR_H
#define TESTS_SIMULATION_SIM_COORDINATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/simulation/sim_topic.h"

struct sim_transactional; /* an id */

/* Made if it is not there. */
struct sim_transactional *sim_coordinator_find(const char *id);

/* Takes the id from whoever had it, and aborts his transaction. Returns the new epoch. */
int64_t sim_coordinator_take(struct sim_transactional *id);
/* Whether another has the id. */
bool sim_coordinator_fences(const struct sim_transactional *id, int64_t epoch);

/* The last transaction has ended everywhere from then on: before that no other begins. */
int64_t sim_coordinator_free_us(const struct sim_transactional *id);

/* A record of the epoch's transaction, which the first one begins. Ends by itself when it is left
 * open. False: fenced. */
bool sim_coordinator_append(struct sim_transactional *id, int64_t epoch, struct sim_topic *topic,
			    int32_t partition, const struct message *message);

/* Commits what is open. False: fenced. */
bool sim_coordinator_commit(struct sim_transactional *id, int64_t epoch);

#endif
