/*
 * GET /metrics of both services: every line is read strictly, the table in
 * deploy/monitoring/README.md and what the services write are the same, and the samples that alerts
 * stand on say what is so.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/exposition.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/order_event.h"
#include "tests/support/ports.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(metrics, .timeout = 600);

#define TABLE   "deploy/monitoring/README.md" /* the tests run in the repository's folder */
#define FOREVER "DELIVERY_DELAY_MS=3600000"

static struct exposition scrape(const struct service *service)
{
	struct http_answer answer = http_call(service->port, "GET", "/metrics", NULL, NULL);

	cr_assert_eq(answer.status, 200, "%s%s", answer.error, answer.body);
	cr_expect_str_eq(http_header(&answer, "Content-Type"),
			 "text/plain; version=0.0.4; charset=utf-8");
	return exposition_read(service->name, answer.body);
}

/* --- the table ----------------------------------------------------------------------------- */

/* A row: | `name` | type | order, delivery or both | labels or nothing | what it is | */
struct row {
	char name[64], type[16], service[16], labels[64];
};

/* The text between the bar at *at and the next one, without blanks and backticks. */
static void read_cell(const char **at, char *cell, size_t size)
{
	size_t len = 0;

	for ((*at)++; **at && **at != '|'; (*at)++) {
		if (**at != ' ' && **at != '`' && len + 1 < size)
			cell[len++] = **at;
	}
	cell[len] = '\0';
}

/* The rows that are about the service ("order" or "delivery"), which are returned kept. */
static struct row *read_table(const char *service, size_t *count)
{
	struct row *rows = arena_alloc(EXPOSITION_FAMILIES_MAX * sizeof(*rows));
	FILE *file = fopen(TABLE, "re");
	char line[1024];

	cr_assert(file, "no " TABLE);
	*count = 0;
	while (fgets(line, sizeof(line), file)) {
		struct row *row = &rows[*count];
		const char *at = line;

		if (strncmp(line, "| `", 3) != 0)
			continue;
		read_cell(&at, row->name, sizeof(row->name));
		read_cell(&at, row->type, sizeof(row->type));
		read_cell(&at, row->service, sizeof(row->service));
		read_cell(&at, row->labels, sizeof(row->labels));
		cr_assert_lt(*count, EXPOSITION_FAMILIES_MAX - 1);
		*count += strcmp(row->service, service) == 0 || strcmp(row->service, "both") == 0;
	}
	(void)fclose(file);
	cr_assert_gt(*count, 0, "no rows in " TABLE);
	return rows;
}

static void expect_as_documented(const struct exposition *e, const char *service)
{
	size_t count, found = 0;
	const struct row *rows = read_table(service, &count);

	for (size_t i = 0; i < count; i++) {
		const struct family *f = exposition_family(e, rows[i].name);

		cr_expect(f, "%s: %s is documented only", service, rows[i].name);
		if (!f)
			continue;
		found++;
		cr_expect_str_eq(f->type, rows[i].type, "%s: %s", service, f->name);
		cr_expect_str_eq(f->labels, rows[i].labels, "%s: %s", service, f->name);
		cr_expect_gt(f->samples, 0, "%s: %s", service, f->name);
	}
	for (size_t i = 0; i < e->count && found < e->count; i++) {
		bool documented = false;

		for (size_t row = 0; row < count && !documented; row++)
			documented = strcmp(rows[row].name, e->families[i].name) == 0;
		cr_expect(documented, "%s: %s is not in " TABLE, service, e->families[i].name);
	}
}

LAB_TEST(metrics, every_line_is_well_formed_and_documented, 2)
{
	struct service *order = service_start(ORDER, NULL);
	struct service *delivery = service_start(DELIVERY, NULL);
	struct exposition e;
	double started;

	for (int i = 0; i < 3; i++)
		service_place_order(order);
	cr_assert(
		wait_until(20000, service_metric(delivery, "delivery_events_applied_total") == 3));
	cr_assert(wait_until(5000, service_metric(delivery, "relay_published_total") == 3));
	started = service_metric(order, "process_start_time_seconds");
	cr_expect(labs(sql_number("select extract(epoch from now())::int8") - (long)started) < 60);
	e = scrape(order);
	expect_as_documented(&e, "order");
	e = scrape(delivery);
	expect_as_documented(&e, "delivery");
	cr_expect_eq(service_metric(order, "process_start_time_seconds"), started, "a restart?");
}

