#include "delivery-service/api/sync_batch_api.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/event/event_json.h"
#include "common/http/http_json.h"
#include "common/runtime/clock.h"
#include "delivery-service/api/sync_batch_store.h"
#include "delivery-service/api/sync_delivery_api.h"
#include "delivery-service/core/event_record.h"

/* The events of a request. */
struct batch {
	struct event_record **events; /* owned */
	size_t count;
};

static void free_batch(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		event_record_free(batch->events[i]);
	free(batch->events);
}

/* Came over no topic. */
static enum status add_event(struct batch *batch, const json_t *json, int64_t received_wall_ms,
			     struct error *err)
{
	static const struct topic_offset nowhere = { -1, -1 };
	const char *name = json_string_value(json_object_get(json, "eventType"));
	struct order_event *event = NULL;
	struct event_record *record;
	enum event_type type;

	if (!name || !event_order_type(name, strlen(name), &type))
		return error_set(err, ST_INVALID, "no eventType of an order");
	if (event_decode_json(type, json, &event, err) != ST_OK)
		return err->status;
	if (event->version == 0) {
		free(event);
		return error_set(err, ST_INVALID, "field version is missing");
	}
	record = event_record_from_event(event, nowhere, received_wall_ms);
	if (!record)
		return error_set(err, ST_UNAVAILABLE, "out of memory");
	batch->events[batch->count++] = record;
	return ST_OK;
}

/* False: answered with a problem. */
static bool read_events(const json_t *list, struct batch *batch, struct http_response *response)
{
	int64_t received_wall_ms = clock_wall_ms();
	size_t count = json_array_size(list);
	struct error err;

	if (count == 0) {
		http_respond_problem(response, HTTP_PROBLEM_INVALID_MEMBER, "events",
				     "events must be a list of events");
		return false;
	}
	batch->events = calloc(count, sizeof(struct event_record *));
	for (size_t i = 0; batch->events && i < count; i++) {
		if (add_event(batch, json_array_get(list, i), received_wall_ms, &err) == ST_OK)
			continue;
		if (err.status == ST_INVALID)
			http_respond_problem(response, HTTP_PROBLEM_INVALID_MEMBER, "events",
					     "event %zu: %s", i, err.msg);
		else
			http_respond_error(response, &err);
		return false;
	}
	if (batch->events)
		return true;
	(void)error_set(&err, ST_UNAVAILABLE, "out of memory");
	http_respond_error(response, &err);
	return false;
}

/* False: it was cancelled. */
static bool do_work(const struct sync_delivery_api *api, const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		if ((api->work_on & (1u << batch->events[i]->event->type)) &&
		    !simulated_work_do(api->work, 0, 1))
			return false;
	}
	return true;
}

static enum status apply(const struct sync_delivery_api *api, const struct batch *batch,
			 struct error *err)
{
	struct pg *pg = NULL;
	enum status st;

	if (!do_work(api, batch))
		return error_set(err, ST_UNAVAILABLE, "stopping");
	if (request_sessions_take(api->batch_sessions, &pg, err) != ST_OK)
		return err->status;
	st = sync_batch_store_apply(pg, api->replica, batch->events, batch->count, err);
	request_sessions_give(api->batch_sessions, pg);
	return st;
}

void sync_batch_api_deliver(void *context, const struct http_request *request,
			    struct http_response *response)
{
	json_t *body = http_body_object(request, response);
	struct batch batch = { 0 };
	struct error err;

	if (!body)
		return;
	if (read_events(json_object_get(body, "events"), &batch, response)) {
		if (apply(context, &batch, &err) == ST_OK)
			http_respond_json(response, 200,
					  json_pack("{s:I}", "applied", (json_int_t)batch.count));
		else
			sync_delivery_api_respond_failure(response, &err);
	}
	free_batch(&batch);
	json_decref(body);
}
