/*
 * GET /healthz, /readyz and /metrics, the same for both services.
 *
 * Threads: the handlers run on HTTP workers; checks and writers must allow that.
 */
#ifndef COMMON_SERVICE_HEALTH_H
#define COMMON_SERVICE_HEALTH_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/metrics.h"
#include "common/http/http.h"
#include "common/runtime/progress.h"

struct health_check {
	const char *name; /* "database" */
	bool (*ok)(void *context);
	void *context;
};

struct health {
	const struct health_check *checks; /* readiness needs them all ... */
	size_t check_count;
	struct progress *const *parts; /* ... and that none of these stands still; ends with NULL */
	const char *note_name;         /* what /readyz tells besides, ready or not ... */
	void (*note)(void *context, struct strbuf *out); /* ... if it writes anything; NULL: none */
	void (*metrics)(void *context, struct metrics_out *out);
	void *context;
};

/* For the service's route table, with a struct health as context. */
http_handler health_live, health_ready, health_metrics;

#endif
