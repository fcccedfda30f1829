/*
 * Threads that run what may take its time, so that the loop need not wait for it.
 *
 * Invariant: whatever the others do, HTTP_WORKERS_HEALTH threads are there for health and metrics,
 * and half of the others for what is not heavy.
 *
 * Threads: submit from any; open and close from one.
 */
#ifndef COMMON_HTTP_HTTP_WORKERS_H
#define COMMON_HTTP_HTTP_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/http/http.h"

#define HTTP_WORKERS_HEALTH 3

struct http_job {
	struct http_job *next; /* in its queue */
	int64_t number;        /* in the order in which they came */
};

struct http_workers;

/* Starts threads for HTTP_ON_WORKER and HTTP_HEAVY together, and those for HTTP_HEALTH. run is
 * called once for each job, which is its own from then on. */
MUST_CHECK enum status http_workers_open(struct http_workers **out, int64_t threads,
					 void (*run)(struct http_job *job), struct error *err);

/* Waits for the jobs that run; none may wait any more. */
void http_workers_close(struct http_workers *workers);

void http_workers_submit(struct http_workers *workers, enum http_lane lane, struct http_job *job);

/* Jobs that no thread has taken yet. */
int64_t http_workers_waiting(struct http_workers *workers);

/* Whether some of HTTP_ON_WORKER are among them. */
bool http_workers_light_wait(struct http_workers *workers);

#endif
