/*
 * The HTTP server: routes, the loop that reads requests, the workers that run handlers. What is
 * wrong with a request before a handler sees it is answered as a problem too.
 *
 * Threads: open and close from main; a handler runs where its route's lane says.
 */
#ifndef COMMON_HTTP_HTTP_SERVER_H
#define COMMON_HTTP_HTTP_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/metrics.h"
#include "common/http/http.h"
#include "common/http/http_security.h"
#include "common/otlp/otlp.h"
#include "common/runtime/progress.h"

struct http_server;

struct http_server_config {
	const char *host; /* all texts are borrowed until close */
	int64_t port;     /* 0: any free one */
	int64_t threads;  /* for handlers that may wait */
	int64_t connections_max;
	int64_t request_timeout_ms; /* from a request's first byte to its last */
	const char *allowed_hosts;  /* see http_access.h */
	const char *allowed_origins;
	struct http_security_config security;
	struct otlp *otlp; /* for the spans of requests; NULL: none; borrowed until close */
	/* Made by open: it stands still while requests wait for a thread and none gets one, and
	 * hangs if the thread that talks to all clients does. Read until close. */
	struct progress *progress;
};

/*
 * Listens. routes and the contexts in them are borrowed until close. *out is written before the
 * first request is served, and is NULL on an error. ST_INVALID: the address, or a file, cannot be
 * used.
 */
MUST_CHECK enum status http_server_open(struct http_server **out,
					const struct http_server_config *config,
					const struct http_route *routes, size_t route_count,
					struct error *err);

/* Stops listening, and waits for the answers to what was asked. */
void http_server_close(struct http_server *server);

int http_server_port(const struct http_server *server);

void http_server_metrics(struct http_server *server, struct metrics_out *out);

#endif
