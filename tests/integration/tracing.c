/*
 * One trace from the HTTP request through outbox, Kafka and delivery-service to its outgoing event
 * and its history; the spans that a collector gets; and that nobody waits for a collector.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/support/arena.h"
#include "tests/support/collector.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/order_event.h"
#include "tests/support/program.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(tracing, .timeout = 600);

#define TRACE  "0af7651916cd43dd8448eb211c80319c"
#define CALLER "b7ad6b7169203331"
#define PARENT "00-" TRACE "-" CALLER "-01"
#define STATE  "rojo=00f067aa0ba902b7,congo=a\"b\\c"

#define BODY                                                                                       \
	"{\"customerId\":2000,\"productId\":\"100\",\"productName\":\"RADIO\",\"qty\":3,"          \
	"\"address\":\"PUSAN\"}"

/* Places an order with these header lines, which may be NULL. */
static void place(const struct service *order, const char *first, const char *second)
{
	struct http_answer answer =
		http_call(order->port, "POST", "/orders", BODY, first, second, NULL);

	cr_assert_eq(answer.status, 201, "%s%s", answer.error, answer.body);
}

/* The message of that type about the order, once it is there. */
static const struct message *await(struct tail *tail, const char *type, int64_t order_id)
{
	const struct message *found = NULL;

	cr_assert(wait_until(60000, (tail_read(tail), found = tail_find(tail, type, order_id, 0))),
		  "no %s of order %d", type, (int)order_id);
	return found;
}

/* The trace that a message says it belongs to, its span, and its flags; "" without one. */
static const char *part_of(const struct message *m, size_t at, size_t len)
{
	const char *parent = message_header(m, "traceparent");

	return strlen(parent) == 55 ? arena_copy(parent + at, len) : "";
}
#define trace_of(m) part_of(m, 3, 32)
#define span_of(m)  part_of(m, 36, 16)
#define flags_of(m) part_of(m, 53, 2)

/* --- without a collector ------------------------------------------------------------------- */

LAB_TEST(tracing, a_trace_goes_through_as_it_came, 1)
{
	struct service *order = service_start(ORDER, "LOG_LEVEL=debug", NULL);
	struct service *delivery = service_start(DELIVERY, "LOG_LEVEL=debug", NULL);
	struct tail *tail = tail_open(fixture.topic);
	const struct message *placed, *started;
	struct http_answer read;

	place(order, "traceparent: " PARENT, "tracestate: " STATE);
	placed = await(tail, "OrderPlaced", 1);
	started = await(tail, "DeliveryStarted", 1);
	cr_expect_str_eq(message_header(placed, "traceparent"), PARENT);
	cr_expect_str_eq(message_header(placed, "tracestate"), STATE);
	cr_expect_str_eq(message_header(started, "traceparent"), PARENT);
	cr_expect_str_eq(message_header(started, "tracestate"), STATE);
	cr_expect_str_eq(sql_text("select trace_id from delivery.traced_history"), TRACE);
	read = http_call(delivery->port, "GET", "/deliveries/1", NULL, NULL);
	cr_expect_str_eq(json_text(json_array_get(json_object_get(read.json, "events"), 0),
				   "traceId"),
			 TRACE);
	cr_expect(service_logs(order, "trace_id=" TRACE));
	cr_expect(service_logs(delivery,
			       "msg=\"received\" partition=0 offset=0 order=1 trace_id=" TRACE));
	cr_expect(service_logs(delivery, "msg=\"applied\" order=1 version=1 event=OrderPlaced "
					 "trace_id=" TRACE));
}

