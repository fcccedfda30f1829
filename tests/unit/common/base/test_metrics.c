/* The Prometheus text, byte by byte. */
#include <pthread.h>

#include "common/base/metrics.h"
#include "tests/unit/unit.h"

TestSuite(metrics, .init = unit_deadline);

static char text[8192];

static struct metrics_out new_out(void)
{
	return (struct metrics_out){ .text = STRBUF_ON(text) };
}

Test(metrics, family_and_samples)
{
	struct metrics_out out = new_out();

	metrics_family(&out, "requests_total", "counter", "Requests by status.");
	metrics_sample(&out, "requests_total", "status=\"2xx\"", 12);
	metrics_sample(&out, "requests_total", "status=\"5xx\",path=\"/orders\"", 0);
	metrics_sample(&out, "requests_total", "", INT64_MAX);
	expect_text(text, "# HELP requests_total Requests by status.\n"
			  "# TYPE requests_total counter\n"
			  "requests_total{status=\"2xx\"} 12\n"
			  "requests_total{status=\"5xx\",path=\"/orders\"} 0\n"
			  "requests_total 9223372036854775807\n");
}

Test(metrics, one_is_a_family_with_one_sample)
{
	struct metrics_out out = new_out();

	metrics_one(&out, "lag", "gauge", "How far behind.", -1);
	expect_text(text, "# HELP lag How far behind.\n# TYPE lag gauge\nlag -1\n");
}

Test(metrics, histogram_as_prometheus_reads_it)
{
	struct metrics_out out = new_out();
	struct histogram h = { .first = 1000 };

	histogram_observe(&h, 500);
	histogram_observe(&h, 1000);
	histogram_observe(&h, 1001);
	histogram_observe(&h, 2000);
	histogram_observe(&h, 5000);
	histogram_write(&out, &h, "wait_seconds", "Waits.", 1e6);
	expect_text(text, "# HELP wait_seconds Waits.\n"
			  "# TYPE wait_seconds histogram\n"
			  "wait_seconds_bucket{le=\"0.001\"} 2\n"
			  "wait_seconds_bucket{le=\"0.002\"} 4\n"
			  "wait_seconds_bucket{le=\"0.004\"} 4\n"
			  "wait_seconds_bucket{le=\"0.008\"} 5\n"
			  "wait_seconds_bucket{le=\"0.016\"} 5\n"
			  "wait_seconds_bucket{le=\"0.032\"} 5\n"
			  "wait_seconds_bucket{le=\"0.064\"} 5\n"
			  "wait_seconds_bucket{le=\"0.128\"} 5\n"
			  "wait_seconds_bucket{le=\"0.256\"} 5\n"
			  "wait_seconds_bucket{le=\"0.512\"} 5\n"
			  "wait_seconds_bucket{le=\"1.024\"} 5\n"
			  "wait_seconds_bucket{le=\"2.048\"} 5\n"
			  "wait_seconds_bucket{le=\"4.096\"} 5\n"
			  "wait_seconds_bucket{le=\"8.192\"} 5\n"
			  "wait_seconds_bucket{le=\"16.384\"} 5\n"
			  "wait_seconds_bucket{le=\"+Inf\"} 5\n"
			  "wait_seconds_sum 0.009501\n"
			  "wait_seconds_count 5\n");
}

Test(metrics, time_is_in_seconds)
{
	struct metrics_out out = new_out();

	metrics_seconds(&out, "age_seconds", "", 0);
	metrics_seconds(&out, "age_seconds", "of=\"a\"", 1002);
	metrics_seconds(&out, "age_seconds", "of=\"b\"", 1763000000123);
	expect_text(text, "age_seconds 0.000\n"
			  "age_seconds{of=\"a\"} 1.002\n"
			  "age_seconds{of=\"b\"} 1763000000.123\n");
}

/* Two series of one family. */
Test(metrics, histograms_with_labels)
{
	struct metrics_out out = new_out();
	struct histogram h = { .first = 1 };

	histogram_observe(&h, 3);
	metrics_family(&out, "w", "histogram", "W.");
	histogram_samples(&out, &h, "w", "route=\"/a\"", 1);
	histogram_samples(&out, &h, "w", "route=\"/b\"", 1);
	expect_part(text, "# TYPE w histogram\n"
			  "w_bucket{route=\"/a\",le=\"1\"} 0\n"
			  "w_bucket{route=\"/a\",le=\"2\"} 0\n"
			  "w_bucket{route=\"/a\",le=\"4\"} 1\n");
	expect_part(text, "w_bucket{route=\"/a\",le=\"+Inf\"} 1\n"
			  "w_sum{route=\"/a\"} 3\n"
			  "w_count{route=\"/a\"} 1\n"
			  "w_bucket{route=\"/b\",le=\"1\"} 0\n");
}

/* Each bound belongs to its own bucket, one more to the next; the last takes all others. */
Test(metrics, histogram_bucket_bounds)
{
	for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		struct histogram h = { .first = 64 };
		int64_t bound = (int64_t)64 << i;

		histogram_observe(&h, i ? (bound / 2) + 1 : 0);
		histogram_observe(&h, i == HISTOGRAM_BUCKETS - 1 ? INT64_MAX / 4 : bound);
		cr_expect_eq(atomic_load(&h.buckets[i]), 2, "bucket %d", i);
	}
}

Test(metrics, empty_histogram)
{
	struct metrics_out out = new_out();
	struct histogram h = { .first = 1 };

	histogram_write(&out, &h, "w", "W.", 1);
	expect_part(text, "w_bucket{le=\"1\"} 0\n");
	expect_part(text,
		    "w_bucket{le=\"16384\"} 0\nw_bucket{le=\"+Inf\"} 0\nw_sum 0\nw_count 0\n");
}

/* A counter that no longer moves with small observations would break rates: 2,000,000.25 s. */
Test(metrics, histogram_sum_keeps_its_digits)
{
	struct metrics_out out = new_out();
	struct histogram h = { .first = 64 };

	histogram_observe(&h, 2000000000000);
	histogram_observe(&h, 250000);
	histogram_write(&out, &h, "w", "W.", 1e6);
	expect_part(text, "w_sum 2000000.25\n");
}

#define THREADS    4
#define PER_THREAD 500000

static pthread_barrier_t start;

static void *observe(void *h)
{
	(void)pthread_barrier_wait(&start);
	for (int i = 0; i < PER_THREAD; i++)
		histogram_observe(h, i % 3);
	return NULL;
}

Test(metrics, histogram_counts_from_any_thread)
{
	struct histogram h = { .first = 1 };
	pthread_t threads[THREADS];
	int64_t count = 0, sum = 0;

	for (int i = 0; i < PER_THREAD; i++)
		sum += i % 3;
	cr_assert_eq(pthread_barrier_init(&start, NULL, THREADS), 0);
	for (int i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, observe, &h), 0);
	for (int i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_join(threads[i], NULL), 0);
	(void)pthread_barrier_destroy(&start);
	for (int i = 0; i < HISTOGRAM_BUCKETS; i++)
		count += atomic_load(&h.buckets[i]);
	cr_expect_eq(count, THREADS * PER_THREAD);
	cr_expect_eq(atomic_load(&h.sum), THREADS * sum);
}

Test(metrics, too_long_a_text_is_known)
{
	char small[64];
	struct metrics_out out = { .text = STRBUF_ON(small) };

	for (int i = 0; i < 10; i++)
		metrics_one(&out, "a_name", "gauge", "Help.", i);
	cr_expect(out.text.overflow);
}
