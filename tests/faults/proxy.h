/*
 * TCP proxies between the services and their servers, each a route of its own that can be made
 * worse: it can hold what goes one way (nothing arrives, and no connection ends: a network that
 * drops all packets; when it goes on, all arrives that was held, as TCP sends it again), delay it,
 * lose a share of it (what is lost arrives after TCP's times of trying again: 200 ms, 600 ms, ...),
 * and reset all its connections.
 * Invariant: bytes arrive in order and once, and an end of a connection behind them.
 *
 * Threads: open and close from one; the others from any. The proxies run in a thread of their own.
 */
#ifndef TESTS_FAULTS_PROXY_H
#define TESTS_FAULTS_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

#define PROXY_HOST_SIZE 24

struct proxy_route {
	char host[PROXY_HOST_SIZE]; /* where clients come */
	int port;
	char server[PROXY_HOST_SIZE]; /* where they are connected to */
	int server_port;
	char source[PROXY_HOST_SIZE]; /* from where; "": from anywhere */
};

enum proxy_way { PROXY_TO_SERVER, PROXY_TO_CLIENT, PROXY_WAYS };

struct proxy;

/* routes: copied. seed: decides about what is lost. */
MUST_CHECK enum status proxy_open(struct proxy **out, const struct proxy_route *routes,
				  size_t count, uint64_t seed, struct error *err);
void proxy_close(struct proxy *proxy);

void proxy_hold(struct proxy *proxy, size_t route, enum proxy_way way, bool held);
void proxy_delay(struct proxy *proxy, size_t route, int ms);     /* 0: none */
void proxy_lose(struct proxy *proxy, size_t route, int percent); /* of what goes either way */
void proxy_reset(struct proxy *proxy, size_t route);

#endif
