/*
 * A call of delivery-service: an order event goes out, and the answer says that it is done. With
 * libcurl, a handle and a connection for each call.
 *
 * Threads: calls from any; init and fini from main.
 */
#ifndef ORDER_SERVICE_SYNC_DELIVERY_CALL_H
#define ORDER_SERVICE_SYNC_DELIVERY_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

struct delivery_call_target {
	char *url; /* owned */
	int64_t timeout_ms;
	const _Atomic bool *stopping; /* borrowed; cuts calls off */
};

/* base_url: http://host:port. ST_INVALID: it is none. */
MUST_CHECK enum status delivery_call_init(struct delivery_call_target *target, const char *base_url,
					  int64_t timeout_ms, const _Atomic bool *stopping,
					  struct error *err);
void delivery_call_fini(struct delivery_call_target *target);

/* Waits for the answer. ST_TIMEOUT: none came, though it may be done. ST_REFUSED: it is not
 * reachable, or says no. ST_UNAVAILABLE: stopping, or out of memory. */
MUST_CHECK enum status delivery_call(const struct delivery_call_target *target, const char *event,
				     struct error *err);

#endif
