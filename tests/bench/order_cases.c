/* The cases of order-service. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/cases.h"

#define ORDER                                                                                      \
	"{\"customerId\":2000,\"productId\":\"100\",\"productName\":\"RADIO\",\"qty\":3,"          \
	"\"address\":\"PUSAN\"}"
#define VISIBLE_ORDERS 300
#define VISIBLE_BEFORE 500 /* not measured: Java compiles what the broker does often only then */
#define MESSAGE_BYTES  "290"

static void require_stored(struct bench *b, double acknowledged)
{
	double stored = bench_sql(b, "select count(*) from orders.orders");

	if (stored < acknowledged)
		bench_fail("orders acknowledged: %.0f, stored: %.0f", acknowledged, stored);
}

/* --- orders -------------------------------------------------------------------------------- */

/* Connected as it is: its time begins before its clients connect. */
static void orders_reference(struct bench *b, int clients, int seconds)
{
	const char *output;
	double rate = 0;

	(void)bench_sql_file(b, "orders_reference.sql", NULL);
	output = bench_run(b, "pgbench", NULL,
			   LIST("pgbench", "-n", "-M", "prepared", "-c", bench_text("%d", clients),
				"-j", "2", "-T", bench_text("%d", seconds + clients / 100), "-f",
				"tests/bench/sql/pgbench_insert.sql", getenv("STACK_URL")));
	if (!bench_find(output, "tps = ", &rate))
		bench_fail("pgbench has no result");
	bench_reference(b, "orders", bench_text("%d", clients), "pgbench", floor(rate));
}

/* relayed: how much of it the relay has published by the end. */
static void orders_load(struct bench *b, int clients, int seconds)
{
	const char *subject = bench_text("%d", clients);
	const char *line = strstr(
		bench_run(b, "wrk", NULL,
			  LIST("wrk", "-t", "1", "-c", subject, "-d", bench_text("%ds", seconds),
			       "--timeout", "20s", "-s", "tests/bench/orders.lua",
			       bench_text("http://127.0.0.1:%s/orders", b->order_port))),
		"result ");
	double rate, p50_us, p99_us, errors, answers, relayed;

	if (!line || sscanf(line, "result %lf %lf %lf %lf %lf", &rate, &p50_us, &p99_us, &errors,
			    &answers) != 5)
		bench_fail("wrk has no result");
	relayed = bench_metric(b, b->order_port, "relay_published_total");
	if (errors > 0)
		bench_fail("wrk: %.0f calls of %d clients failed", errors, clients);
	require_stored(b, answers);
	bench_measured(b, "orders", subject, "rate", rate);
	bench_measured(b, "orders", subject, "p50", p50_us / 1e3);
	bench_measured(b, "orders", subject, "p99", p99_us / 1e3);
	bench_measured(b, "orders", subject, "relayed", round(100 * relayed / answers));
}

void case_orders(struct bench *b)
{
	static const int all_clients[] = { 50, 500 };
	int seconds = b->quick ? 3 : 10;

	for (size_t c = 0; c < sizeof(all_clients) / sizeof(all_clients[0]); c++) {
		for (int i = 0; i < b->repeat; i++) {
			bench_fresh(b, 4);
			orders_reference(b, all_clients[c], seconds);
			bench_start_orders(
				b, 1, LIST(bench_text("HTTP_THREADS=%d", all_clients[c] + 100)));
			orders_load(b, all_clients[c], seconds);
		}
	}
}

/* --- clients ------------------------------------------------------------------------------- */

/* Without a p99 hardly anything was answered: hey's time-out. */
static void clients_call(struct bench *b, int clients)
{
	const char *subject = bench_text("%d", clients);
	int requests = clients * 10;
	const char *output =
		bench_run(b, "hey", NULL,
			  LIST("hey", "-n", bench_text("%d", requests), "-c", subject, "-m", "POST",
			       "-T", "application/json", "-d", ORDER,
			       bench_text("http://127.0.0.1:%s/orders", b->order_port)));
	double good = 0, p99 = 20, rate = 0;

	(void)bench_find(output, "[201]", &good);
	(void)bench_find(output, "99% in ", &p99);
	(void)bench_find(output, "Requests/sec:", &rate);
	require_stored(b, good);
	bench_measured(b, "clients", subject, "errors", requests - good);
	bench_measured(b, "clients", subject, "p99", p99);
	bench_measured(b, "clients", subject, "rate", floor(rate));
}

