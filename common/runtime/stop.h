/*
 * Stopping by SIGTERM and SIGINT, without signal handlers: the signals are blocked before any
 * thread starts, and main waits for one of them.
 *
 * Threads: stop_request from any; the rest main only.
 */
#ifndef COMMON_RUNTIME_STOP_H
#define COMMON_RUNTIME_STOP_H

/* Before the first thread: blocks the signals for this and all later threads, ignores SIGPIPE. */
void stop_block_signals(void);

/* Blocks until the first SIGTERM or SIGINT; returns its number. */
int stop_wait(void);

/* Wakes stop_wait: a thread that fails ends the service this way. */
void stop_request(void);

/* A second signal during the teardown ends the process at once, as it would any program. */
void stop_arm_second_signal(void);

#endif
