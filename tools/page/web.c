#include "tools/page/web.h"

#include <event2/buffer.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/runtime/log.h"
#include "tools/page/assets.h"
#include "tools/page/order_call.h"
#include "tools/page/web_guard.h"
#include "tools/page/web_tls.h"

#define BODY_MAX    16384
#define HEADERS_MAX 8192
#define IDLE_S      60

/* Those that can be refused by their path. */
#define METHODS                                                                                    \
	(EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | \
	 EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE | EVHTTP_REQ_PATCH)

struct web {
	struct web_config config;
	struct page *page;
	struct event_base *base;
	struct evhttp *http;
	struct web_tls *tls; /* NULL: plain HTTP */
	struct event *hangup;
	int port;
};

/* --- answers ------------------------------------------------------------------------------- */

static void add_safe_headers(struct evhttp_request *request)
{
	static const char *const headers[][2] = {
		{ "Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action "
					     "'none'; frame-ancestors 'none'" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Cross-Origin-Opener-Policy", "same-origin" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
	};
	struct evkeyvalq *out = evhttp_request_get_output_headers(request);

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		(void)evhttp_add_header(out, headers[i][0], headers[i][1]);
}

static void answer(struct evhttp_request *request, int status, const char *type, const void *body,
		   size_t len)
{
	struct evbuffer *out = evbuffer_new();
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);

	if (out)
		(void)evbuffer_add(out, body, len);
	(void)evhttp_add_header(headers, "Content-Type", type);
	(void)evhttp_add_header(headers, "Cache-Control", "no-cache");
	evhttp_send_reply(request, status, NULL, out);
	if (out)
		evbuffer_free(out);
}

static void answer_text(struct evhttp_request *request, int status, const char *type, json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	if (text)
		answer(request, status, type, text, strlen(text));
	else
		answer(request, 500, "text/plain", "", 0);
	free(text);
	json_decref(json);
}

void web_answer_json(struct evhttp_request *request, int status, json_t *json)
{
	answer_text(request, status, "application/json", json);
}

void web_answer_problem(struct evhttp_request *request, enum http_problem problem,
			const char *detail)
{
	answer_text(request, http_problem_kind(problem)->status, "application/problem+json",
		    http_problem_json(problem, NULL, detail));
}

/* --- actions ------------------------------------------------------------------------------- */

/* The body, owned; NULL: it is no JSON object of a bounded size. */
static json_t *body_of(struct evhttp_request *request)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(request);
	size_t len = evbuffer_get_length(in);
	const char *text = (const char *)evbuffer_pullup(in, -1);
	json_t *json = len > 0 ? json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL) : NULL;

	if (json_is_object(json))
		return json;
	json_decref(json);
	return NULL;
}

static enum http_problem problem_of(enum status st)
{
	switch (st) {
	case ST_INVALID:
		return HTTP_PROBLEM_INVALID_PARAMETER;
	case ST_CONFLICT:
		return HTTP_PROBLEM_CONFLICT;
	case ST_REFUSED:
		return HTTP_PROBLEM_NOT_IMPLEMENTED;
	default:
		return HTTP_PROBLEM_INTERNAL_ERROR;
	}
}

/* The page's own, which it asks for. */
static const char *language_of(struct evhttp_request *request)
{
	const char *asked =
		evhttp_find_header(evhttp_request_get_input_headers(request), "Accept-Language");

	return asked && strncmp(asked, "ko", 2) == 0 ? "ko" : "en";
}

static void start_action(struct web *web, const char *name, const json_t *arguments,
			 struct evhttp_request *request)
{
	struct error err;
	int64_t id = 0;
	enum status st = actions_start(page_actions(web->page), language_of(request), name,
				       arguments, &id, &err);

	if (st == ST_OK)
		web_answer_json(request, 202, json_pack("{s:I}", "id", (json_int_t)id));
	else
		web_answer_problem(request, problem_of(st), err.msg);
}

static void call_order_service(struct web *web, const json_t *arguments,
			       struct evhttp_request *request)
{
	if (!order_call_make(web->base, page_order_url(web->page), arguments, request))
		web_answer_problem(request, HTTP_PROBLEM_INVALID_PARAMETER,
				   "method, order or body is wrong");
}

static void act(struct web *web, const char *name, struct evhttp_request *request)
{
	json_t *arguments;

	if (!web_guard_may_act(&web->config, request))
		return;
	arguments = body_of(request);
	if (!arguments)
		web_answer_problem(request, HTTP_PROBLEM_INVALID_BODY,
				   "the body is no JSON object");
	else if (strcmp(name, "order") == 0)
		call_order_service(web, arguments, request);
	else
		start_action(web, name, arguments, request);
	json_decref(arguments);
}

/* --- history ------------------------------------------------------------------------------- */

static void tell_history(struct web *web, const char *order_text, struct evhttp_request *request)
{
	int64_t order;

	if (!parse_i64(order_text, strlen(order_text), 1, INT64_MAX, &order))
		web_answer_problem(request, HTTP_PROBLEM_UNKNOWN_ORDER,
				   "an order's id is a number");
	else if (!history_calls_make(page_history(web->page), order, request))
		web_answer_problem(request, HTTP_PROBLEM_UNAVAILABLE, "too many ask");
}

/* --- requests ------------------------------------------------------------------------------ */

/* The action that the path names; NULL: it names none. */
static const char *action_of(const char *path)
{
	static const char prefix[] = "/actions/";

	return path && strncmp(path, prefix, sizeof(prefix) - 1) == 0 ? path + sizeof(prefix) - 1
								      : NULL;
}

