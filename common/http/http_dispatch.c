#include "common/http/http_dispatch.h"

#include <string.h>
#include <strings.h>

#include "common/http/http_json.h"

static const char *const known_methods[] = { "GET",    "HEAD",    "POST",  "PUT",  "PATCH",
					     "DELETE", "OPTIONS", "TRACE", "QUERY" };

static bool is_known(const char *method)
{
	for (size_t i = 0; i < sizeof(known_methods) / sizeof(known_methods[0]); i++) {
		if (strcmp(known_methods[i], method) == 0)
			return true;
	}
	return false;
}

/* --- OPTIONS ------------------------------------------------------------------------------- */

/* What comes with the routes' own methods. */
static void allow_common(struct strbuf *allow)
{
	if (strstr(allow->buf, "GET"))
		strbuf_puts(allow, ", HEAD");
	strbuf_puts(allow, ", OPTIONS");
}

/* For *: every method that a route has. */
static void allow_all(const struct http_route *routes, size_t count, struct strbuf *allow)
{
	for (size_t i = 0; i < count; i++) {
		if (!strstr(allow->buf, routes[i].method))
			strbuf_printf(allow, "%s%s", allow->len ? ", " : "", routes[i].method);
	}
}

/* A browser asks so before it lets a page of another origin call, which the server allows it. */
static void answer_preflight(const struct http_request *request, struct http_response *response,
			     const char *methods)
{
	if (!http_request_header(request, "Access-Control-Request-Method"))
		return;
	http_response_header(response, "Access-Control-Allow-Methods", "%s", methods);
	http_response_header(response, "Access-Control-Allow-Headers",
			     "Content-Type, Idempotency-Key, If-Match, If-None-Match, "
			     "traceparent, tracestate, Authorization");
	http_response_header(response, "Access-Control-Max-Age", "600");
}

/* --- what no handler gets ------------------------------------------------------------------ */

static void refuse_method(const struct http_request *request, struct http_response *response,
			  struct strbuf *allow)
{
	bool options = strcmp(request->method, "OPTIONS") == 0;

	allow_common(allow);
	http_response_header(response, "Allow", "%s", allow->buf);
	if (!options) {
		http_respond_problem(response, HTTP_PROBLEM_METHOD_NOT_ALLOWED, NULL,
				     "%.100s takes %s, not %.20s", request->path, allow->buf,
				     request->method);
		return;
	}
	response->status = 204;
	answer_preflight(request, response, allow->buf);
}

/* Contents that nobody could read. False: answered. */
static bool may_run(const struct http_request *request, struct http_response *response)
{
	const char *coding = http_request_header(request, "Content-Encoding");

	if (request->body_len > 0 && coding && strcasecmp(coding, "identity") != 0) {
		http_response_header(response, "Accept-Encoding", "identity");
		http_respond_problem(response, HTTP_PROBLEM_CONTENT_CODING, "Content-Encoding",
				     "send the body as it is, not as %.80s", coding);
		return false;
	}
	return true;
}

const struct http_route *http_dispatch_find(const struct http_route *routes, size_t count,
					    struct http_request *request,
					    struct http_response *response)
{
	const char *method = strcmp(request->method, "HEAD") == 0 ? "GET" : request->method;
	const struct http_route *route = NULL;
	char methods[96] = "";
	struct strbuf allow = STRBUF_ON(methods);
	enum http_match match;

	if (!is_known(method)) {
		http_respond_problem(response, HTTP_PROBLEM_NOT_IMPLEMENTED, NULL,
				     "the method %.20s is unknown here", method);
		return NULL;
	}
	match = http_route_find(routes, count, method, request->path, &route, &request->param,
				&allow);
	if (strcmp(request->path, "*") == 0) {
		allow_all(routes, count, &allow);
		match = HTTP_NO_METHOD;
	}
	if (match == HTTP_MATCHED && may_run(request, response))
		return route;
	if (match == HTTP_NO_METHOD)
		refuse_method(request, response, &allow);
	else if (match == HTTP_NO_PATH)
		http_respond_problem(response, HTTP_PROBLEM_NO_SUCH_PATH, NULL,
				     "there is nothing at %.100s", request->path);
	return NULL;
}

void http_dispatch_refuse(struct http_response *response, int status, const char *why)
{
	const struct error not_now = { .status = ST_UNAVAILABLE };

	if (status == 503)
		http_respond_error(response, &not_now);
	else
		http_respond_problem(response, http_problem_of(status), NULL, "%s", why);
}
