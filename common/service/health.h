/*
 * GET /healthz, /readyz and /metrics, the same for both services. They answer within HEALTH_WAIT_MS
 * whatever hangs: a check is asked in a thread of its own, and one that does not answer is down.
 *
 * Threads: open and close main; the handlers run on HTTP workers, and writers must allow that; a
 * check runs on a thread of its own.
 */
#ifndef COMMON_SERVICE_HEALTH_H
#define COMMON_SERVICE_HEALTH_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/metrics.h"
#include "common/http/http.h"
#include "common/runtime/progress.h"
#include "common/service/health_asker.h"

#define HEALTH_WAIT_MS 1000 /* for the answers of all checks together */

#define HEALTH_CHECKS_MAX 4

struct health_check {
	const char *name; /* "database" */
	health_ask *ok;
	void *context;
};

struct health {
	const struct health_check *checks; /* readiness needs them all ... */
	size_t check_count;                /* HEALTH_CHECKS_MAX at most */
	struct progress *const *parts; /* ... and that none of these stands still; ends with NULL */
	const char *note_name;         /* what /readyz tells besides, ready or not ... */
	void (*note)(void *context, struct strbuf *out); /* ... if it writes anything; NULL: none */
	void (*metrics)(void *context, struct metrics_out *out);
	void *context;
	struct health_asker *askers[HEALTH_CHECKS_MAX]; /* by check; of health_open */
};

/* Before the handlers may run: starts the checks' threads. */
MUST_CHECK enum status health_open(struct health *health, struct error *err);

/* After the last handler. One that was opened in part, or not at all, is fine. */
void health_close(struct health *health);

/* For the service's route table, with a struct health as context. */
http_handler health_live, health_ready, health_metrics;

#endif
