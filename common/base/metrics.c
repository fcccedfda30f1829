#include "common/base/metrics.h"

#include <inttypes.h>
#include <stdio.h>

void metrics_family(struct metrics_out *out, const char *name, const char *type, const char *help)
{
	strbuf_printf(&out->text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_sample(struct metrics_out *out, const char *name, const char *labels, int64_t value)
{
	strbuf_printf(&out->text, *labels ? "%s{%s} %" PRId64 "\n" : "%s%s %" PRId64 "\n", name,
		      labels, value);
}

void metrics_seconds(struct metrics_out *out, const char *name, const char *labels, int64_t ms)
{
	strbuf_printf(&out->text, *labels ? "%s{%s} %.3f\n" : "%s%s %.3f\n", name, labels,
		      (double)ms / 1000);
}

void metrics_one(struct metrics_out *out, const char *name, const char *type, const char *help,
		 int64_t value)
{
	metrics_family(out, name, type, help);
	metrics_sample(out, name, "", value);
}

void histogram_observe(struct histogram *h, int64_t value)
{
	int i = 0;

	while (i < HISTOGRAM_BUCKETS - 1 && value > h->first << i)
		i++;
	atomic_fetch_add(&h->buckets[i], 1);
	atomic_fetch_add(&h->sum, value);
}

static void bucket_sample(struct metrics_out *out, const char *name, const char *labels,
			  const char *bound, int64_t count)
{
	strbuf_printf(&out->text, "%s_bucket{%s%sle=\"%s\"} %" PRId64 "\n", name, labels,
		      *labels ? "," : "", bound, count);
}

void histogram_samples(struct metrics_out *out, const struct histogram *h, const char *name,
		       const char *labels, double unit_divisor)
{
	const char *open = *labels ? "{" : "", *close = *labels ? "}" : "";
	int64_t count = 0;
	char bound[32];

	for (int i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
		count += atomic_load(&h->buckets[i]);
		(void)snprintf(bound, sizeof(bound), "%.12g",
			       (double)(h->first << i) / unit_divisor);
		bucket_sample(out, name, labels, bound, count);
	}
	count += atomic_load(&h->buckets[HISTOGRAM_BUCKETS - 1]);
	bucket_sample(out, name, labels, "+Inf", count);
	strbuf_printf(&out->text, "%s_sum%s%s%s %.15g\n%s_count%s%s%s %" PRId64 "\n", name, open,
		      labels, close, (double)atomic_load(&h->sum) / unit_divisor, name, open,
		      labels, close, count);
}

void histogram_write(struct metrics_out *out, const struct histogram *h, const char *name,
		     const char *help, double unit_divisor)
{
	metrics_family(out, name, "histogram", help);
	histogram_samples(out, h, name, "", unit_divisor);
}
