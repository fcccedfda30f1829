/*
 * What a REST handler sees: a request, a response to fill, and the table of routes. The server
 * behind it is in http_server.h; handlers and their tests need only this and http_json.h.
 *
 * Threads: a request and its response belong to the thread that runs the handler, which the route's
 * lane chooses. An answer that the handler has deferred can be sent by any thread.
 */
#ifndef COMMON_HTTP_HTTP_H
#define COMMON_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/strbuf.h"

struct http_response;
struct trace; /* common/trace/trace.h */

/* An answer that can be deferred. Its function is the server's, for http_send_deferred. */
struct http_deferred {
	void (*send)(struct http_deferred *deferred, struct http_response *response);
};

struct http_request {
	const char *method;
	const char *path;
	const char *query; /* after the '?', NULL: none */
	const char *param; /* what stood for the route's {}, NUL-terminated; NULL: no {} */
	const char *body;  /* borrowed; NULL: none */
	size_t body_len;
	const char *(*header)(const void *source, const char *name); /* NULL: not sent */
	const void *source;
	struct http_deferred *deferred; /* for http_defer */
	const struct trace *trace;      /* NULL: none; there until the answer is sent */
};

#define HTTP_RESPONSE_HEADERS_MAX 8

struct http_header {
	const char *name;  /* borrowed */
	const char *value; /* in the response's header_text */
};

struct http_response {
	bool deferred; /* the rest does not count */
	int status;
	const char *content_type; /* NULL: no body */
	char *body;               /* owned, malloc'd */
	size_t body_len;
	struct http_header headers[HTTP_RESPONSE_HEADERS_MAX]; /* besides */
	size_t header_count;
	size_t header_text_len;
	char header_text[512];
};

typedef void http_handler(void *context, const struct http_request *request,
			  struct http_response *response);

/* Where a route's handler runs. */
enum http_lane {
	HTTP_ON_WORKER, /* on a worker thread: it may wait */
	HTTP_HEAVY,     /* the same, but at most half of the threads do such work at a time */
	HTTP_HEALTH,    /* on one of a few threads that nobody else has; see HTTP_ALIVE */
	HTTP_ALIVE,     /* as HTTP_ON_LOOP; served, as HTTP_HEALTH is, whatever others do */
	HTTP_ON_LOOP,   /* on the thread that reads all requests: it never waits */
	HTTP_LANES,
};

/* What a caller must be allowed, where callers have to say who they are (http_guard.h). A route
 * that says nothing is for operators. */
enum http_scope {
	HTTP_SCOPE_OPERATE, /* how the service is, and how it was set */
	HTTP_SCOPE_READ,
	HTTP_SCOPE_WRITE,
	HTTP_SCOPE_NONE, /* anybody, always: health */
	HTTP_SCOPES,
};

struct http_route {
	const char *method;
	const char *path; /* "/orders" or "/orders/{}": {} is one path segment */
	http_handler *handle;
	void *context;
	enum http_lane lane;
	enum http_scope scope;
};

enum http_match { HTTP_MATCHED, HTTP_NO_PATH, HTTP_NO_METHOD };

/*
 * Finds the route. HTTP_MATCHED writes *route and *param (the segment, inside path, NULL if the
 * route has none); HTTP_NO_METHOD writes the path's methods to allow, "GET, POST".
 */
enum http_match http_route_find(const struct http_route *routes, size_t count, const char *method,
				const char *path, const struct http_route **route,
				const char **param, struct strbuf *allow);

/* The value of a query parameter, percent-decoded is not needed for numbers: *len its length.
 * NULL: not there. */
const char *http_query(const struct http_request *request, const char *name, size_t *len);

const char *http_request_header(const struct http_request *request, const char *name);

void http_response_init(struct http_response *response);
void http_response_fini(struct http_response *response);
/* One more. name is borrowed. One that has no room is left out as a whole. */
void http_response_header(struct http_response *response, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * In a handler: the answer to this request will come later. Exactly one http_send_deferred() must
 * follow, on any thread, also before the handler returns; nothing of the request is there then,
 * but its trace until that call.
 */
struct http_deferred *http_defer(const struct http_request *request,
				 struct http_response *response);

/* Answers, without ever waiting for the client. Takes the response's body; deferred is gone. */
void http_send_deferred(struct http_deferred *deferred, struct http_response *response);

#endif