/* No header, no column, no row: as it was before there were traces. */
LAB_TEST(tracing, without_a_trace_nothing_is_written, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct tail *tail = tail_open(fixture.topic);

	(void)service_start(DELIVERY, NULL);
	/* Holds the relay's next read, so that the row stays. */
	sql_run("begin");
	sql_run("lock table orders.outbox_lease in access exclusive mode");
	place(order, NULL, NULL);
	cr_expect_eq(sql_number("select count(*) from orders.outbox where headers is null"), 1);
	sql_run("commit");
	cr_expect_eq(await(tail, "OrderPlaced", 1)->header_count, 3);
	cr_expect_eq(await(tail, "DeliveryStarted", 1)->header_count, 3);
	cr_expect_eq(sql_number("select count(*) from delivery.trace"), 0);
	cr_expect_eq(sql_number("select count(*) from delivery.traced_history"), 1);
}

LAB_TEST(tracing, what_is_no_trace_begins_another_one, 1)
{
	static const char *const bad[] = {
		"traceparent: 00-" TRACE "-" CALLER "-01-more",
		"traceparent: ff-" TRACE "-" CALLER "-01",
		"traceparent: 00-" TRACE "-0000000000000000-01",
		"traceparent: 00-0AF7651916CD43DD8448EB211C80319C-" CALLER "-01",
		"traceparent: ",
	};
	const int count = sizeof(bad) / sizeof(bad[0]);
	struct service *order = service_start(ORDER, NULL);
	struct tail *tail = tail_open(fixture.topic);

	for (int i = 0; i < count; i++)
		place(order, bad[i], "tracestate: " STATE);
	/* Two of them. */
	place(order, "traceparent: " PARENT, "traceparent: 00-" TRACE "-" CALLER "-00");
	/* A state alone is none. */
	place(order, "tracestate: " STATE, NULL);
	for (int i = 0; i < count + 1; i++) {
		const struct message *m = await(tail, "OrderPlaced", i + 1);

		if (i < count && strcmp(bad[i], "traceparent: ") == 0)
			continue; /* libcurl leaves such a header out */
		cr_expect_eq(strlen(trace_of(m)), 32, "%d", i);
		cr_expect_str_neq(trace_of(m), TRACE, "%d", i);
		cr_expect_str_eq(flags_of(m), "02", "random, and not sampled");
		cr_expect_str_eq(message_header(m, "tracestate"), "");
	}
	cr_expect_eq(await(tail, "OrderPlaced", count + 2)->header_count, 3);
}

/* A list that is none is left out, and the trace stays. */
LAB_TEST(tracing, a_state_is_joined_and_checked, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct tail *tail = tail_open(fixture.topic);
	struct http_answer answer = http_call(order->port, "POST", "/orders", BODY,
					      "TraceParent: " PARENT, "tracestate: a=1 ,, b=2",
					      "TRACESTATE: c=3", NULL);

	cr_assert_eq(answer.status, 201);
	place(order, "traceparent: " PARENT, "tracestate: A=1");
	cr_expect_str_eq(message_header(await(tail, "OrderPlaced", 1), "tracestate"),
			 "a=1,b=2,c=3");
	cr_expect_str_eq(message_header(await(tail, "OrderPlaced", 2), "traceparent"), PARENT);
	cr_expect_str_eq(message_header(await(tail, "OrderPlaced", 2), "tracestate"), "");
}

/* A change of order 7 with a trace of its own, which ends with a digit. */
static void produce_version(int version, const char *parent)
{
	struct raw_message message = order_version(7, version, 9);

	message.headers[2] = (struct header){ "traceparent", parent, 0 };
	message.headers[3] = (struct header){ "tracestate", "a=1", 0 };
	(void)produce(&message);
}

/* The trace of a parked event waits with it. */
LAB_TEST(tracing, a_parked_event_keeps_its_trace, 1)
{
	static const char second[] = "00-22222222222222222222222222222222-" CALLER "-00";
	struct tail *tail = tail_open(fixture.topic);
	const struct message *modified;

	(void)service_start(DELIVERY, "SEQUENCING=enforce", "DELIVERY_DELAY_MS=0", NULL);
	produce_version(2, second);
	cr_assert(wait_until(60000, sql_number("select count(*) from delivery.parked") == 1));
	cr_expect_str_eq(sql_text("select traceparent || ' ' || tracestate from delivery.trace"),
			 arena_format("%s a=1", second));
	produce_version(1, PARENT);
	modified = await(tail, "DeliveryModified", 7);
	cr_expect_str_eq(message_header(modified, "traceparent"), second);
	cr_expect_str_eq(message_header(modified, "tracestate"), "a=1");
	cr_expect_str_eq(message_header(await(tail, "DeliveryStarted", 7), "traceparent"), PARENT);
	cr_expect_str_eq(sql_text("select string_agg(left(trace_id, 1), '' order by id) "
				  "from delivery.traced_history"),
			 "02");
}

