/*
 * A caller: one connection to a service on 127.0.0.1, kept as long as the service keeps it (or, if
 * the target says so, re-created for each call), and one call at a time. There may be thousands:
 * they stand on libevent, and one that waits costs nothing. Invariant: a call that was begun ends
 * exactly once, by its answer, by an error or by its time-out.
 *
 * Threads: one, which runs the event base.
 */
#ifndef TOOLS_LOAD_CALLER_H
#define TOOLS_LOAD_CALLER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "tools/load/caller_tls.h"

struct caller;

enum call_method { CALL_POST, CALL_GET }; /* POST: always the same order */

enum call_end {
	CALL_ANSWERED, /* 2xx; a 201 names what it made */
	CALL_ERROR,    /* another answer, or none */
	CALL_TIMED_OUT,
};

struct answer {
	enum call_end end;
	int status;       /* HTTP's; 0: no answer */
	int64_t order_id; /* the order that was made; 0: none */
};

/* What all callers have in common. */
struct call_target {
	enum call_method method;
	const char *path;
	bool keep;                 /* the connection, for the next call */
	struct caller_tls *tls;    /* NULL: plain http */
	const char *authorization; /* header's value; "": none */
	/* A call has ended; on the event base. It may not begin another one. */
	void (*done)(void *caller_context, const struct answer *answer);
};

/* number: which caller it is, from 0. target is borrowed until close; context is for done. Connects
 * when it first calls. Returns owned. */
MUST_CHECK enum status caller_open(struct caller **out, struct event_base *base,
				   const struct call_target *target, int64_t port, int64_t number,
				   void *context, struct error *err);

/* Drops the call in flight, without a report; NULL is accepted. */
void caller_close(struct caller *caller);

/* Begins a call; none is on its way. */
MUST_CHECK enum status caller_call(struct caller *caller, int64_t timeout_ms, struct error *err);

#endif
