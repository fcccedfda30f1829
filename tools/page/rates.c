#include "tools/page/rates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/page/exposition.h"

#define POST_ORDERS "method=\"POST\",route=\"/orders\""

void rates_begin(struct rates *r)
{
	r->now = (struct rates_sample){ 0 };
}

static void add(const char *metrics, const char *name, const char *label, double *total)
{
	double value;

	if (exposition_sum(metrics, name, label, &value))
		*total += value;
}

static void highest(const char *metrics, const char *name, double *most)
{
	double value;

	if (exposition_sum(metrics, name, NULL, &value) && value > *most)
		*most = value;
}

static void take_bucket(void *context, const char *labels, double value)
{
	struct rates_sample *s = context;
	const char *le = strstr(labels, "le=\"");
	double bound;

	if (!le || !strstr(labels, POST_ORDERS))
		return;
	bound = strtod(le + 4, NULL); /* +Inf too */
	for (int i = 0; i < s->bucket_count; i++) {
		if (s->bounds[i] == bound) {
			s->counts[i] += value;
			return;
		}
	}
	if (s->bucket_count == RATES_BUCKETS)
		return;
	s->bounds[s->bucket_count] = bound;
	s->counts[s->bucket_count++] = value;
}

void rates_read(struct rates *r, const char *metrics)
{
	struct rates_sample *s = &r->now;

	add(metrics, "http_requests_total", POST_ORDERS ",status=\"2xx\"", &s->placed);
	add(metrics, "delivery_events_applied_total", NULL, &s->effects);
	add(metrics, "delivery_partition_lag", NULL, &s->lag);
	highest(metrics, "relay_outbox_events", &s->outbox);
	exposition_each(metrics, "http_request_duration_seconds_bucket", take_bucket, s);
}

/* JSON has no number that is infinite, or none. */
static double finite_of(double value)
{
	return isfinite(value) ? value : 0;
}

/* The counter's gain per second; one that went back was a restart. */
static double gain(double now, double before, double seconds)
{
	return now > before && seconds > 0 ? finite_of((now - before) / seconds) : 0;
}

/* The bound, in ms, under which that share of the calls since the last look lies. */
static json_t *percentile(const struct rates *r, double share)
{
	const struct rates_sample *now = &r->now, *before = &r->before;
	double total, all = 0;

	if (now->bucket_count == 0 || now->bucket_count != before->bucket_count)
		return json_null();
	all = now->counts[now->bucket_count - 1] - before->counts[now->bucket_count - 1];
	for (int i = 0; all > 0 && i < now->bucket_count; i++) {
		total = now->counts[i] - before->counts[i];
		if (total >= share * all && now->bounds[i] < 1e9)
			return json_real(finite_of(now->bounds[i] * 1000));
	}
	return json_null();
}

json_t *rates_end(struct rates *r, int64_t now_mono_ms)
{
	double seconds = r->before_mono_ms ? (double)(now_mono_ms - r->before_mono_ms) / 1000 : 0;
	json_t *json = json_pack("{s:f, s:f, s:f, s:f, s:o, s:o}", "placed",
				 gain(r->now.placed, r->before.placed, seconds), "effects",
				 gain(r->now.effects, r->before.effects, seconds), "outbox",
				 finite_of(r->now.outbox), "lag", finite_of(r->now.lag), "p50",
				 percentile(r, 0.5), "p99", percentile(r, 0.99));

	r->before = r->now;
	r->before_mono_ms = now_mono_ms;
	return json;
}
