/*
 * POST /deliveries, the delivery side of the way without Kafka (DISPATCH=http): an order event
 * comes as the body, its work is done in the HTTP thread that took the call, and its effect is
 * written over a connection of its own, or with SYNC_POOL over one of a few. It is the lab's bad
 * example: see sync_dispatch.h in order-service. Events are taken as they come, whatever SEQUENCING
 * says.
 *
 * Threads: runs on HTTP workers.
 */
#ifndef DELIVERY_SERVICE_API_SYNC_DELIVERY_API_H
#define DELIVERY_SERVICE_API_SYNC_DELIVERY_API_H

#include "common/http/http.h"
#include "common/service/request_sessions.h"
#include "delivery-service/work/simulated_work.h"

/* All borrowed. */
struct sync_delivery_api {
	struct request_sessions *sessions, *batch_sessions; /* the latter for sync_batch_api.h */
	const char *replica;
	unsigned work_on; /* types that take work: bit 1 << enum event_type */
	const struct simulated_work *work;
};

/* For the route table, with the struct sync_delivery_api as context. Answers 201 or 200 with the
 * delivery; 404: no such delivery to change, 409: the version was applied before, as another
 * change. */
http_handler sync_delivery_api_deliver;

/* The answer to what could not be applied. */
void sync_delivery_api_respond_failure(struct http_response *response, const struct error *err);

#endif
