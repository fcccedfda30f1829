#include "delivery-service/api/sync_delivery_api.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/event/event_json.h"
#include "common/http/http_json.h"
#include "common/runtime/clock.h"
#include "delivery-service/api/sync_delivery_store.h"

/* The body as an event, owned by the caller. NULL: answered with a problem. */
static struct order_event *read_event(const struct http_request *request,
				      struct http_response *response)
{
	json_t *body = http_body_object(request, response);
	const char *name = json_string_value(json_object_get(body, "eventType"));
	struct order_event *event = NULL;
	enum event_type type;
	struct error err;

	if (!body)
		return NULL;
	if (!name || !event_order_type(name, strlen(name), &type))
		http_respond_problem(response, HTTP_PROBLEM_INVALID_MEMBER, "eventType",
				     "eventType must be OrderPlaced, OrderModified or "
				     "OrderCancelled");
	else if (event_decode(type, request->body, request->body_len, &event, &err) != ST_OK)
		http_respond_problem(response, HTTP_PROBLEM_INVALID_MEMBER, NULL, "%s", err.msg);
	json_decref(body);
	return event;
}

void sync_delivery_api_respond_failure(struct http_response *response, const struct error *err)
{
	if (err->status == ST_NOT_FOUND)
		http_respond_problem(response, HTTP_PROBLEM_UNKNOWN_DELIVERY, "id", "%s", err->msg);
	else if (err->status == ST_CONFLICT)
		http_respond_problem(response, HTTP_PROBLEM_CONFLICT, "version", "%s", err->msg);
	else
		http_respond_error(response, err);
}

static void apply(const struct sync_delivery_api *api, const struct order_event *event,
		  int64_t received_wall_ms, struct http_response *response)
{
	struct sync_delivery delivery;
	struct pg *pg = NULL;
	struct error err;
	enum status st = request_sessions_take(api->sessions, &pg, &err);

	if (st == ST_OK) {
		st = sync_delivery_store_apply(pg, api->replica, event, received_wall_ms, &delivery,
					       &err);
		request_sessions_give(api->sessions, pg);
	}
	if (st != ST_OK) {
		sync_delivery_api_respond_failure(response, &err);
		return;
	}
	if (delivery.is_new)
		http_response_header(response, "Location", "/deliveries/%" PRId64, event->order_id);
	http_respond_json(response, delivery.is_new ? 201 : 200, delivery.json);
}

void sync_delivery_api_deliver(void *context, const struct http_request *request,
			       struct http_response *response)
{
	const struct error stopping = { .status = ST_UNAVAILABLE };
	const struct sync_delivery_api *api = context;
	int64_t received_wall_ms = clock_wall_ms();
	struct order_event *event = read_event(request, response);

	if (!event)
		return;
	if (!(api->work_on & (1u << event->type)) || simulated_work_do(api->work, 0, 1))
		apply(api, event, received_wall_ms, response);
	else
		http_respond_error(response, &stopping);
	free(event);
}
