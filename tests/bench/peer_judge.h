/*
 * Judges what a consumer of the topic has applied: how fast, how late, and whether in order. The
 * same rules for delivery-service and its peers. Pure.
 *
 * Threads: one.
 */
#ifndef TESTS_BENCH_PEER_JUDGE_H
#define TESTS_BENCH_PEER_JUDGE_H

#include <stddef.h>
#include <stdint.h>

/* An event that was applied, or is due. */
struct peer_event {
	int64_t order;
	int32_t version;
	int64_t us; /* wall clock */
};

struct peer_verdict {
	size_t applied;                 /* different events */
	size_t twice;                   /* applications of an event that was applied before */
	size_t out_of_order;            /* events applied after a later one of their order */
	int64_t last_us;                /* when the last one was applied */
	double p50_ms, p99_ms, p999_ms; /* from an event's due time; 0 without */
};

/* applied is sorted by the call. due: of all events, in any order, sorted by the call; none: no
 * latencies. */
struct peer_verdict peer_judge(struct peer_event *applied, size_t count, struct peer_event *due,
			       size_t due_count);

#endif