/* --- with a collector ---------------------------------------------------------------------- */

static const struct collector_span *await_span(struct collector *c, const char *service,
					       const char *name, const char *trace)
{
	const struct collector_span *found = NULL;

	cr_assert(wait_until(60000, found = collector_find(c, service, name, trace)),
		  "%s has sent no span \"%s\" of %s", service, name, trace);
	return found;
}

/* A span lies within the time of the test, and ends no earlier than it begins. */
static void expect_times(const struct collector_span *span)
{
	int64_t now_ns = (int64_t)time(NULL) * 1000000000;

	cr_expect_leq(span->start_ns, span->end_ns, "%s", span->name);
	cr_expect_gt(span->start_ns, now_ns - (int64_t)600 * 1000000000, "%s", span->name);
	cr_expect_lt(span->end_ns, now_ns + (int64_t)600 * 1000000000, "%s", span->name);
}

static void expect_attributes(const struct collector_span *span, const char *const (*pairs)[2])
{
	for (; (*pairs)[0]; pairs++)
		cr_expect_str_eq(collector_attribute(span, (*pairs)[0]), (*pairs)[1], "%s: %s",
				 span->name, (*pairs)[0]);
}

LAB_TEST(tracing, spans_have_parents_times_and_attributes, 1)
{
	static const char *const server_has[][2] = { { "http.request.method", "POST" },
						     { "http.route", "/orders" },
						     { "url.path", "/orders" },
						     { "url.scheme", "http" },
						     { "network.protocol.version", "1.1" },
						     { "http.response.status_code", "201" },
						     { 0 } };
	const char *const sent_has[][2] = { { "messaging.system", "kafka" },
					    { "messaging.operation.type", "send" },
					    { "messaging.destination.name", fixture.topic },
					    { "messaging.kafka.message.key", "1" },
					    { "order.id", "1" },
					    { "event.type", "OrderPlaced" },
					    { 0 } };
	const char *const processed_has[][2] = { { "messaging.system", "kafka" },
						 { "messaging.operation.type", "process" },
						 { "messaging.destination.name", fixture.topic },
						 { "messaging.destination.partition.id", "0" },
						 { "messaging.kafka.offset", "0" },
						 { "messaging.consumer.group.name", fixture.group },
						 { "order.id", "1" },
						 { "order.version", "1" },
						 { "delivery.outcome", "apply" },
						 { 0 } };
	struct collector *c = collector_start();
	struct service *order = service_start(ORDER, collector_setting(c), NULL);
	struct service *delivery = service_start(DELIVERY, collector_setting(c),
						 "DELIVERY_DELAY_MS=1500",
						 "DELIVERY_DELAY_ON=OrderPlaced", NULL);
	const char *send = arena_format("send %s", fixture.topic);
	const char *process = arena_format("process %s", fixture.topic);
	struct tail *tail = tail_open(fixture.topic);
	const struct collector_span *server, *sent, *processed, *sent_on;
	const struct message *placed, *started;

	place(order, "traceparent: " PARENT, "tracestate: " STATE);
	placed = await(tail, "OrderPlaced", 1);
	started = await(tail, "DeliveryStarted", 1);
	server = await_span(c, ORDER, "POST /orders", TRACE);
	sent = await_span(c, ORDER, send, TRACE);
	processed = await_span(c, DELIVERY, process, TRACE);
	sent_on = await_span(c, DELIVERY, send, TRACE);

	cr_expect_str_eq(server->parent, CALLER);
	cr_expect_str_eq(sent->parent, server->id);
	cr_expect_str_eq(processed->parent, sent->id);
	cr_expect_str_eq(sent_on->parent, processed->id);
	cr_expect_str_eq(span_of(placed), sent->id);
	cr_expect_str_eq(span_of(started), sent_on->id);
	cr_expect_str_eq(trace_of(started), TRACE);
	cr_expect_str_eq(flags_of(started), "01");
	cr_expect_str_eq(server->state, STATE);
	cr_expect_eq(server->kind, 2);
	cr_expect_eq(sent->kind, 4);
	cr_expect_eq(processed->kind, 5);
	expect_times(server);
	expect_times(sent);
	expect_times(processed);
	expect_times(sent_on);
	cr_expect_geq(processed->end_ns - processed->start_ns, (int64_t)1500 * 1000000,
		      "the work is part of it");
	expect_attributes(server, server_has);
	expect_attributes(sent, sent_has);
	expect_attributes(processed, processed_has);
	cr_expect_str_eq(collector_attribute(sent_on, "event.type"), "DeliveryStarted");
	cr_expect_not_null(strstr(collector_head(c), "POST /v1/traces HTTP/1.1"));
	cr_expect(service_metric(order, "otlp_spans_exported_total") >= 2);
	cr_expect(service_metric(delivery, "otlp_spans_exported_total") >= 2);
}

