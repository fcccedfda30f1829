/*
 * One client of order-service: it owns its orders, so it knows what every answer must be. It keeps
 * several orders open, places, modifies and cancels them in an order that the seed decides, looks
 * at them now and then, and calls again until it knows what became of an operation.
 * Invariant: an operation is either acknowledged or the client is still at it.
 *
 * Threads: a client has one owner.
 */
#ifndef TESTS_FAULTS_CLIENT_H
#define TESTS_FAULTS_CLIENT_H

#include <stdatomic.h>

#include "tests/faults/caller.h"

struct client;

struct client_config {
	uint64_t seed;
	int number;          /* of the client, from 0 */
	const int *ports;    /* of the order-services; borrowed */
	size_t port_count;   /* 1 to CALLER_SERVERS_MAX */
	atomic_bool *stop;   /* borrowed: when it is set, an operation is not tried for ever */
	struct tally *tally; /* borrowed */
};

MUST_CHECK enum status client_open(struct client **out, const struct client_config *config,
				   struct error *err);
void client_close(struct client *client);

/* The next operation, until it is acknowledged. The sequence depends on the seed and the client's
 * number only, never on the answers' times. */
void client_step(struct client *client);

#endif
