/*
 * The end of a service that nothing can hold up. A thread of its own takes SIGTERM and SIGINT from
 * the start on, since main may hang in its own start or in a part's teardown. From the first signal
 * the process has its bound; then it is ended as it is, and the log says in which part it hung.
 * What a teardown does only saves time: partitions, leases and sessions that are not given back are
 * taken. A second signal ends the process at once.
 *
 * Threads: main.
 */
#ifndef COMMON_SERVICE_STOP_GUARD_H
#define COMMON_SERVICE_STOP_GUARD_H

#include <stdint.h>

#include "common/base/error.h"

/* Exit status of a process whose stop took too long. */
#define STOP_GUARD_STATUS 1

/* Once, after stop_block_signals. who is the log's. ST_INTERNAL: no thread is left. */
MUST_CHECK enum status stop_guard_start(const char *who, int64_t bound_ms, struct error *err);

/* Waits for the first signal, for timeout_ms at most; returns its number, 0: none yet. */
int stop_guard_wait(int64_t timeout_ms);

/* Which part main ends now, for the log. part is a constant. */
void stop_guard_at(const char *part);

#endif
