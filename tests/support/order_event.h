/*
 * Order events as order-service writes them, for tests that produce them themselves: in an order,
 * or with gaps, that the service would never make.
 *
 * Threads: any; what is returned is in the arena.
 */
#ifndef TESTS_SUPPORT_ORDER_EVENT_H
#define TESTS_SUPPORT_ORDER_EVENT_H

#include <stdint.h>

#include "tests/support/topic.h"

/* A message for the fixture's topic, keyed by the order. version 0: it carries none. */
struct raw_message order_event(const char *type, int64_t id, int version, const char *address);

/* Version of an order that is placed with 1, changed, and cancelled with last. The address is
 * "V" and the version. */
struct raw_message order_version(int64_t id, int version, int last);

#endif
