/*
 * One connection of the HTTP server: its requests' bodies, its answers, and the one that another
 * thread still has to send.
 *
 * civetweb has a thread per connection, which would sleep twice for a request: for the request, and
 * for its answer. With hundreds of connections, waking it up with cold caches is a third of all
 * work. So it goes back to its reading, and a deferred answer is sent by who has it,
 * straight to the socket. As long as the connection's socket is not known, the worker does wait.
 *
 * Invariants:
 * - Whoever sends a deferred answer never waits for the client. What the socket does not take at
 *   once ends the connection: that client has left many answers unread. Otherwise one client could
 *   hold up the thread that answers all others.
 * - Answers keep the requests' order, and none is deferred when the connection is closed, so its
 *   socket is never another's.
 *
 * Threads: all on the connection's worker thread, but http_connection_send_deferred and
 * _deferred_sent, which are for who has the deferred answer.
 */
#ifndef COMMON_HTTP_HTTP_CONNECTION_H
#define COMMON_HTTP_HTTP_CONNECTION_H

#include <civetweb.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "common/http/http.h"
#include "common/http/http_sockets.h"

struct http_connection {
	struct mg_connection *mg;
	struct http_sockets *sockets; /* borrowed */
	int fd;                       /* -1: not known yet */
	int port, peer_port;
	int64_t since_us;
	_Atomic int answer; /* none is deferred, one is, or one is and the worker waits for it */
	sem_t sent;
	char *handed; /* owned: the answer that was handed to the worker */
	size_t handed_len;
};

/* For the connection of a request. */
void http_connection_open(struct http_connection *connection, struct mg_connection *mg,
			  struct http_sockets *sockets);

/* Waits for a deferred answer. */
void http_connection_close(struct http_connection *connection);

/* --- of one request ------------------------------------------------------------------------ */

/* Reads the whole body into a new buffer, the caller's. Returns the problem's status, 0 for none.
 */
int http_body_read(struct mg_connection *mg, char **body, size_t *len);

/* Answers on the worker thread; waits for the client if it must. */
void http_response_write(struct mg_connection *mg, const struct http_response *response, bool keep);

/* From here on another thread may send the answer. */
void http_connection_defer(struct http_connection *connection);

/* Waits until no answer is deferred. */
void http_connection_await(struct http_connection *connection);

/* If the answer was handed to the worker, waits for it and writes it: true. */
bool http_connection_finish(struct http_connection *connection);

/* --- the deferred answer -------------------------------------------------------------------- */

enum http_sent {
	HTTP_SENT,
	HTTP_SLOW_CLIENT,     /* the client is too slow, and is disconnected */
	HTTP_HANDED_TO_WORKER /* the worker writes it */
};

enum http_sent http_connection_send_deferred(struct http_connection *connection,
					     const struct http_response *response, bool keep);

/* After that, and the last that its thread does with the connection. */
void http_connection_deferred_sent(struct http_connection *connection);

#endif
