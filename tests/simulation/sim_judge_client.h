/*
 * Judges what the customers of the order-services were told: the history of each order is
 * linearizable. Each request is a point of it, between its being sent and its answer, or none:
 *
 *  - a version of an order is what exactly one request asked for, of what the version before was;
 *    a request makes one at most, and those under one key one order;
 *  - a yes: the request's version is committed when it is told, and is the one that is told;
 *  - a no: it makes none, before or after; and there was a moment between question and answer at
 *    which no was the answer (cancelled, another version than asked for, a key of another order);
 *  - no answer, or one that says so (ST_UNAVAILABLE): it makes one or none, at any time after.
 *
 * A request is told by the number in its address. A cancellation has none: of those that were sent
 * at least one may have been carried out.
 *
 * Threads: one.
 */
#ifndef TESTS_SIMULATION_SIM_JUDGE_CLIENT_H
#define TESTS_SIMULATION_SIM_JUDGE_CLIENT_H

#include <stdbool.h>

#include "common/event/event.h"
#include "order-service/core/order_command.h"

struct sim_request;

/* The address that names the request of that number. */
#define SIM_ADDRESS "Street %" PRId64

/*
 * A request is sent as command, whose condition names one version at most. number is its own, from
 * 1 on, or that of the request with the same content and key that it repeats. Memory is the
 * world's.
 */
struct sim_request *sim_judge_client_sent(const struct order_command *command, int64_t number);
/* The answer has come. at_once: from the submit itself, which means that nothing was done. */
void sim_judge_client_told(struct sim_request *request, const struct order_command *command,
			   bool at_once);

/* An event of an order is being committed. */
void sim_judge_client_committed(const struct order_event *event);
/* The version that the events that were committed have made of an order; 0: none. */
int32_t sim_judge_client_version(int64_t order);

/* At the end. */
void sim_judge_client_end(void);

/* How many were told yes, and no. */
long sim_judge_client_yes(void);
long sim_judge_client_no(void);

#endif
