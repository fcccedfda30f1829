#include "tools/page/order_call.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/page/web.h"

#define TIMEOUT_S  10
#define ANSWER_MAX 65536

/* From the call to its answer. viewer NULL: who asked has gone. */
struct order_call {
	struct evhttp_request *viewer;
	struct evhttp_connection *connection;
};

static json_t *answer_of(struct evhttp_request *answer)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(answer);
	size_t len = evbuffer_get_length(in);
	const char *text = (const char *)evbuffer_pullup(in, -1);
	json_t *body = len > 0 && len <= ANSWER_MAX ? json_loadb(text, len, JSON_DECODE_ANY, NULL)
						    : NULL;

	return json_pack("{s:i, s:o}", "status", evhttp_request_get_response_code(answer), "body",
			 body ? body : json_null());
}

static void on_viewer_gone(struct evhttp_connection *connection, void *context)
{
	struct order_call *call = context;

	(void)connection;
	call->viewer = NULL;
}

/* answer NULL, or without a status: none came. */
static void on_answer(struct evhttp_request *answer, void *context)
{
	struct order_call *call = context;
	bool came = answer && evhttp_request_get_response_code(answer) != 0;

	if (call->viewer) {
		evhttp_connection_set_closecb(evhttp_request_get_connection(call->viewer), NULL,
					      NULL);
		if (came)
			web_answer_json(call->viewer, 200, answer_of(answer));
		else
			web_answer_problem(call->viewer, HTTP_PROBLEM_UPSTREAM_REFUSED,
					   "order-service does not answer");
	}
	evhttp_connection_free_on_completion(call->connection);
	free(call);
}

/* "/orders" or "/orders/7"; false: arguments are wrong. */
static bool path_of(const json_t *arguments, enum evhttp_cmd_type *method, char path[64])
{
	const char *name = json_string_value(json_object_get(arguments, "method"));
	json_int_t order = json_integer_value(json_object_get(arguments, "order"));

	if (!name)
		return false;
	if (strcmp(name, "POST") == 0) {
		*method = EVHTTP_REQ_POST;
		(void)snprintf(path, 64, "/orders");
		return true;
	}
	*method = strcmp(name, "PATCH") == 0 ? EVHTTP_REQ_PATCH : EVHTTP_REQ_DELETE;
	(void)snprintf(path, 64, "/orders/%" JSON_INTEGER_FORMAT, order);
	return order > 0 && (*method == EVHTTP_REQ_PATCH || strcmp(name, "DELETE") == 0);
}

static void add_body(struct evhttp_request *request, const json_t *body)
{
	char *text = json_is_object(body) ? json_dumps(body, JSON_COMPACT) : NULL;
	char len[24];

	if (!text)
		return;
	/* libevent writes it for POST and PUT only. */
	(void)snprintf(len, sizeof(len), "%zu", strlen(text));
	(void)evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Length", len);
	(void)evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
				"application/json");
	(void)evbuffer_add(evhttp_request_get_output_buffer(request), text, strlen(text));
	free(text);
}

static bool connect_to(struct order_call *call, struct event_base *base, const char *url)
{
	struct evhttp_uri *uri = evhttp_uri_parse(url);

	if (uri && evhttp_uri_get_host(uri))
		call->connection = evhttp_connection_base_new(
			base, NULL, evhttp_uri_get_host(uri),
			(ev_uint16_t)(evhttp_uri_get_port(uri) > 0 ? evhttp_uri_get_port(uri)
								   : 80));
	if (uri)
		evhttp_uri_free(uri);
	return call->connection != NULL;
}

static bool send_call(struct order_call *call, const char *url, enum evhttp_cmd_type method,
		      const char *path, const json_t *body)
{
	struct evhttp_request *out = evhttp_request_new(on_answer, call);
	const char *host = strstr(url, "//");

	if (!out)
		return false;
	(void)evhttp_add_header(evhttp_request_get_output_headers(out), "Host",
				host ? host + 2 : url);
	(void)evhttp_add_header(evhttp_request_get_output_headers(out), "Connection", "close");
	if (method != EVHTTP_REQ_DELETE)
		add_body(out, body);
	evhttp_connection_set_timeout(call->connection, TIMEOUT_S);
	return evhttp_make_request(call->connection, out, method, path) == 0;
}

bool order_call_make(struct event_base *base, const char *url, const json_t *arguments,
		     struct evhttp_request *request)
{
	struct order_call *call;
	enum evhttp_cmd_type method;
	char path[64];

	if (!path_of(arguments, &method, path))
		return false;
	call = calloc(1, sizeof(*call));
	if (call && connect_to(call, base, url)) {
		call->viewer = request;
		evhttp_connection_set_closecb(evhttp_request_get_connection(request),
					      on_viewer_gone, call);
		if (send_call(call, url, method, path, json_object_get(arguments, "body")))
			return true;
		evhttp_connection_set_closecb(evhttp_request_get_connection(request), NULL, NULL);
		evhttp_connection_free(call->connection);
	}
	free(call);
	web_answer_problem(request, HTTP_PROBLEM_UNAVAILABLE, "order-service cannot be called now");
	return true;
}