/* Who exports begins a trace where none comes in; the sampler says which are recorded. */
LAB_TEST(tracing, a_request_without_a_trace_begins_one, 1)
{
	struct collector *c = collector_start();
	struct service *order = service_start(ORDER, collector_setting(c), NULL);
	struct tail *tail = tail_open(fixture.topic);
	const struct message *m;

	place(order, NULL, NULL);
	m = await(tail, "OrderPlaced", 1);
	cr_expect_str_eq(flags_of(m), "03");
	cr_expect_str_eq(await_span(c, ORDER, "POST /orders", trace_of(m))->parent, "");
	service_stop(order, SIGTERM);
	order = service_start(ORDER, collector_setting(c),
			      "OTEL_TRACES_SAMPLER=parentbased_traceidratio",
			      "OTEL_TRACES_SAMPLER_ARG=0", NULL);
	place(order, NULL, NULL);
	place(order, "traceparent: " PARENT, NULL);
	cr_expect_str_eq(flags_of(await(tail, "OrderPlaced", 2)), "02");
	/* Who takes part says so, recorded or not. */
	place(order, "traceparent: 00-" TRACE "-" CALLER "-02", NULL);
	m = await(tail, "OrderPlaced", 4);
	cr_expect_str_eq(trace_of(m), TRACE);
	cr_expect_str_neq(span_of(m), CALLER);
	cr_expect_str_eq(flags_of(m), "02");
	(void)await_span(c, ORDER, "POST /orders", TRACE);
	cr_expect_null(
		collector_find(c, ORDER, "POST /orders", trace_of(await(tail, "OrderPlaced", 2))));
}

/* A stop sends what is queued; the headers of the setting are among the POST's. */
LAB_TEST(tracing, a_stop_sends_what_is_queued, 1)
{
	struct collector *c = collector_start();
	struct service *order =
		service_start(ORDER, collector_setting(c),
			      "OTEL_EXPORTER_OTLP_HEADERS=api-key=s%20cret,x-tenant=lab",
			      "OTEL_SERVICE_NAME=shop", NULL);

	for (int i = 0; i < 20; i++)
		place(order, i == 19 ? "traceparent: " PARENT : NULL, NULL);
	service_stop(order, SIGTERM);
	cr_expect_not_null(collector_find(c, "shop", "POST /orders", TRACE));
	cr_expect_geq(collector_count(c), 20);
	cr_expect_not_null(strstr(collector_head(c), "\r\napi-key: s cret\r\n"));
	cr_expect_not_null(strstr(collector_head(c), "\r\nx-tenant: lab\r\n"));
}

