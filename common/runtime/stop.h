/*
 * Stopping by SIGTERM and SIGINT, without signal handlers: the signals are blocked before any
 * thread starts, and main waits for one of them.
 *
 * Threads: stop_request from any; the rest main only.
 */
#ifndef COMMON_RUNTIME_STOP_H
#define COMMON_RUNTIME_STOP_H

#include <stdint.h>

/* Before the first thread: blocks the signals for this and all later threads, ignores SIGPIPE. */
void stop_block_signals(void);

#define STOP_WAIT_FOREVER (-1)

/* Waits for the first SIGTERM or SIGINT, for timeout_ms at most; returns its number, 0: none. */
int stop_wait(int64_t timeout_ms);

/* Wakes stop_wait: a thread that fails ends the service this way. */
void stop_request(void);

/* A second signal during the teardown ends the process at once, as it would any program. */
void stop_arm_second_signal(void);

#endif
