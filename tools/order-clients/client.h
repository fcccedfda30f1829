/*
 * One client of order-service: it owns its orders, so it knows what every answer must be. It keeps
 * several orders open, places, modifies and cancels them in an order that the seed decides, looks
 * at them now and then, and calls again until it knows what became of an operation.
 * Invariant: an operation is either acknowledged or the client is still at it, until
 * it is told to abandon it.
 *
 * Threads: a client has one owner.
 */
#ifndef TOOLS_ORDER_CLIENTS_CLIENT_H
#define TOOLS_ORDER_CLIENTS_CLIENT_H

#include <stdatomic.h>

#include "tools/order-clients/caller.h"

struct client;

enum client_stop {
	CLIENT_RUN,
	CLIENT_FINISH,  /* no new operation, and those in flight are not tried for ever */
	CLIENT_ABANDON, /* nor again: nobody will know what became of them */
};

struct client_config {
	uint64_t seed;
	int number;          /* of the client, from 0 */
	const int *ports;    /* of the order-services; borrowed */
	size_t port_count;   /* 1 to CALLER_SERVERS_MAX */
	_Atomic int *stop;   /* enum client_stop; borrowed */
	_Atomic int *era;    /* when it changes, the client forgets its orders; borrowed */
	struct tally *tally; /* borrowed */
};

MUST_CHECK enum status client_open(struct client **out, const struct client_config *config,
				   struct error *err);
void client_close(struct client *client);

/* The next operation, until it is acknowledged. The sequence depends on the seed and the client's
 * number only, never on the answers' times. */
void client_step(struct client *client);

#endif