/* --- a collector that does not do its work ------------------------------------------------- */

/* Orders are taken and delivered beside one that takes nothing, and the spans come later. */
LAB_TEST(tracing, a_collector_that_is_away_delays_only_spans, 1)
{
	struct collector *c = collector_start();
	struct service *order = service_start(ORDER, collector_setting(c), NULL);
	struct tail *tail = tail_open(fixture.topic);

	collector_answers(c, 503);
	place(order, "traceparent: " PARENT, NULL);
	(void)await(tail, "OrderPlaced", 1);
	cr_assert(wait_until(60000, service_metric(order, "otlp_export_errors_total") >= 1));
	cr_expect(service_logs(order, "msg=\"spans cannot be exported, will retry\""));
	cr_expect(wait_until(60000, service_ready(order)));
	cr_expect_eq(service_metric(order, "otlp_spans_dropped_total{reason=\"refused\"}"), 0);
	collector_answers(c, 200);
	(void)await_span(c, ORDER, "POST /orders", TRACE);
	cr_expect(service_logs(order, "msg=\"spans are exported again\""));
}

/* What it refuses is dropped, and counted. */
LAB_TEST(tracing, what_a_collector_refuses_is_dropped, 1)
{
	struct collector *c = collector_start();
	struct service *order = service_start(ORDER, collector_setting(c), NULL);

	collector_answers(c, 400);
	place(order, "traceparent: " PARENT, NULL);
	cr_assert(wait_until(
		60000, service_metric(order, "otlp_spans_dropped_total{reason=\"refused\"}") >= 1));
	cr_expect(service_logs(order, "the collector answered 400"));
}

/* One that holds the connection costs a stop two seconds, and no request anything: the queue fills,
 * and what finds no room is counted. */
LAB_TEST(tracing, a_collector_that_hangs_fills_the_queue_only, 1)
{
	struct collector *c = collector_start();
	struct service *order = service_start(ORDER, collector_setting(c), NULL);
	/* More than the queue has, and a batch that is being sent. */
	const char *const settings[] = { arena_format("PORTS=%d", order->port),
					 "METHOD=GET",
					 "TARGET=/orders/1",
					 "RATE=0",
					 "COUNT=6000",
					 "CONNECTIONS=20",
					 NULL };
	struct program_run run;

	collector_answers(c, 0);
	cr_assert(wait_until(60000, (place(order, NULL, NULL), collector_posts(c) > 0)));
	run = program_run("load", NULL, settings);
	cr_assert_eq(run.status, 0, "%s", run.output);
	cr_expect_geq(service_metric(order, "otlp_spans_dropped_total{reason=\"full\"}"), 1);
	cr_expect_leq(service_metric(order, "otlp_spans_queued"), 4096);
	cr_expect(service_logs(order, "msg=\"spans dropped: the collector does not take them\""));
	cr_expect(wait_until(60000, service_ready(order)));
	cr_expect_lt(service_stop(order, SIGTERM), wait_stretch(10000));
	cr_expect(service_logs(order, "msg=\"spans lost at the stop\""));
}

/* Which is no setting ends the start, before anything is opened. */
LAB_TEST(tracing, a_bad_setting_is_said, 1)
{
	static const char *const bad[][2] = {
		{ "OTEL_EXPORTER_OTLP_ENDPOINT=ftp://127.0.0.1", NULL },
		{ "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1",
		  "OTEL_EXPORTER_OTLP_HEADERS=nothing" },
		{ "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", "OTEL_TRACES_SAMPLER_ARG=2" },
		{ "OTEL_TRACES_SAMPLER=sometimes", NULL },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *const settings[] = { bad[i][0], bad[i][1], NULL };
		const struct program_run run = program_run(ORDER, NULL, settings);

		cr_expect_eq(run.status, 2, "%s: %d", bad[i][0], run.status);
		cr_expect_not_null(strstr(run.output, "OTEL_"), "%s", run.output);
	}
}
