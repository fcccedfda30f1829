/*
 * The TLS of a connection, from its beginning to its handshake's end, and what can be asked of it
 * later. The library does the handshake, and (0.9.75) looks after a connection whose handshake
 * waits for the client again and again, without pause. So such a connection is suspended as soon
 * as the client has sent all that there is, and resumed when there is more.
 *
 * Threads: the loop's.
 */
#ifndef COMMON_HTTP_HTTP_HANDSHAKE_H
#define COMMON_HTTP_HTTP_HANDSHAKE_H

#include <stdbool.h>

#include "common/http/http_connection.h"
#include "common/http/http_tls.h"

/* Of a loop with TLS. */
struct http_handshakes {
	struct http_tls *tls;            /* borrowed; NULL: without TLS the rest is not used */
	int epoll;                       /* what the loop waits for: also for the library */
	struct http_connection *starved; /* those whose handshake is to be suspended */
	int64_t suspended;               /* those that are */
	_Atomic int64_t *failed, *plain; /* counts: see struct http_loop_counts */
};

/* library_epoll is the library's. ST_INTERNAL: no descriptor is left. */
MUST_CHECK enum status http_handshakes_open(struct http_handshakes *handshakes, int library_epoll,
					    struct error *err);
void http_handshakes_close(struct http_handshakes *handshakes);

/* The connection's session has begun. False: it cannot go on. */
bool http_handshake_begin(struct http_handshakes *handshakes, struct http_connection *connection);
void http_handshake_end(struct http_handshakes *handshakes, struct http_connection *connection);

/* Before the library runs: resumes those whose client has gone on, or is gone. */
void http_handshakes_resume(struct http_handshakes *handshakes);
/* After it: suspends those that wait for their client. */
void http_handshakes_suspend(struct http_handshakes *handshakes);

/* Sends what the library would not. What does not go out at once is lost. */
void http_handshake_send(const struct http_connection *connection, const char *text, size_t len);

/* Whether the client has shown a certificate, which is good then. *common_name (owned, NULL: none,
 * or more than one) is its subject's. */
bool http_handshake_client(const struct http_connection *connection, char **common_name);

#endif