/* Until somebody answers. */
static void *scrape_from_before_the_start(void *context)
{
	const int *port = context;

	cr_expect(wait_until(10000, http_call(*port, "GET", "/metrics", NULL, NULL).status == 200));
	return NULL;
}

/* Who scrapes all the time comes in while the service still starts its threads. */
static void scrape_at_start(const char *program)
{
	int port = ports_free(1);
	pthread_t scraper;

	cr_assert_eq(pthread_create(&scraper, NULL, scrape_from_before_the_start, &port), 0);
	(void)service_start(program, arena_format("HTTP_PORT=%d", port), "HTTP_THREADS=2000", NULL);
	(void)pthread_join(scraper, NULL);
}

LAB_TEST(metrics, can_be_asked_for_while_a_service_starts, 1)
{
	scrape_at_start(ORDER);
	scrape_at_start(DELIVERY);
}

/* --- what they say ------------------------------------------------------------------------- */

static double answered(const struct service *service, const char *method, const char *route,
		       const char *status)
{
	return service_metric(
		service,
		arena_format("http_requests_total{method=\"%s\",route=\"%s\",status=\"%s\"}",
			     method, route, status));
}

static double timed(const struct service *service, const char *method, const char *route)
{
	return service_metric(
		service,
		arena_format("http_request_duration_seconds_count{method=\"%s\",route=\"%s\"}",
			     method, route));
}

