/*
 * Deferred answers, and all else that goes past civetweb to the sockets that it keeps to itself.
 *
 * civetweb has a thread per connection, which would sleep twice for a request: for the request, and
 * for its answer. With hundreds of connections, waking it up with cold caches is much of all work
 * (docs/adr/0005-civetweb.md). So it goes back to its reading, and who has the deferred answer
 * sends it straight to the socket, which is found by a scan of the process's descriptors. As long
 * as the connection's socket is not known, the worker does wait, and writes the answer itself.
 *
 * Off, so that the worker always waits: without a struct http_deferred_sockets
 * (HTTP_DEFERRED_ANSWERS=off), and for every TLS connection, whose socket takes no plain text.
 *
 * Relied on, of civetweb 1.15:
 * - One worker thread serves a connection, and runs its callbacks one after the other.
 * - The socket is open from before the first begin_request until after connection_close.
 * - remote_port and server_port are the socket's own.
 * - After a begin_request that returns 200 it writes nothing, and reads the next request. What it
 *   writes then, an error, it announces by http_error.
 *
 * Invariants:
 * - Who sends a deferred answer never waits for the client. A slow client, whose socket does not
 *   take the whole answer at once, has left many unread: it is disconnected. Else one client could
 *   hold up the thread that answers all others.
 * - Answers keep the requests' order, and none is deferred when the connection is closed, so its
 *   socket is never another's.
 *
 * Threads: all on the connection's worker thread, but http_deferred_send and _end, which are for
 * who has the deferred answer, and the server's functions, which are for any.
 */
#ifndef COMMON_HTTP_HTTP_DEFERRED_H
#define COMMON_HTTP_HTTP_DEFERRED_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/http/http.h"

struct mg_connection;

/* --- the server's sockets ------------------------------------------------------------------ */

/* From now on, who connects to port and says nothing gets no thread: many clients connect ahead of
 * their need. */
void http_deferred_accept(int port);

/* Disconnects all clients at port: threads that wait for more requests see it at once. */
void http_deferred_disconnect(int port);

/* What the last scan found: which socket a client has. */
struct http_deferred_sockets;

/* NULL: no memory. */
struct http_deferred_sockets *http_deferred_sockets_new(void);
void http_deferred_sockets_free(struct http_deferred_sockets *sockets);

/* --- a connection -------------------------------------------------------------------------- */

struct http_deferred_connection {
	struct mg_connection *mg;
	struct http_deferred_sockets *sockets; /* borrowed; NULL: off */
	int fd;                                /* -1: not known yet */
	int port, peer_port;
	int64_t since_us;
	_Atomic int answer; /* none is deferred, one is, or one is and the worker waits for it */
	sem_t ended;
	char *text; /* owned: the answer that was handed to the worker */
	size_t text_len;
};

/* For the connection of a request. sockets NULL: off. */
void http_deferred_open(struct http_deferred_connection *connection, struct mg_connection *mg,
			struct http_deferred_sockets *sockets);

/* Waits for a deferred answer. */
void http_deferred_close(struct http_deferred_connection *connection);

/* From here on another thread may send the answer. */
void http_deferred_begin(struct http_deferred_connection *connection);

/* Waits until no answer is deferred. */
void http_deferred_await(struct http_deferred_connection *connection);

/* If the answer is handed to the worker, waits for it and writes it: true. */
bool http_deferred_finish(struct http_deferred_connection *connection);

/* --- for who has the answer ---------------------------------------------------------------- */

enum http_deferred_result {
	HTTP_SENT,
	HTTP_SLOW_CLIENT,     /* the client is too slow, and is disconnected */
	HTTP_HANDED_TO_WORKER /* the worker writes it */
};

enum http_deferred_result http_deferred_send(struct http_deferred_connection *connection,
					     const struct http_response *response, bool keep);

/* After that, and the last that its thread does with the connection. */
void http_deferred_end(struct http_deferred_connection *connection);

#endif
