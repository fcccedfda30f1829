#include "common/http/http_metrics.h"

#include <stdio.h>
#include <stdlib.h>

#define FIRST_BOUND_US 64

struct route_counts {
	_Atomic int64_t answers[6]; /* by status class: 2 is 2xx */
	struct histogram latency_us;
};

struct http_metrics {
	const struct http_route *routes; /* borrowed */
	size_t route_count;
	struct route_counts list[]; /* one more than routes: "other" */
};

struct http_metrics *http_metrics_new(const struct http_route *routes, size_t route_count)
{
	struct http_metrics *metrics =
		calloc(1, sizeof(*metrics) + (route_count + 1) * sizeof(metrics->list[0]));

	if (!metrics)
		return NULL;
	metrics->routes = routes;
	metrics->route_count = route_count;
	for (size_t i = 0; i <= route_count; i++)
		metrics->list[i].latency_us.first = FIRST_BOUND_US;
	return metrics;
}

void http_metrics_free(struct http_metrics *metrics)
{
	free(metrics);
}

void http_metrics_answer(struct http_metrics *metrics, size_t route, int status)
{
	int class = status / 100;

	if (class >= 1 && class <= 5)
		atomic_fetch_add(&metrics->list[route].answers[class], 1);
}

void http_metrics_time(struct http_metrics *metrics, size_t route, int64_t duration_us)
{
	histogram_observe(&metrics->list[route].latency_us, duration_us);
}

/* method="GET",route="/orders/{}" */
static const char *labels_of(const struct http_metrics *metrics, size_t i, char text[static 96])
{
	bool other = i == metrics->route_count;

	(void)snprintf(text, 96, "method=\"%s\",route=\"%s\"",
		       other ? "other" : metrics->routes[i].method,
		       other ? "other" : metrics->routes[i].path);
	return text;
}

void http_metrics_write(const struct http_metrics *metrics, struct metrics_out *out)
{
	char route[96], labels[128];

	metrics_family(out, "http_requests_total", "counter",
		       "Answered requests by route and status class.");
	for (size_t i = 0; i <= metrics->route_count; i++) {
		for (int class = 2; class <= 5; class ++) {
			(void)snprintf(labels, sizeof(labels), "%s,status=\"%dxx\"",
				       labels_of(metrics, i, route), class);
			metrics_sample(out, "http_requests_total", labels,
				       atomic_load(&metrics->list[i].answers[class]));
		}
	}
	metrics_family(out, "http_request_duration_seconds", "histogram",
		       "Time from a request's head to its answer.");
	for (size_t i = 0; i <= metrics->route_count; i++)
		histogram_samples(out, &metrics->list[i].latency_us,
				  "http_request_duration_seconds", labels_of(metrics, i, route),
				  1e6);
}
