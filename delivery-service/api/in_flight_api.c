#include "delivery-service/api/in_flight_api.h"

#include <stdlib.h>

#include "common/http/http_json.h"
#include "common/runtime/clock.h"
#include "delivery-service/work/in_flight.h"

/* NULL: not known. */
static json_t *time_to_json(int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE];

	if (wall_ms == 0)
		return json_null();
	clock_format_utc(wall_ms, text);
	return json_string(text);
}

static json_t *event_to_json(const struct in_flight_event *e)
{
	return json_pack("{s:I, s:I, s:s, s:I, s:I, s:o, s:o}", "orderId", (json_int_t)e->order_id,
			 "version", (json_int_t)e->version, "event", event_order_names[e->type],
			 "partition", (json_int_t)e->at.partition, "offset",
			 (json_int_t)e->at.offset, "since", time_to_json(e->since_wall_ms), "due",
			 time_to_json(e->due_wall_ms));
}

static json_t *partition_to_json(const struct in_flight_partition *p)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:b}", "partition", (json_int_t)p->number, "epoch",
			 (json_int_t)p->epoch, "position", (json_int_t)p->position, "nextRead",
			 (json_int_t)p->next_read, "paused", (int)p->paused);
}

static json_t *view_to_json(const struct in_flight_view *view)
{
	json_t *events = json_array(), *partitions = json_array();

	for (size_t i = 0; i < view->event_count; i++)
		(void)json_array_append_new(events, event_to_json(&view->events[i]));
	for (size_t i = 0; i < view->partition_count; i++)
		(void)json_array_append_new(partitions, partition_to_json(&view->partitions[i]));
	return json_pack("{s:o, s:o, s:I, s:I, s:I, s:o}", "at", time_to_json(view->at_wall_ms),
			 "partitions", partitions, "partitionsOwned", (json_int_t)view->owned,
			 "inWork", (json_int_t)view->in_work, "held", (json_int_t)view->waiting,
			 "events", events);
}

void in_flight_api_get(void *context, const struct http_request *request,
		       struct http_response *response)
{
	struct in_flight_view *view = malloc(sizeof(*view)); /* too large for a thread's stack */
	json_t *root = NULL;

	(void)request;
	if (view) {
		in_flight_read(context, view);
		root = view_to_json(view);
	}
	free(view);
	http_respond_json(response, 200, root);
}