void case_clients(struct bench *b)
{
	for (int i = 0; i < b->repeat; i++) {
		bench_fresh(b, 4);
		bench_start_orders(b, 1, NULL);
		clients_call(b, b->quick ? 2000 : 6000);
	}
}

/* --- steady -------------------------------------------------------------------------------- */

static double number_of(const json_t *object, const char *name)
{
	return json_number_value(json_object_get(object, name));
}

static void steady_load(struct bench *b, int count, const char *acks)
{
	const char *subject = bench_text("%d", count);
	json_t *result = json_loads(bench_run(b, "load",
					      LIST(bench_text("PORTS=%s", b->order_port),
						   "RATE=5000", bench_text("COUNT=%d", count),
						   bench_text("ACKS=%s", acks)),
					      LIST(bench_text("%s/load", b->build_dir))),
				    0, NULL);
	const json_t *times = json_object_get(result, "answered_ms");

	bench_measured(b, "steady", subject, "errors",
		       number_of(result, "errors") + number_of(result, "timed_out"));
	bench_reference(b, "steady", subject, "asked", 5000);
	bench_measured(b, "steady", subject, "rate",
		       floor(number_of(result, "answered") * 1000 / number_of(result, "took_ms")));
	bench_measured(b, "steady", subject, "p50", number_of(times, "p50"));
	bench_measured(b, "steady", subject, "p99", number_of(times, "p99"));
	bench_measured(b, "steady", subject, "longest", number_of(times, "longest"));
	json_decref(result);
}

void case_steady(struct bench *b)
{
	char acks[512];

	(void)snprintf(acks, sizeof(acks), "%s/acks.txt", b->run_dir);
	for (int i = 0; i < b->repeat; i++) {
		bench_fresh(b, 4);
		/* More threads than connections, so that all are kept. */
		bench_start_orders(b, 1, LIST("HTTP_THREADS=600"));
		bench_start_deliveries(b, 1, LIST("DELIVERY_DELAY_MS=0"));
		(void)unlink(acks);
		steady_load(b, b->quick ? 25000 : 300000, acks);
		bench_verify(b,
			     (int64_t)bench_sql(
				     b, "select coalesce(sum(version), 0) from orders.orders"),
			     acks);
	}
}

/* --- visible ------------------------------------------------------------------------------- */

struct followed {
	int64_t answer_us[VISIBLE_BEFORE], row_us[VISIBLE_BEFORE];
	size_t count;
};

