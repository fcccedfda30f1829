/*
 * What goes one way over a connection of a proxy: chunks of bytes in order, each with the time at
 * which it may arrive. Something that is delayed holds up what comes behind it, as TCP does.
 * Invariant: bytes arrive in order and once, and the end of a connection behind them.
 *
 * Threads: the proxies' own.
 */
#ifndef TESTS_FAULTS_LANE_H
#define TESTS_FAULTS_LANE_H

#include <event2/bufferevent.h>
#include <stdbool.h>
#include <stdint.h>

#include "tools/order-clients/dice.h"

struct lane_chunk;

struct lane {
	struct bufferevent *from, *to; /* the connection's; NULL: not connected yet */
	struct lane_chunk *first, **last;
	size_t bytes;
	int64_t due_mono_ms; /* of the last chunk */
};

/* How bad the route is now. */
struct lane_weather {
	bool held; /* nothing arrives */
	int delay_ms, loss_percent;
};

void lane_init(struct lane *lane);
void lane_fini(struct lane *lane);

/* Takes all that from has received. False: out of memory. */
bool lane_receive(struct lane *lane, const struct lane_weather *weather, struct dice *dice);

/* from has ended. */
bool lane_end(struct lane *lane, const struct lane_weather *weather, struct dice *dice);

/* Passes on what may arrive by now. True: the end of the connection is next, and all before it has
 * gone. */
bool lane_advance(struct lane *lane, const struct lane_weather *weather);

#endif
