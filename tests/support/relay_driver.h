/*
 * A relay in the test's own process, on the fixture's database and topic, which moves when the test
 * says so.
 */
#ifndef TESTS_SUPPORT_RELAY_DRIVER_H
#define TESTS_SUPPORT_RELAY_DRIVER_H

#include <stdbool.h>

#include "common/outbox/relay.h"
#include "tests/support/wait.h"

#define RELAY_WAIT_MS 60000

/* The outbox of order-service. url NULL: its own; extra: KAFKA_CONF; state_topic NULL: idempotent.
 * The test closes it. */
struct relay *relay_driver_open(const char *instance, const char *url, const char *extra,
				const char *state_topic);

/* Inserts a row into the outbox. */
void relay_driver_add(const char *topic, const char *key, const char *type);

/* Rounds of the relay until condition holds. */
#define rounds_until(relay, condition)                                                             \
	({                                                                                         \
		const int64_t end_ = mono_ms() + RELAY_WAIT_MS;                                    \
		bool holds_;                                                                       \
		while (!(holds_ = (condition)) && mono_ms() < end_)                                \
			relay_round(relay);                                                        \
		holds_;                                                                            \
	})

/* The value of a metric without labels; -1: there is none. */
int relay_driver_metric(struct relay *relay, const char *name);

/* It says that it stands still, and why is in that. */
bool relay_driver_stands_still(struct relay *relay, const char *why);

#endif
