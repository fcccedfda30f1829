/*
 * The network between the services and their servers: each service has addresses of its own, behind
 * which a proxy leads to PostgreSQL and to each broker, and only to them. A broker tells a service
 * the addresses of the proxies (see KAFKA_PROXIED in kafka/broker.sh), so no connection goes past
 * them. In a network of its own (world.h) a run drops packets, so that TCP itself sees it;
 * elsewhere the proxies hold what they would have dropped.
 *
 * Threads: open and close from one, with nothing broken; the others from any.
 */
#ifndef TESTS_FAULTS_LINKS_H
#define TESTS_FAULTS_LINKS_H

#include "tests/faults/parts.h"
#include "tests/faults/proxy.h"
#include "tests/faults/settings.h"

struct links;

MUST_CHECK enum status links_open(struct links **out, const struct settings *settings,
				  bool own_network, struct error *err);
void links_close(struct links *links);

/* Between a service and a server: nothing goes that way. */
void links_cut(struct links *links, enum part service, enum part server, enum proxy_way way,
	       bool cut);

/* So many per cent of what goes either way are lost; 0: none any more. */
void links_lose(struct links *links, enum part service, enum part server, int percent);

void links_delay(struct links *links, enum part service, enum part server, int ms);
void links_reset(struct links *links, enum part service, enum part server);

/* For the environment of the brokers and services: the numbers of the services' addresses. */
#define LINKS_NUMBERS "1 2 11 12 13"

#endif
