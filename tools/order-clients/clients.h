/*
 * A number of clients, each in a thread of its own, at their share of a common rate.
 * Invariant: after clients_stop no thread runs and no call is in flight.
 *
 * Threads: one owner; clients_counts from any. curl_global_init comes first.
 */
#ifndef TOOLS_ORDER_CLIENTS_CLIENTS_H
#define TOOLS_ORDER_CLIENTS_CLIENTS_H

#include <stdio.h>

#include "tools/order-clients/client.h"

#define CLIENTS_MAX 64

struct clients;

struct clients_config {
	int64_t seed;
	int64_t count;     /* of clients, 1 to CLIENTS_MAX */
	int64_t rate;      /* operations per second, of all clients together; at least 1 */
	const int *ports;  /* of the order-services; borrowed until close */
	size_t port_count; /* 1 to CALLER_SERVERS_MAX */
	const char *acks;  /* path of the file of acknowledged operations */
	FILE *log;         /* of violations; borrowed until close */
};

MUST_CHECK enum status clients_open(struct clients **out, const struct clients_config *config,
				    struct error *err);
void clients_close(struct clients *clients);

MUST_CHECK enum status clients_start(struct clients *clients, struct error *err);

/* No more operations. Returns when the clients know what became of those in flight (FINISH), or as
 * soon as the calls that are out have ended (ABANDON). */
void clients_stop(struct clients *clients, enum client_stop how);

/* All that the clients know of their orders holds no more, as after a restore of the database: they
 * give up what is in flight, and go on with new orders. Any thread. */
void clients_forget(struct clients *clients);

struct tally_counts clients_counts(struct clients *clients);

/* One line: what, and the counts as name=value. */
void clients_print_counts(struct clients *clients, const char *what, FILE *to);

#endif