LAB_TEST(metrics, requests_count_for_their_route, 1)
{
	struct service *order = service_start(ORDER, NULL);
	char big[70000];

	memset(big, ' ', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	service_place_order(order);
	service_place_order(order);
	(void)http_call(order->port, "POST", "/orders", "{}", NULL);
	(void)http_call(order->port, "GET", "/orders/1", NULL, NULL);
	(void)http_call(order->port, "GET", "/orders/99", NULL, NULL);
	(void)http_call(order->port, "GET", "/nothing", NULL, NULL);
	(void)http_call(order->port, "PUT", "/orders", "{}", NULL);
	(void)http_call(order->port, "POST", "/orders", big, NULL);
	/* A request counts when its answer is out. */
	cr_expect(wait_until(5000, answered(order, "other", "other", "4xx") == 3.0));
	cr_expect_eq(answered(order, "POST", "/orders", "2xx"), 2.0);
	cr_expect_eq(answered(order, "POST", "/orders", "4xx"), 1.0);
	cr_expect_eq(answered(order, "POST", "/orders", "5xx"), 0.0);
	cr_expect_eq(answered(order, "GET", "/orders/{}", "2xx"), 1.0);
	cr_expect_eq(answered(order, "GET", "/orders/{}", "4xx"), 1.0);
	cr_expect_eq(answered(order, "GET", "/orders", "2xx"), 0.0);
	cr_expect_eq(timed(order, "POST", "/orders"), 3.0);
	cr_expect_eq(timed(order, "GET", "/orders/{}"), 2.0);
	cr_expect_eq(timed(order, "other", "other"), 3.0);
}

/* Without Kafka the outbox grows, and what it says of it grows old. */
LAB_TEST(metrics, an_outbox_that_waits_is_told, 1)
{
	static const char age[] = "relay_outbox_oldest_seconds";
	struct service *order = service_start(ORDER, NULL);
	double first;

	/* It takes orders without a broker once it has compared the order ids with the topic. */
	service_stop(order, 15);
	order = service_launch(ORDER, "KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:1", NULL);
	cr_expect_eq(service_metric(order, age), 0.0);
	for (int i = 0; i < 3; i++)
		service_place_order(order);
	cr_assert(wait_until(10000, service_metric(order, "relay_outbox_events") == 3.0));
	first = service_metric(order, age);
	cr_expect_geq(first, 0.0);
	cr_expect(wait_until(10000, service_metric(order, age) >= first + 2));
	cr_expect_leq(service_metric(order, age),
		      (double)sql_number("select ceil(extract(epoch from clock_timestamp() - "
					 "min(created_at)))::int8 from orders.outbox"));
	cr_expect_eq(service_metric(order, "relay_published_total"), 0.0);
	sql_run("delete from orders.outbox");
	cr_expect(wait_until(10000, service_metric(order, "relay_outbox_events") == 0.0));
	cr_expect_eq(service_metric(order, age), 0.0);
}

static void produce_placed(int64_t first, int count, int partition)
{
	struct raw_message *all = arena_alloc((size_t)count * sizeof(*all));

	for (int i = 0; i < count; i++) {
		all[i] = order_event("OrderPlaced", first + i, 1, "SEOUL");
		all[i].partition = partition;
	}
	(void)produce_all(all, (size_t)count);
}

static double lag(const struct service *delivery, int partition)
{
	return service_metric(delivery,
			      arena_format("delivery_partition_lag{partition=\"%d\"}", partition));
}

/* Partition 0 is paused, since enough of it is in flight: its lag goes on. */
LAB_TEST(metrics, lag_by_partition, 2)
{
	enum { MANY = 6000, FEW = 7 };
	struct service *delivery =
		service_start(DELIVERY, FOREVER, "DELIVERY_DELAY_ON=OrderPlaced", NULL);

	cr_assert(wait_until(10000, lag(delivery, 0) == 0 && lag(delivery, 1) == 0));
	produce_placed(1, MANY, 0);
	produce_placed(MANY + 1, FEW, 1);
	cr_expect(wait_until(10000, lag(delivery, 0) == MANY), "%f", lag(delivery, 0));
	cr_expect(wait_until(10000, lag(delivery, 1) == FEW), "%f", lag(delivery, 1));
	cr_assert(wait_until(10000, service_metric(delivery, "delivery_events_held") > 5000));
	produce_placed(2 * MANY, FEW, 0);
	cr_expect(wait_until(5000, lag(delivery, 0) == MANY + FEW), "%f", lag(delivery, 0));
}

/* What another replica has is not ours to tell; what is done is no lag. */
LAB_TEST(metrics, partitions_that_come_and_go, 2)
{
	struct service *first = service_start(DELIVERY, "DELIVERY_DELAY_MS=0", NULL), *second;

	produce_placed(1, 10, 0);
	produce_placed(11, 20, 1);
	cr_assert(wait_until(20000, sql_number("select count(*) from delivery.history") == 30));
	/* Behind them are the Delivery* events, which are skipped. */
	cr_expect(wait_until(10000, lag(first, 0) == 0 && lag(first, 1) == 0));
	cr_expect_eq(service_metric(first, "delivery_event_duration_seconds_count"), 30.0);
	cr_expect_eq(service_metric(first, "delivery_partitions_assigned_total"), 2.0);
	second = service_start(DELIVERY, "DELIVERY_DELAY_MS=0", NULL);
	cr_assert(wait_until(20000, service_metric(second, "delivery_partitions") == 1));
	cr_expect(wait_until(5000, (lag(first, 0) < 0) + (lag(first, 1) < 0) == 1));
	/* Until a replica has heard of the end of a new partition, it tells nothing of it. */
	cr_expect(wait_until(5000, (lag(first, 0) < 0) == (lag(second, 0) == 0)),
		  "both tell it, or none");
	cr_expect_eq(service_metric(first, "delivery_partitions_revoked_total"), 1.0);
	cr_expect_geq(service_metric(first, "delivery_rebalances_total"), 2.0);
	cr_expect_geq(service_metric(second, "delivery_rebalances_total"), 1.0);
}
