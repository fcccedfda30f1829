#include "tests/bench/peer_judge.h"

#include <stdbool.h>
#include <stdlib.h>

static int compare(int64_t x, int64_t y)
{
	return (x > y) - (x < y);
}

static int by_event(const void *a, const void *b)
{
	const struct peer_event *x = a, *y = b;
	int order = compare(x->order, y->order), version = compare(x->version, y->version);

	return order ? order : version ? version : compare(x->us, y->us);
}

static bool same_event(const struct peer_event *x, const struct peer_event *y)
{
	return x->order == y->order && x->version == y->version;
}

/* Keeps the first application of each event. events are sorted by event. */
static size_t keep_first(struct peer_event *events, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || !same_event(&events[kept - 1], &events[i]))
			events[kept++] = events[i];
	}
	return kept;
}

/* An event is out of order if a later one of its order was applied before it. */
static size_t count_out_of_order(const struct peer_event *events, size_t count)
{
	size_t found = 0;

	for (size_t i = count; i-- > 0;) {
		int64_t earliest = INT64_MAX; /* of the later ones of this order */
		size_t k = i;

		for (;; k--) {
			found += events[k].us > earliest;
			if (events[k].us < earliest)
				earliest = events[k].us;
			if (k == 0 || events[k - 1].order != events[i].order)
				break;
		}
		i = k;
	}
	return found;
}

static double percentile_ms(int64_t *us, size_t count, double part)
{
	return (double)us[(size_t)((double)(count - 1) * part)] / 1e3;
}

static int by_number(const void *a, const void *b)
{
	return compare(*(const int64_t *)a, *(const int64_t *)b);
}

/* Both are sorted by event. */
static void judge_latency(struct peer_verdict *verdict, const struct peer_event *applied,
			  size_t count, const struct peer_event *due, size_t due_count)
{
	int64_t *late = calloc(count + 1, sizeof(*late));
	size_t n = 0, d = 0;

	for (size_t i = 0; late && i < count; i++) {
		while (d < due_count && by_event(&due[d], &applied[i]) < 0 &&
		       !same_event(&due[d], &applied[i]))
			d++;
		if (d < due_count && same_event(&due[d], &applied[i]))
			late[n++] = applied[i].us - due[d].us;
	}
	if (n > 0) {
		qsort(late, n, sizeof(*late), by_number);
		verdict->p50_ms = percentile_ms(late, n, 0.5);
		verdict->p99_ms = percentile_ms(late, n, 0.99);
		verdict->p999_ms = percentile_ms(late, n, 0.999);
	}
	free(late);
}

struct peer_verdict peer_judge(struct peer_event *applied, size_t count, struct peer_event *due,
			       size_t due_count)
{
	struct peer_verdict verdict = { 0 };

	if (count == 0)
		return verdict;
	for (size_t i = 0; i < count; i++) {
		if (applied[i].us > verdict.last_us)
			verdict.last_us = applied[i].us;
	}
	qsort(applied, count, sizeof(*applied), by_event);
	verdict.applied = keep_first(applied, count);
	verdict.twice = count - verdict.applied;
	verdict.out_of_order = count_out_of_order(applied, verdict.applied);
	if (due_count > 0) {
		qsort(due, due_count, sizeof(*due), by_event);
		judge_latency(&verdict, applied, verdict.applied, due, due_count);
	}
	return verdict;
}
