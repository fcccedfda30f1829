/*
 * What the HTTP server has answered, by route and status class, and how long that took. Requests
 * that found no route, or were refused before one was looked for, count under route "other".
 *
 * Threads: http_counts_add and http_counts_write any.
 */
#ifndef COMMON_HTTP_HTTP_METRICS_H
#define COMMON_HTTP_HTTP_METRICS_H

#include "common/base/metrics.h"
#include "common/http/http.h"

struct http_counts;

/* routes is borrowed until free. Returns owned, NULL when out of memory. */
struct http_counts *http_counts_new(const struct http_route *routes, size_t route_count);
void http_counts_free(struct http_counts *counts);

/* route is its number in the table, route_count: none. */
void http_counts_answer(struct http_counts *counts, size_t route, int status);
/* The request's head was there duration_us ago. */
void http_counts_time(struct http_counts *counts, size_t route, int64_t duration_us);

void http_counts_write(const struct http_counts *counts, struct metrics_out *out);

#endif
