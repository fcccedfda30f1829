/*
 * The thread that runs the library, libmicrohttpd, and everything that talks to it. A connection
 * costs memory, and no thread: however slowly a client sends or reads, nobody waits for it.
 *
 * Bounds:
 * - A request has to be whole request_timeout_ms after its target has come, and an answer to be
 *   taken after as long. A request line that trickles is noticed within half of that, and then has
 *   all of it. A client that says nothing is disconnected after HTTP_IDLE_MAX_MS.
 * - A TLS handshake has as long; who stops in its middle costs no more than a connection does.
 * - With connections_max connections, each new one costs the client that has the most of them the
 *   one that has waited longest. So who comes is always heard, health checks among them.
 *
 * Threads: open and close from one; http_loop_answer from the answerer's; serve and refuse run on
 * the loop's thread.
 */
#ifndef COMMON_HTTP_HTTP_LOOP_H
#define COMMON_HTTP_HTTP_LOOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/http/http_connection.h"
#include "common/runtime/progress.h"

#define HTTP_IDLE_MAX_MS   60000
#define HTTP_STOP_GRACE_MS 1000 /* for clients that do not take their last answer */
#define HTTP_SPARE_FILES   200  /* for all that is no connection */

/* Beyond connections_max, if everybody there waits for an answer: for health checks. */
#define HTTP_HEALTH_CONNECTIONS 64

struct http_loop;

struct http_loop_config {
	int listener;         /* taken */
	struct http_tls *tls; /* borrowed until close; NULL: plain HTTP */
	int64_t connections_max;
	int64_t request_timeout_ms;
	struct progress *progress; /* is told that the thread goes round */
	/* A request is whole. True: response is its answer. False: exactly one http_loop_answer
	 * follows, on any thread, also before this returns. */
	bool (*serve)(void *context, struct http_connection *connection,
		      struct http_response *response);
	/* Writes the answer to a request that is refused as it comes. */
	void (*refuse)(void *context, struct http_connection *connection,
		       struct http_refusal refusal, struct http_response *response);
	void *context;
};

struct http_loop_counts {
	_Atomic int64_t connections;
	_Atomic int64_t slow_readers; /* disconnected: they did not take their answer */
	_Atomic int64_t slow_senders; /* disconnected: their request was not whole in time */
	_Atomic int64_t crowded_out;  /* disconnected: others came, and there was no room */
	_Atomic int64_t tls_failed;   /* handshakes that came to nothing ... */
	_Atomic int64_t tls_plain;    /* ... those of them whose client spoke HTTP */
};

/* It serves from here on, also before this returns; *out is written before. */
MUST_CHECK enum status http_loop_open(struct http_loop **out, const struct http_loop_config *config,
				      struct error *err);

/* Answers what has been asked, and ends: within HTTP_STOP_GRACE_MS after the last answer. */
void http_loop_close(struct http_loop *loop);

/* Sends the answer, without waiting for the client. Takes the response's body. The connection is
 * the loop's then. */
void http_loop_answer(struct http_connection *connection, struct http_response *response);

/* True from the beginning of its end. */
bool http_loop_closing(const struct http_loop *loop);

/* True while connections_max requests wait for their answers: only health may be served. For serve
 * alone. */
bool http_loop_crowded(const struct http_loop *loop);

const struct http_loop_counts *http_loop_counts(const struct http_loop *loop);
int64_t http_loop_connections_max(const struct http_loop *loop);

#endif