static void serve_get(struct web *web, const char *path, struct evhttp_request *request)
{
	static const char history[] = "/history/";
	const struct asset *asset = assets_find(path);

	if (asset)
		answer(request, 200, asset->content_type, asset->content, asset->len);
	else if (strcmp(path, "/healthz") == 0 || strcmp(path, "/readyz") == 0)
		web_answer_json(request, 200, json_pack("{s:s}", "status", "alive"));
	else if (strncmp(path, history, sizeof(history) - 1) == 0)
		tell_history(web, path + sizeof(history) - 1, request);
	else if (strcmp(path, "/stream") != 0)
		web_answer_problem(request, HTTP_PROBLEM_NO_SUCH_PATH, "there is nothing here");
	else if (!page_add_viewer(web->page, request))
		web_answer_problem(request, HTTP_PROBLEM_UNAVAILABLE, "too many look already");
}

static void refuse_method(struct evhttp_request *request, bool action)
{
	(void)evhttp_add_header(evhttp_request_get_output_headers(request), "Allow",
				action ? "POST" : "GET");
	web_answer_problem(request, HTTP_PROBLEM_METHOD_NOT_ALLOWED, "GET, or POST to an action");
}

/* libevent reads the bodies of these methods only. Another's would be taken for the next request.
 */
static void close_behind_body(struct evhttp_request *request)
{
	struct evkeyvalq *in = evhttp_request_get_input_headers(request);
	enum evhttp_cmd_type method = evhttp_request_get_command(request);
	bool is_read = method == EVHTTP_REQ_POST || method == EVHTTP_REQ_PUT ||
		       method == EVHTTP_REQ_PATCH;

	if (!is_read && (evhttp_find_header(in, "Content-Length") ||
			 evhttp_find_header(in, "Transfer-Encoding")))
		(void)evhttp_add_header(evhttp_request_get_output_headers(request), "Connection",
					"close");
}

static void on_request(struct evhttp_request *request, void *context)
{
	struct web *web = context;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	const char *action = action_of(path);
	enum evhttp_cmd_type method = evhttp_request_get_command(request);

	add_safe_headers(request);
	close_behind_body(request);
	if (web->tls && !web_tls_has(request))
		web_answer_problem(request, HTTP_PROBLEM_UNAVAILABLE, "out of memory");
	else if (!web_guard_is_called_so(&web->config, request))
		web_answer_problem(request, HTTP_PROBLEM_WRONG_HOST,
				   "this page is not called so: use 127.0.0.1");
	else if (!path || !path[0])
		web_answer_problem(request, HTTP_PROBLEM_MALFORMED_REQUEST, "no path");
	else if (method == EVHTTP_REQ_POST && action)
		act(web, action, request);
	else if (method == EVHTTP_REQ_GET && !action)
		serve_get(web, path, request);
	else
		refuse_method(request, action != NULL);
}

/* --- open and close ------------------------------------------------------------------------ */

static int port_of(evutil_socket_t fd)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return 0;
	return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
						   : ((struct sockaddr_in *)&address)->sin_port);
}

static void on_hangup(evutil_socket_t number, short what, void *context)
{
	struct web *web = context;
	struct error err;

	(void)number;
	(void)what;
	if (web_tls_reload(web->tls, &err) == ST_OK)
		log_info("page", "certificate read again", "file=%s",
			 LOG_QUOTE(web->config.certificate));
	else
		log_error("page", "certificate not read again", "error=%s", LOG_QUOTE(err.msg));
}

static enum status set_tls(struct web *web, struct error *err)
{
	if (!web->config.certificate[0])
		return ST_OK;
	if (web_tls_open(&web->tls, web->config.certificate, web->config.key, err) != ST_OK)
		return err->status;
	web_tls_use(web->tls, web->http);
	web->hangup = evsignal_new(web->base, SIGHUP, on_hangup, web);
	if (!web->hangup || event_add(web->hangup, NULL) != 0)
		return error_set(err, ST_INTERNAL, "libevent takes no signal");
	return ST_OK;
}

enum status web_open(struct web **out, const struct web_config *config, struct page *page,
		     struct event_base *base, struct error *err)
{
	struct web *web = calloc(1, sizeof(*web));
	struct evhttp_bound_socket *bound = NULL;

	if (!web)
		return error_set(err, ST_INTERNAL, "out of memory");
	*web = (struct web){ .config = *config, .page = page, .base = base };
	web->http = evhttp_new(base);
	if (web->http && set_tls(web, err) != ST_OK) {
		web_close(web);
		return err->status;
	}
	if (web->http)
		bound = evhttp_bind_socket_with_handle(web->http, config->host,
						       (ev_uint16_t)config->port);
	if (!bound) {
		web_close(web);
		return error_set(err, ST_UNAVAILABLE,
				 "cannot listen on %s:%" PRId64 ": it may be taken", config->host,
				 config->port);
	}
	web->port = port_of(evhttp_bound_socket_get_fd(bound));
	evhttp_set_allowed_methods(web->http, METHODS); /* the rest gets libevent's 501 */
	evhttp_set_max_body_size(web->http, BODY_MAX);
	evhttp_set_max_headers_size(web->http, HEADERS_MAX);
	evhttp_set_timeout(web->http, IDLE_S);
	evhttp_set_gencb(web->http, on_request, web);
	*out = web;
	return ST_OK;
}

void web_close(struct web *web)
{
	if (!web)
		return;
	if (web->http)
		evhttp_free(web->http);
	if (web->hangup)
		event_free(web->hangup);
	web_tls_close(web->tls);
	free(web);
}

int web_port(const struct web *web)
{
	return web->port;
}
