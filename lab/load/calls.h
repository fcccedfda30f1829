/*
 * Calls that are on their way at the same time: curl's multi handle on epoll, so that a thousand
 * calls that wait for their answers cost nothing. Connections are kept and used again, however
 * many there are.
 *
 * Threads: one owner.
 */
#ifndef LAB_LOAD_CALLS_H
#define LAB_LOAD_CALLS_H

#include "lab/load/call.h"

struct calls;

/* connections: how many are kept at most. Returns owned. */
MUST_CHECK enum status calls_open(struct calls **out, int64_t connections, struct error *err);

/* The calls that are on their way are given up; NULL is accepted. */
void calls_close(struct calls *calls);

/* Sends the call, which is borrowed until calls_done hands it back. */
MUST_CHECK enum status calls_send(struct calls *calls, struct call *call, struct error *err);

/* Lets curl work; returns when something has happened, at the latest after timeout_ms. */
MUST_CHECK enum status calls_wait(struct calls *calls, int timeout_ms, struct error *err);

/* The next call that is over, with curl's word on it; NULL: none. */
struct call *calls_done(struct calls *calls, CURLcode *code);

#endif
