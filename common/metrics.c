#include "common/metrics.h"

#include <inttypes.h>

void metrics_family(struct metrics_out *out, const char *name, const char *type, const char *help)
{
	strbuf_printf(&out->text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_sample(struct metrics_out *out, const char *name, const char *labels, int64_t value)
{
	strbuf_printf(&out->text, *labels ? "%s{%s} %" PRId64 "\n" : "%s%s %" PRId64 "\n", name,
		      labels, value);
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

void histogram_write(struct metrics_out *out, const struct histogram *h, const char *name,
		     const char *help, double unit_divisor)
{
	int64_t count = 0;

	metrics_family(out, name, "histogram", help);
	for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		count += atomic_load(&h->buckets[i]);
		if (i < HISTOGRAM_BUCKETS - 1)
			strbuf_printf(&out->text, "%s_bucket{le=\"%.12g\"} %" PRId64 "\n", name,
				      (double)(h->first << i) / unit_divisor, count);
	}
	strbuf_printf(&out->text,
		      "%s_bucket{le=\"+Inf\"} %" PRId64 "\n%s_sum %.15g\n%s_count %" PRId64 "\n",
		      name, count, name, (double)atomic_load(&h->sum) / unit_divisor, name, count);
}
