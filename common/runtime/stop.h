/*
 * Stopping by SIGTERM and SIGINT, without signal handlers: the signals are blocked before any
 * thread starts, and one thread waits for them.
 *
 * Threads: stop_block_signals main only; stop_wait one; the rest any.
 */
#ifndef COMMON_RUNTIME_STOP_H
#define COMMON_RUNTIME_STOP_H

#include <stdint.h>

/* Before the first thread: blocks the signals for this and all later threads, ignores SIGPIPE. */
void stop_block_signals(void);

#define STOP_WAIT_FOREVER (-1)

/* Waits for a SIGTERM or SIGINT, for timeout_ms at most; returns its number, 0: none. One thread.
 */
int stop_wait(int64_t timeout_ms);

/* Wakes stop_wait: a thread that fails ends the service this way. Once a stop is under way it does
 * nothing: only who sends a second signal means it to be the second. */
void stop_request(void);

/* Ends the process as the signal would end any program. */
void stop_die(int sig) __attribute__((noreturn));

#endif
