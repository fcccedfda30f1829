#include "tools/page/history_calls.h"

#include <stdlib.h>
#include <utlist.h>

#include "tools/page/web.h"

struct history_call {
	struct history_calls *calls;
	int64_t ticket;
	struct evhttp_request *viewer;
	struct history_call *prev, *next;
};

struct history_calls {
	struct table_feed *feed;
	struct history_call *list;
	int64_t last_ticket;
};

struct history_calls *history_calls_open(struct table_feed *feed)
{
	struct history_calls *calls = calloc(1, sizeof(*calls));

	if (calls)
		calls->feed = feed;
	return calls;
}

static void forget(struct history_call *call)
{
	evhttp_connection_set_closecb(evhttp_request_get_connection(call->viewer), NULL, NULL);
	DL_DELETE(call->calls->list, call);
	free(call);
}

/* libevent frees the request with the connection. */
static void on_viewer_gone(struct evhttp_connection *connection, void *context)
{
	(void)connection;
	forget(context);
}

void history_calls_close(struct history_calls *calls)
{
	if (!calls)
		return;
	while (calls->list) {
		struct history_call *call = calls->list;

		web_answer_problem(call->viewer, HTTP_PROBLEM_UNAVAILABLE, "the page ends");
		forget(call);
	}
	free(calls);
}

bool history_calls_make(struct history_calls *calls, int64_t order, struct evhttp_request *request)
{
	struct history_call *call = calloc(1, sizeof(*call));

	if (!call || !table_feed_ask(calls->feed, order, calls->last_ticket + 1)) {
		free(call);
		return false;
	}
	*call = (struct history_call){ calls, ++calls->last_ticket, request, NULL, NULL };
	DL_APPEND(calls->list, call);
	evhttp_connection_set_closecb(evhttp_request_get_connection(request), on_viewer_gone, call);
	return true;
}

void history_calls_answer(struct history_calls *calls, json_t *content)
{
	int64_t ticket = json_integer_value(json_object_get(content, "ticket"));
	json_t *effects = json_object_get(content, "effects");
	struct history_call *call;

	DL_SEARCH_SCALAR(calls->list, call, ticket, ticket);
	if (!call)
		return; /* whoever asked has gone */
	if (effects)
		web_answer_json(call->viewer, 200, json_pack("{s:O}", "effects", effects));
	else
		web_answer_problem(call->viewer, HTTP_PROBLEM_UNAVAILABLE,
				   "PostgreSQL does not answer");
	forget(call);
}
