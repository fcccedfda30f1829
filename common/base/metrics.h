/*
 * Prometheus text (exposition format 0.0.4). Each component keeps its own counters and writes
 * them itself; nothing here is shared state but the histogram, which belongs to its component.
 *
 * Threads: a metrics_out has one owner; histograms take observations from any thread.
 */
#ifndef COMMON_BASE_METRICS_H
#define COMMON_BASE_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "common/base/strbuf.h"

struct metrics_out {
	struct strbuf text;
};

/* HELP and TYPE ("counter", "gauge") of the series that follow. */
void metrics_family(struct metrics_out *out, const char *name, const char *type, const char *help);
/* One sample; labels is "" or `a="b",c="d"`. */
void metrics_sample(struct metrics_out *out, const char *name, const char *labels, int64_t value);
/* One sample of a time, in seconds. */
void metrics_seconds(struct metrics_out *out, const char *name, const char *labels, int64_t ms);
/* A family with one sample without labels. */
void metrics_one(struct metrics_out *out, const char *name, const char *type, const char *help,
		 int64_t value);

#define HISTOGRAM_BUCKETS 16

/* Bounds double: bucket i holds observations <= first * 2^i units; the last one all others. */
struct histogram {
	int64_t first; /* set once, before the first observation */
	_Atomic int64_t buckets[HISTOGRAM_BUCKETS];
	_Atomic int64_t sum;
};

void histogram_observe(struct histogram *h, int64_t value);
/* Buckets, sum and count of one series; unit_divisor turns units into the series' base unit. */
void histogram_samples(struct metrics_out *out, const struct histogram *h, const char *name,
		       const char *labels, double unit_divisor);
/* A family with one series without labels. */
void histogram_write(struct metrics_out *out, const struct histogram *h, const char *name,
		     const char *help, double unit_divisor);

#endif
