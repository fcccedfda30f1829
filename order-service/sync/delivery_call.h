/*
 * A call of delivery-service: order events go out, and the answer says that they are done. With
 * libcurl. Connections can be kept for later calls, as an HTTP client's pool keeps them; without,
 * each call has its own.
 *
 * Threads: calls from any; init and fini from main.
 */
#ifndef ORDER_SERVICE_SYNC_DELIVERY_CALL_H
#define ORDER_SERVICE_SYNC_DELIVERY_CALL_H

#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/service/http_caller.h"

struct delivery_call_config {
	const char *base_url; /* http://host:port, or https:// */
	const char *path;     /* what is called: /deliveries */
	int64_t timeout_ms;
	int64_t kept;                     /* at most so many connections are kept; 0: none */
	const struct http_caller *caller; /* borrowed */
};

struct delivery_call_target {
	char *url; /* owned */
	const struct http_caller *caller;
	int64_t timeout_ms;
	_Atomic bool stopping; /* cuts calls off within about a second */
	size_t kept_max;
	pthread_mutex_t mu;
	int64_t next_log_mono_ms; /* guarded by mu */
	CURL **kept;       /* guarded by mu: a stack of kept_count, each with its connection */
	size_t kept_count; /* guarded by mu */
};

/* ST_INVALID: base_url is none. */
MUST_CHECK enum status delivery_call_init(struct delivery_call_target *target,
					  const struct delivery_call_config *config,
					  struct error *err);
void delivery_call_fini(struct delivery_call_target *target);

/* Posts body, JSON, and waits for the answer. ST_TIMEOUT: none came, though it may be done.
 * ST_REFUSED: it is not reachable, or cannot, or there is no token to show. ST_INVALID: it does not
 * accept the body (4xx). ST_UNAVAILABLE: stopping, or out of memory. */
MUST_CHECK enum status delivery_call(struct delivery_call_target *target, const char *body,
				     struct error *err);

#endif
