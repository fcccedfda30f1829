/*
 * What the services' counters gained since the last look, by the second; and the times of POST
 * /orders in between. Pure.
 *
 * Threads: one owner. Begins as {0}.
 */
#ifndef TOOLS_PAGE_RATES_H
#define TOOLS_PAGE_RATES_H

#include <jansson.h>
#include <stdint.h>

#define RATES_BUCKETS 24

struct rates_sample {
	double placed, effects; /* counters */
	double outbox;          /* a gauge, the same in all replicas: the highest */
	double lag;             /* a gauge, summed */
	double bounds[RATES_BUCKETS], counts[RATES_BUCKETS]; /* cumulative */
	int bucket_count;
};

struct rates {
	struct rates_sample now, before;
	int64_t before_mono_ms; /* 0: there is none yet */
};

/* A look: begin, read each service's metrics, end. */
void rates_begin(struct rates *rates);
void rates_read(struct rates *rates, const char *metrics);
/* Owned: {"placed": per second, ...}; p50 and p99, in ms, are null where nothing was placed. */
json_t *rates_end(struct rates *rates, int64_t now_mono_ms);

#endif
