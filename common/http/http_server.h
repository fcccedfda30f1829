/*
 * The HTTP server (civetweb): reads bounded requests, finds the route, writes the response.
 * Everything that goes wrong below the handlers (bad request line, unknown method, body too
 * large) is answered as a problem too.
 *
 * Threads: open and close from main; handlers run on the server's worker threads.
 */
#ifndef COMMON_HTTP_HTTP_SERVER_H
#define COMMON_HTTP_HTTP_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/metrics.h"
#include "common/http/http.h"
#include "common/runtime/progress.h"

struct http_server;

struct http_server_config {
	const char *host; /* borrowed until close */
	int64_t port;     /* 0: any free one */
	int64_t threads;
	bool deferred_answers; /* are sent by who has them; else by the connection's thread */
	/* Made by open, told of each answer: it stands still while connections have all threads and
	 * none of them gets an answer. Read until close. */
	struct progress *progress;
};

/*
 * Listens with the given number of worker threads. A connection holds a thread while it is kept
 * alive; when most are taken, answers close their connection, so that those who wait get their
 * turn. routes and the contexts in them are borrowed until close. *out is written before the first
 * request is served, and is NULL on an error. ST_INVALID: the address cannot be used.
 */
MUST_CHECK enum status http_server_open(struct http_server **out,
					const struct http_server_config *config,
					const struct http_route *routes, size_t route_count,
					struct error *err);

/* Stops listening, waits for the running handlers and for the deferred answers. */
void http_server_close(struct http_server *server);

int http_server_port(const struct http_server *server);

void http_server_metrics(struct http_server *server, struct metrics_out *out);

#endif
