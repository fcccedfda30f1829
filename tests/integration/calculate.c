/*
 * POST /api/calculate: an event's work, in the HTTP thread that took the call.
 */
#include <signal.h>

#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/wait.h"

TestSuite(calculate, .timeout = 600);

static struct http_answer calculate(const struct service *delivery)
{
	return http_call(delivery->port, "POST", "/api/calculate", NULL, NULL);
}

/* 200, what it was, and a time that is at least ms and at most what the caller saw. */
static void expect_work(const struct http_answer *answer, const char *work, int64_t ms)
{
	cr_assert_eq(answer->status, 200, "%s%s", answer->error, answer->body);
	cr_expect_str_eq(http_header(answer, "Content-Type"), "application/json");
	cr_expect_eq(json_object_size(answer->json), 2, "%s", answer->body);
	cr_expect_str_eq(json_text(answer->json, "work"), work);
	cr_expect_geq(json_number(answer->json, "ms"), ms);
	cr_expect_leq(json_number(answer->json, "ms"), answer->ms + 1);
}

LAB_TEST(calculate, it_computes_as_an_event_does, 1)
{
	struct service *delivery =
		service_start(DELIVERY, "DELIVERY_WORK=cpu", "DELIVERY_DELAY_MS=500", NULL);
	int64_t before = service_computed_ms(delivery);
	struct http_answer answer = calculate(delivery);

	expect_work(&answer, "cpu", 500);
	cr_expect_geq(service_computed_ms(delivery) - before, 490);
	cr_expect_eq(sql_number("select count(*) from delivery.history"), 0);
	cr_expect_eq(http_call(delivery->port, "GET", "/api/calculate", NULL, NULL).status, 405);
}

LAB_TEST(calculate, it_waits_as_an_event_does, 1)
{
	struct service *delivery = service_start(DELIVERY, "DELIVERY_DELAY_MS=800", NULL);
	int64_t before = service_computed_ms(delivery);
	struct http_answer answer = calculate(delivery);

	expect_work(&answer, "wait", 800);
	cr_expect_lt(service_computed_ms(delivery) - before, 400);
}

LAB_TEST(calculate, it_counts_as_an_event_does, 1)
{
	struct service *delivery =
		service_start(DELIVERY, "DELIVERY_WORK=count", "DELIVERY_DELAY_MS=3600000", NULL);

	for (int times = 1; times <= 3; times++) {
		struct http_answer answer = calculate(delivery);

		expect_work(&answer, "count", 0);
		cr_expect(wait_until(60000, service_counted(delivery, times)), "see %s",
			  delivery->log);
	}
}

/* --- several ------------------------------------------------------------------------------- */

enum { CALLS = 4 };

static void begin_calls(const struct service *delivery, struct http_pending *calls[CALLS])
{
	for (int i = 0; i < CALLS; i++)
		calls[i] = http_begin(delivery->port, "POST", "/api/calculate", NULL);
}

/* How long that many take that are sent at the same time. */
static int64_t calls_ms(const char *http_threads)
{
	struct service *delivery =
		service_start(DELIVERY, "DELIVERY_DELAY_MS=500", http_threads, NULL);
	struct http_pending *calls[CALLS];
	int64_t started = mono_ms();

	begin_calls(delivery, calls);
	for (int i = 0; i < CALLS; i++) {
		struct http_answer answer = http_end(calls[i]);

		expect_work(&answer, "wait", 500);
	}
	return mono_ms() - started;
}

/* A thread each: with half as many, the second half waits for the first. */
LAB_TEST(calculate, calls_take_http_threads, 1)
{
	cr_expect_geq(calls_ms("HTTP_THREADS=2"), 2 * 500);
	cr_expect_lt(calls_ms("HTTP_THREADS=8"), wait_stretch(3 * 500));
}

static void expect_a_stop_to_cut_off(const char *work)
{
	struct service *delivery = service_start(DELIVERY, work, "DELIVERY_DELAY_MS=60000", NULL);
	struct http_pending *calls[CALLS];
	int64_t stopped_ms;

	begin_calls(delivery, calls);
	cr_assert(wait_until(5000, service_metric(delivery, "http_connections") > CALLS));
	stopped_ms = service_stop(delivery, SIGTERM);
	cr_expect_lt(stopped_ms, 4000, "the stop took %lld ms", (long long)stopped_ms);
	for (int i = 0; i < CALLS; i++) {
		struct http_answer answer = http_end(calls[i]);

		cr_expect_eq(answer.status, 503, "%s%s", answer.error, answer.body);
		cr_expect_str_eq(http_header(&answer, "Retry-After"), "1");
	}
}

LAB_TEST(calculate, a_stop_cuts_off_the_computing, 1)
{
	expect_a_stop_to_cut_off("DELIVERY_WORK=cpu");
}

LAB_TEST(calculate, a_stop_cuts_off_the_waiting, 1)
{
	expect_a_stop_to_cut_off("DELIVERY_WORK=wait");
}
