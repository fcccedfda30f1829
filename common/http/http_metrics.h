/*
 * What the HTTP server has answered, by route and status class, and how long that took. Requests
 * that found no route, or were refused before one was looked for, count under route "other".
 *
 * Threads: any; new and free are the server's.
 */
#ifndef COMMON_HTTP_HTTP_METRICS_H
#define COMMON_HTTP_HTTP_METRICS_H

#include "common/base/metrics.h"
#include "common/http/http.h"

struct http_metrics;

/* routes is borrowed until free. Returns owned, NULL when out of memory. */
struct http_metrics *http_metrics_new(const struct http_route *routes, size_t route_count);
void http_metrics_free(struct http_metrics *metrics);

/* route is its number in the table, route_count: none. */
void http_metrics_answer(struct http_metrics *metrics, size_t route, int status);
/* The request's head was there duration_us ago. */
void http_metrics_time(struct http_metrics *metrics, size_t route, int64_t duration_us);

void http_metrics_write(const struct http_metrics *metrics, struct metrics_out *out);

#endif
