/* Metrics as the services write them, and what they gained. */
#include "tests/unit/unit.h"
#include "tools/page/exposition.h"
#include "tools/page/rates.h"

TestSuite(page_rates, .init = unit_deadline);

static const char before[] =
	"# HELP x y\n"
	"http_requests_total{method=\"POST\",route=\"/orders\",status=\"2xx\"} 10\n"
	"http_requests_total{method=\"POST\",route=\"/orders\",status=\"4xx\"} 7\n"
	"http_requests_total{method=\"GET\",route=\"/orders/{}\",status=\"2xx\"} 99\n"
	"http_request_duration_seconds_bucket{method=\"POST\",route=\"/orders\",le=\"0.001\"} 5\n"
	"http_request_duration_seconds_bucket{method=\"POST\",route=\"/orders\",le=\"0.01\"} 10\n"
	"http_request_duration_seconds_bucket{method=\"POST\",route=\"/orders\",le=\"+Inf\"} 10\n"
	"relay_outbox_events 3\n";
static const char after[] =
	"http_requests_total{method=\"POST\",route=\"/orders\",status=\"2xx\"} 30\n"
	"http_request_duration_seconds_bucket{method=\"POST\",route=\"/orders\",le=\"0.001\"} 20\n"
	"http_request_duration_seconds_bucket{method=\"POST\",route=\"/orders\",le=\"0.01\"} 30\n"
	"http_request_duration_seconds_bucket{method=\"POST\",route=\"/orders\",le=\"+Inf\"} 30\n"
	"relay_outbox_events 4\n"
	"delivery_partition_lag{partition=\"0\"} 5\n"
	"delivery_partition_lag{partition=\"1\"} 6\n";

Test(page_rates, a_sample_is_found_by_name_and_label)
{
	double sum = -1;

	cr_assert(exposition_sum(before, "http_requests_total", "route=\"/orders/{}\"", &sum));
	cr_expect_eq(sum, 99);
	cr_assert(exposition_sum(before, "http_requests_total", NULL, &sum));
	cr_expect_eq(sum, 116);
	cr_expect_not(exposition_sum(before, "http_requests", NULL, &sum));
	cr_expect_not(exposition_sum("", "x", NULL, &sum));
}

static json_t *look(struct rates *rates, const char *metrics, int64_t now)
{
	rates_begin(rates);
	rates_read(rates, metrics);
	return rates_end(rates, now);
}

static double number(const json_t *json, const char *name)
{
	return json_number_value(json_object_get(json, name));
}

Test(page_rates, what_counters_gained_by_the_second)
{
	struct rates rates = { 0 };
	json_t *first = look(&rates, before, 1000), *second = look(&rates, after, 3000);

	cr_expect_eq(number(first, "placed"), 0, "nothing to compare with");
	cr_expect(json_is_null(json_object_get(first, "p50")));
	cr_expect_eq(number(second, "placed"), 10);
	cr_expect_eq(number(second, "outbox"), 4);
	cr_expect_eq(number(second, "lag"), 11);
	cr_expect_eq(number(second, "p50"), 1, "15 of 20 took a millisecond at most");
	cr_expect_eq(number(second, "p99"), 10);
	json_decref(first);
	json_decref(second);
}

Test(page_rates, a_counter_that_went_back_gained_nothing)
{
	struct rates rates = { 0 };

	json_decref(look(&rates, after, 1000));
	json_t *second = look(&rates, before, 2000);

	cr_expect_eq(number(second, "placed"), 0);
	json_decref(second);
}

Test(page_rates, labels_end_in_their_line)
{
	double sum = -1;

	cr_expect_not(exposition_sum("lag{a=\"\nlag_b{c=\"\"} 7\n", "lag", NULL, &sum));
	cr_assert(exposition_sum("lag{a=\"}\"} 2\n", "lag", NULL, &sum));
	cr_expect_eq(sum, 2);
}

Test(page_rates, what_is_no_number_of_json_is_zero)
{
	struct rates rates = { 0 };
	json_t *json = look(&rates, "relay_outbox_events +Inf\ndelivery_partition_lag NaN\n", 1000);

	cr_assert_not_null(json);
	cr_expect_eq(number(json, "outbox"), 0);
	cr_expect_eq(number(json, "lag"), 0);
	json_decref(json);
}