static void visible_orders(struct bench *b, int count, struct followed *out)
{
	const char *at = bench_run(
		b, "visible",
		LIST(bench_text("PORT=%s", b->order_port),
		     bench_text("DATABASE_URL=postgresql://delivery_service@127.0.0.1:%s/lab",
				getenv("PG_PORT")),
		     bench_text("COUNT=%d", count)),
		LIST(bench_text("%s/tests/bench-visible", b->build_dir)));

	for (out->count = 0; out->count < VISIBLE_BEFORE; out->count++) {
		if (sscanf(at, "%" SCNd64 " %" SCNd64, &out->answer_us[out->count],
			   &out->row_us[out->count]) != 2)
			break;
		at = strchr(at, '\n') + 1;
	}
	if (out->count != (size_t)count)
		bench_fail("followed: %zu orders, not %d", out->count, count);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static double percentile_ms(int64_t *us, size_t count, size_t percent)
{
	qsort(us, count, sizeof(*us), by_value);
	return (double)us[(count * percent + 99) / 100 - 1] / 1e3;
}

void case_visible(struct bench *b)
{
	static struct followed f;

	for (int i = 0; i < b->repeat; i++) {
		bench_fresh(b, 4);
		bench_start_orders(b, 1, NULL);
		bench_start_deliveries(b, 1, LIST("DELIVERY_DELAY_MS=0"));
		visible_orders(b, VISIBLE_BEFORE, &f);
		visible_orders(b, VISIBLE_ORDERS, &f);
		bench_reference(b, "visible", "-", "answer",
				percentile_ms(f.answer_us, f.count, 50));
		bench_measured(b, "visible", "-", "p50", percentile_ms(f.row_us, f.count, 50));
		bench_measured(b, "visible", "-", "p99", percentile_ms(f.row_us, f.count, 99));
	}
}

/* --- relay --------------------------------------------------------------------------------- */

/* The messages per second of Kafka's own producer, to a topic of its own: idempotent, or in
 * transactions of its own default length. */
static void relay_reference(struct bench *b, const char *relay, int messages)
{
	bool transactional = strcmp(relay, "transactional") == 0;
	double rate = 0;
	const char *output = bench_run(
		b, "producer", NULL,
		LIST("tests/bench/kafka_perf.sh", "ProducerPerformance", "--topic", b->topic,
		     "--num-records", bench_text("%d", messages), "--record-size", MESSAGE_BYTES,
		     "--throughput", "-1", "--producer-props",
		     bench_text("bootstrap.servers=%s", getenv("KAFKA_BOOTSTRAP_SERVERS")),
		     "acks=all", "enable.idempotence=true",
		     transactional ? "--transactional-id" : NULL, "bench"));

	if (!bench_find(output, "records sent, ", &rate) || !strstr(output, "ms 99.9th"))
		bench_fail("kafka-producer-perf-test has no result");
	bench_reference(b, "relay", relay, "producer", floor(rate));
}

static void relay_of(struct bench *b, const char *relay, int events)
{
	struct bench_moment m;

	bench_fresh(b, 4);
	relay_reference(b, relay, events * 3);
	bench_fresh(b, 4);
	(void)bench_sql_file(b, "relay_fill.sql",
			     LIST(bench_text("events=%d", events),
				  bench_text("topic=%s", b->topic)));
	bench_start_orders(b, 1, LIST(bench_text("RELAY=%s", relay)));
	m = bench_await(b, b->order_port, "relay_published_total", events);
	bench_measured(b, "relay", relay, "rate",
		       bench_per_second(events - m.first, m.us - m.first_us));
}

void case_relay(struct bench *b)
{
	int events = b->quick ? 60000 : 300000;

	for (int i = 0; i < b->repeat; i++) {
		relay_of(b, "idempotent", events);
		relay_of(b, "transactional", events);
	}
}

/* --- start --------------------------------------------------------------------------------- */

/* settled: a metric that is 1 or more when it has all that it waits for; then it idles. */
static void start_once(struct bench *b, const char *service, const char *port, const char *role,
		       const char *settled)
{
	unsigned seconds = b->quick ? 2 : 5;
	int64_t begun_us = bench_wall_us();
	pid_t pid = bench_spawn(b, service,
				LIST(bench_text("HTTP_PORT=%s", port),
				     bench_text("DATABASE_URL=postgresql://%s@127.0.0.1:%s/lab",
						role, getenv("PG_PORT"))),
				LIST(bench_text("%s/%s", b->build_dir, service)));
	double processor_s;

	bench_measured(b, "start", service, "ready",
		       (double)(bench_await(b, port, NULL, 0).us - begun_us) / 1e3);
	(void)bench_await(b, port, settled, 1);
	bench_measured(b, "start", service, "idle", bench_memory_mb(b, pid, "VmRSS"));
	processor_s = bench_processor_s(pid);
	(void)sleep(seconds); /* what is measured is a time of idling */
	bench_measured(b, "start", service, "cpu",
		       (bench_processor_s(pid) - processor_s) * 1000 / seconds);
	(void)kill(pid, SIGTERM);
	bench_wait(b, service, pid);
}

void case_start(struct bench *b)
{
	bench_fresh(b, 4);
	for (int i = 0; i < (b->quick ? 1 : 5); i++) {
		start_once(b, "order-service", b->order_port, "order_service", "relay_active");
		start_once(b, "delivery-service", b->delivery_port, "delivery_service",
			   "delivery_partitions");
	}
}
