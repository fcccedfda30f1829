/*
 * Stopping by SIGTERM and SIGINT, without signal handlers: the signals are blocked before any
 * thread starts, main waits for one with stop_wait, and a stop token tells the other threads.
 *
 * Threads: stop_init before all others; stop_requested and stop_fd from any; the rest main only.
 */
#ifndef COMMON_STOP_H
#define COMMON_STOP_H

#include <stdbool.h>

#include "common/error.h"

struct stop;

/* Blocks the signals for this and all later threads, ignores SIGPIPE. Returns owned. */
MUST_CHECK enum status stop_open(struct stop **out, struct error *err);
void stop_close(struct stop *stop);

/* Blocks until the first SIGTERM or SIGINT; returns its number and sets the token. */
int stop_wait(struct stop *stop);

/* Sets the token (a thread that cannot go on ends the service this way); wakes stop_wait too. */
void stop_request(struct stop *stop);
bool stop_requested(const struct stop *stop);

/* Becomes and stays readable with the token, for poll(2). Never read from it. */
int stop_fd(const struct stop *stop);

/* A second signal during the teardown ends the process at once, as it would any program. */
void stop_arm_second_signal(void);

#endif
