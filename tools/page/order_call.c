#include "tools/page/order_call.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/json_number.h"
#include "common/service/http_caller.h"
#include "tools/page/service_urls.h"
#include "tools/page/web.h"

#define TIMEOUT_MS 10000L
#define ANSWER_MAX 65536
#define PATH_SIZE  64

/*
 * From the call to its answer. The thread has it from its start until it sets done; the loop has
 * it else.
 */
struct order_call {
	struct evhttp_request *viewer; /* the loop's; NULL: who asked has gone */
	struct event *event;
	pthread_t thread;
	int done; /* eventfd */
	char url[SERVICE_URL_MAX + PATH_SIZE];
	const char *method;
	char *body; /* owned; NULL: none */
	/* the answer */
	long status; /* 0: none came */
	char text[ANSWER_MAX];
	size_t len;
};

/* --- the thread ---------------------------------------------------------------------------- */

/* curl's: an answer that is too long ends the call. */
static size_t on_data(char *data, size_t size, size_t count, void *context)
{
	struct order_call *call = context;
	size_t len = size * count;

	if (call->len + len > ANSWER_MAX)
		return 0;
	memcpy(call->text + call->len, data, len);
	call->len += len;
	return len;
}

static void perform(struct order_call *call, CURL *curl, struct curl_slist *headers)
{
	const struct http_caller caller = http_caller_from_environment();
	struct error err;

	(void)curl_easy_setopt(curl, CURLOPT_URL, call->url);
	(void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
	(void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, call);
	if (call->body) {
		(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
		(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body);
	}
	if (http_caller_apply(&caller, curl, &err) == ST_OK && curl_easy_perform(curl) == CURLE_OK)
		(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &call->status);
}

static void *thread_main(void *context)
{
	struct order_call *call = context;
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	CURL *curl = curl_easy_init();

	if (curl && headers)
		perform(call, curl, headers);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	(void)eventfd_write(call->done, 1);
	return NULL;
}

/* --- the loop ------------------------------------------------------------------------------ */

static void release(struct order_call *call)
{
	if (call->event)
		event_free(call->event);
	if (call->done >= 0)
		(void)close(call->done);
	free(call->body);
	free(call);
}

static json_t *answer_of(const struct order_call *call)
{
	json_t *body = json_loadb(call->text, call->len, JSON_DECODE_ANY, NULL);

	return json_pack("{s:i, s:o}", "status", (int)call->status, "body",
			 body ? body : json_null());
}

static void on_viewer_gone(struct evhttp_connection *connection, void *context)
{
	struct order_call *call = context;

	(void)connection;
	call->viewer = NULL;
}

static void on_done(evutil_socket_t fd, short what, void *context)
{
	struct order_call *call = context;

	(void)fd;
	(void)what;
	(void)pthread_join(call->thread, NULL);
	if (call->viewer) {
		evhttp_connection_set_closecb(evhttp_request_get_connection(call->viewer), NULL,
					      NULL);
		if (call->status != 0)
			web_answer_json(call->viewer, 200, answer_of(call));
		else
			web_answer_problem(call->viewer, HTTP_PROBLEM_UPSTREAM_REFUSED,
					   "order-service does not answer");
	}
	release(call);
}

/* "/orders" or "/orders/7"; false: arguments are wrong. */
static bool path_of(const json_t *arguments, const char **method, char path[PATH_SIZE])
{
	static const char *const methods[] = { "POST", "PATCH", "DELETE" };
	const char *name = json_string_value(json_object_get(arguments, "method"));
	const json_t *id = json_object_get(arguments, "order");
	int64_t order = 0;
	size_t i = 0;

	while (i < 3 && (!name || strcmp(name, methods[i]) != 0))
		i++;
	if (i == 3 || (id && (!json_number_whole(id, &order) || order < 1)))
		return false;
	*method = methods[i];
	if (i == 0)
		(void)snprintf(path, PATH_SIZE, "/orders");
	else
		(void)snprintf(path, PATH_SIZE, "/orders/%" PRId64, order);
	return i == 0 || id;
}

static bool start(struct order_call *call, struct event_base *base)
{
	call->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (call->done < 0)
		return false;
	call->event = event_new(base, call->done, EV_READ, on_done, call);
	return call->event && event_add(call->event, NULL) == 0 &&
	       pthread_create(&call->thread, NULL, thread_main, call) == 0;
}

bool order_call_make(struct event_base *base, const char *url, const json_t *arguments,
		     struct evhttp_request *request)
{
	const json_t *body = json_object_get(arguments, "body");
	const char *method;
	struct order_call *call;
	char path[PATH_SIZE];

	if (!path_of(arguments, &method, path) || (body && !json_is_object(body)) ||
	    json_object_size(arguments) >
		    1u + (body != NULL) + (json_object_get(arguments, "order") != NULL))
		return false;
	call = url ? calloc(1, sizeof(*call)) : NULL;
	if (call) {
		call->done = -1;
		call->method = method;
		(void)snprintf(call->url, sizeof(call->url), "%.*s%s", SERVICE_URL_MAX, url, path);
		if (json_is_object(body) && strcmp(method, "DELETE") != 0)
			call->body = json_dumps(body, JSON_COMPACT);
		call->viewer = request;
		if (start(call, base)) {
			evhttp_connection_set_closecb(evhttp_request_get_connection(request),
						      on_viewer_gone, call);
			return true;
		}
		release(call);
	}
	web_answer_problem(request, HTTP_PROBLEM_UNAVAILABLE, "order-service cannot be called now");
	return true;
}
