/*
 * A producer's transactions, from the client's end: its requests to the coordinator, of which the
 * answer may be late, or never come.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_TRANSACTIONS_H
#define TESTS_SIMULATION_SIM_TRANSACTIONS_H

#include <stdbool.h>

#include "common/base/error.h"
#include "tests/simulation/sim_coordinator.h"
#include "tests/simulation/sim_node.h"

struct sim_request;

struct sim_transactions {
	struct sim_node *node;
	struct sim_transactional *id; /* NULL: it has no transactions */
	int64_t epoch;                /* 0: the id is not taken */
	bool begun;
	bool sent;                   /* something of it */
	bool failed;                 /* a message did not get into it */
	bool fenced;                 /* was told that another has the id */
	struct sim_request *request; /* that has no answer yet */
};

/* id: NULL: none. */
void sim_transactions_init(struct sim_transactions *transactions, struct sim_node *node,
			   const char *id);
/* The producer is abandoned: a new one takes over. */
void sim_transactions_forget(struct sim_transactions *transactions);

/* As kafka_producer_prepare, _begin and _commit. */
enum status sim_transactions_prepare(struct sim_transactions *transactions, int timeout_ms,
				     struct error *err);
enum status sim_transactions_begin(struct sim_transactions *transactions, struct error *err);
enum status sim_transactions_commit(struct sim_transactions *transactions, int timeout_ms,
				    struct error *err);

#endif
