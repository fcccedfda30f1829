/*
 * Wakes a thread that waits. Once set it stays set until it is cleared: a wait that begins later
 * ends at once. The one wait of the loops that is neither the database's nor Kafka's.
 *
 * Threads: wakeup_set from any; the rest from the owner.
 */
#ifndef COMMON_RUNTIME_WAKEUP_H
#define COMMON_RUNTIME_WAKEUP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

struct wakeup {
	int fd;
};

/* ST_INTERNAL: no descriptor is left. */
MUST_CHECK enum status wakeup_init(struct wakeup *wakeup, struct error *err);
void wakeup_fini(struct wakeup *wakeup);

void wakeup_set(struct wakeup *wakeup);

/* As if it had not been set. */
void wakeup_clear(struct wakeup *wakeup);

/* Waits until it is set, until socket (-1: none) has something to read, or for timeout_ms.
 * True: socket has. */
bool wakeup_wait(const struct wakeup *wakeup, int socket, int64_t timeout_ms);

#endif
