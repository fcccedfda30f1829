/* The cases of delivery-service. */
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/cases.h"

#define GROWTH_FIRST_ORDER                                                                         \
	1000000000 /* of the backlogs; what the tables are filled with is below */
#define JOIN_PARTITIONS 8
#define JOIN_CALM_US    3000000 /* before the join: the reference */

#define APPLIED "delivery_events_applied_total"

/* --- backlog ------------------------------------------------------------------------------- */

/* The processor time of the service, and of its session in the database, an event. Other things
 * that run on the machine move it less than they move a rate. */
static void backlog_processor(struct bench *b, int64_t events)
{
	double session = bench_sql(b, "select pid from pg_stat_activity "
				      "where application_name = 'delivery-service loop'");

	bench_measured(b, "backlog", "-", "service",
		       bench_processor_s(bench_pid(b, "delivery-1")) * 1e6 / (double)events);
	bench_measured(b, "backlog", "-", "session",
		       bench_processor_s((pid_t)session) * 1e6 / (double)events);
}

static void backlog_work(struct bench *b, int64_t events)
{
	struct bench_moment m;
	int64_t first_us;

	bench_start_deliveries(b, 1, LIST("DELIVERY_DELAY_MS=0"));
	m = bench_await(b, b->delivery_port, APPLIED, events);
	first_us = bench_first_received_us(b);
	bench_measured(b, "backlog", "-", "stored", bench_per_second(events, m.us - first_us));
	backlog_processor(b, events);
	m = bench_await(b, b->delivery_port, "relay_published_total", events);
	bench_measured(b, "backlog", "-", "published", bench_per_second(events, m.us - first_us));
	bench_measured(b, "backlog", "-", "peak",
		       bench_memory_mb(b, bench_pid(b, "delivery-1"), "VmHWM"));
	bench_verify(b, events, NULL);
}

/* Kafka's own consumer, from its first fetch on: the last of ten columns. */
static void backlog_consumer(struct bench *b, int64_t events)
{
	double rate = 0;

	if (!bench_find(bench_run(b, "consumer", NULL,
				  LIST("tests/bench/kafka_perf.sh", "ConsumerPerformance",
				       "--topic", b->topic, "--bootstrap-server",
				       getenv("KAFKA_BOOTSTRAP_SERVERS"), "--messages",
				       bench_text("%" PRId64, events), "--timeout", "20000")),
			", ", &rate))
		bench_fail("kafka-consumer-perf-test has no result");
	bench_measured(b, "backlog", "-", "consumer", floor(rate));
}

/* Events per second of the same SQL in a bare loop, into empty tables. */
static double bare_rate(struct bench *b, int64_t orders)
{
	const char *output;

	bench_fresh(b, 4);
	output = bench_run(
		b, "bare",
		LIST(bench_text("DATABASE_URL=postgresql://delivery_service@127.0.0.1:%s/lab",
				getenv("PG_PORT")),
		     bench_text("ORDERS=%" PRId64, orders), "BLOCK=1000", "BATCH=1000"),
		LIST(bench_text("%s/tests/bench-bare", b->build_dir)));
	return strtod(output, NULL);
}

void case_backlog(struct bench *b)
{
	int64_t orders = b->quick ? 20000 : 100000;

	for (int i = 0; i < b->repeat; i++) {
		bench_fresh(b, 4);
		bench_feed(b, orders, 1);
		backlog_work(b, orders * 3);
	}
	/* The references come behind: what follows them has a third less, for reasons not known. */
	for (int i = 0; i < b->repeat; i++) {
		bench_fresh(b, 4);
		bench_feed(b, orders, 1);
		backlog_consumer(b, orders * 3);
		bench_reference(b, "backlog", "-", "bare", bare_rate(b, orders));
	}
}

/* --- key ----------------------------------------------------------------------------------- */

static void key_of(struct bench *b, int64_t orders, int delay_ms)
{
	const char *subject =
		bench_text("%" PRId64 " orders x %g s", orders, (double)delay_ms / 1e3);
	char name[64];

	(void)snprintf(name, sizeof(name), "%s", subject);
	for (int i = 0; i < b->repeat; i++) {
		double bare_s = (double)orders * 3 / bare_rate(b, orders);
		struct bench_moment m;

		bench_fresh(b, 4);
		bench_feed(b, orders, 1);
		bench_start_deliveries(b, 1,
				       LIST("PROCESSING_ORDER=key", "MAX_CONCURRENCY=100000",
					    bench_text("DELIVERY_DELAY_MS=%d", delay_ms),
					    "DELIVERY_DELAY_ON=OrderModified"));
		m = bench_await(b, b->delivery_port, APPLIED, orders * 3);
		bench_reference(b, "key", name, "ideal", (double)delay_ms / 1e3 + bare_s);
		bench_measured(b, "key", name, "seconds",
			       (double)(m.us - bench_first_received_us(b)) / 1e6);
		(void)bench_await(b, b->delivery_port, "relay_published_total", orders * 3);
		bench_measured(b, "key", name, "peak",
			       bench_memory_mb(b, bench_pid(b, "delivery-1"), "VmHWM"));
		bench_verify(b, orders * 3, NULL);
	}
}

void case_key(struct bench *b)
{
	key_of(b, 1000, b->quick ? 1000 : 10000);
	key_of(b, b->quick ? 5000 : 20000, 100);
	if (!b->quick)
		key_of(b, 100000, 10000);
}

/* --- growth -------------------------------------------------------------------------------- */

static void growth_backlog(struct bench *b, const char *millions, int64_t orders,
			   int64_t first_order)
{
	struct bench_moment m;
	int64_t first_us;
	double found;

	bench_stop_services(b);
	bench_make_topic(b, bench_text("bench.growth.%" PRId64, first_order), 4);
	bench_feed(b, orders, first_order);
	bench_start_deliveries(b, 1, LIST("DELIVERY_DELAY_MS=0"));
	m = bench_await(b, b->delivery_port, APPLIED, orders * 3);
	first_us =
		(int64_t)bench_sql(b,
				   "select (extract(epoch from min(received_at)) * 1000000)::int8 "
				   "from delivery.history where order_id = %" PRId64,
				   first_order);
	found = bench_sql(b,
			  "select count(distinct (order_id, version)) from delivery.history "
			  "where order_id >= %" PRId64,
			  first_order);
	if (found != (double)orders * 3)
		bench_fail("effects: %.0f, not %" PRId64, found, orders * 3);
	bench_measured(b, "growth", millions, "rate",
		       bench_per_second(orders * 3, m.us - first_us));
}

void case_growth(struct bench *b)
{
	static const char *const all_millions[] = { "0", "1", "3", "10" };
	int64_t orders = b->quick ? 20000 : 100000, first_order = GROWTH_FIRST_ORDER;

	bench_fresh(b, 4);
	for (int k = 0; k < (b->quick ? 2 : 4); k++) {
		bench_stop_services(b);
		(void)bench_sql_file(b, "growth_fill.sql",
				     LIST(bench_text("millions=%s", all_millions[k])));
		for (int i = 0; i < b->repeat; i++) {
			growth_backlog(b, all_millions[k], orders, first_order);
			first_order += orders;
		}
	}
}

/* --- partitions ---------------------------------------------------------------------------- */

static void partitions_idle(struct bench *b, const char *subject)
{
	const unsigned seconds = 5;
	pid_t pid = bench_pid(b, "delivery-1");
	double processor_s = bench_processor_s(pid);

	(void)sleep(seconds); /* what is measured is a time of idling */
	bench_measured(b, "partitions", subject, "idle",
		       (bench_processor_s(pid) - processor_s) * 1000 / seconds);
}

static void partitions_of(struct bench *b, int partitions, int64_t orders)
{
	const int64_t events = orders * 3;
	char subject[16];
	int64_t begun_us, first_us;
	struct bench_moment m;

	(void)snprintf(subject, sizeof(subject), "%d", partitions);
	bench_fresh(b, partitions);
	begun_us = bench_wall_us();
	bench_feed(b, orders, 1);
	bench_measured(b, "partitions", subject, "fed",
		       bench_per_second(events, bench_wall_us() - begun_us));
	bench_start_deliveries(b, 1, LIST("DELIVERY_DELAY_MS=0"));
	m = bench_await(b, b->delivery_port, APPLIED, events);
	first_us = bench_first_received_us(b);
	bench_measured(b, "partitions", subject, "stored",
		       bench_per_second(events, m.us - first_us));
	m = bench_await(b, b->delivery_port, "relay_published_total", events);
	bench_measured(b, "partitions", subject, "published",
		       bench_per_second(events, m.us - first_us));
	bench_measured(b, "partitions", subject, "peak",
		       bench_memory_mb(b, bench_pid(b, "delivery-1"), "VmHWM"));
	partitions_idle(b, subject);
	bench_verify(b, events, NULL);
}

void case_partitions(struct bench *b)
{
	static const int counts[] = { 4, 1, 100, 1000 };

	for (int i = 0; i < b->repeat; i++) {
		for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++)
			partitions_of(b, counts[k], b->quick ? 20000 : 50000);
	}
}

/* --- join and take-over -------------------------------------------------------------------- */

/* Three events of each order, 1,000 a second. */
static pid_t flow(struct bench *b, int64_t orders)
{
	return bench_spawn(b, "feed",
			   LIST(bench_text("ORDERS=%" PRId64, orders), "FIRST_ORDER=1", "RATE=1000",
				"BLOCK=1000", bench_text("PARTITIONS=%d", JOIN_PARTITIONS)),
			   LIST(bench_text("%s/tests/bench-feed", b->build_dir)));
}

/* Events flow, and a second replica joins after half of them. */
static void join_flow(struct bench *b, int64_t orders)
{
	double before_ms, gap_ms, moved_ms;
	struct bench_moment joined;
	const char *pauses;
	pid_t feeder;

	bench_fresh(b, JOIN_PARTITIONS);
	bench_start_deliveries(b, 1, LIST("DELIVERY_DELAY_MS=0"));
	(void)bench_await(b, b->delivery_port, "delivery_partitions", JOIN_PARTITIONS);
	feeder = flow(b, orders);
	joined = bench_await(b, b->delivery_port, APPLIED, orders * 3 / 2);
	bench_start_deliveries(b, 2, LIST("DELIVERY_DELAY_MS=0"));
	bench_wait(b, "feed", feeder);
	bench_verify(b, orders * 3, NULL);
	if (bench_sql(b, "select count(distinct replica) from delivery.history") != 2)
		bench_fail("the second replica got no partition while events were flowing");
	pauses = bench_sql_file(b, "join_pauses.sql",
				LIST(bench_text("joined_us=%" PRId64, joined.us),
				     bench_text("calm_us=%d", JOIN_CALM_US)));
	if (sscanf(pauses, "%lf %lf %lf", &before_ms, &gap_ms, &moved_ms) != 3)
		bench_fail("there are no pauses: nothing was measured");
	bench_reference(b, "join", "-", "before", before_ms);
	bench_measured(b, "join", "-", "gap", gap_ms);
	bench_measured(b, "join", "-", "moved", moved_ms);
}

void case_join(struct bench *b)
{
	/* With three events each: 15 s; the broker is warm after half of them. */
	for (int i = 0; i < b->repeat; i++)
		join_flow(b, b->quick ? 3500 : 5000);
}

/* Events flow to two replicas, and one of them is killed. */
static void takeover_flow(struct bench *b, int64_t orders)
{
	char other[24];
	int64_t killed_us;
	double gap_ms;
	pid_t feeder;

	(void)snprintf(other, sizeof(other), "%ld", strtol(b->delivery_port, NULL, 10) + 1);
	bench_fresh(b, JOIN_PARTITIONS);
	bench_start_deliveries(b, 2, LIST("DELIVERY_DELAY_MS=0"));
	(void)bench_await(b, other, "delivery_partitions", JOIN_PARTITIONS / 2);
	feeder = flow(b, orders);
	(void)bench_await(b, other, APPLIED, orders / 4);
	killed_us = bench_wall_us();
	if (kill(bench_pid(b, "delivery-2"), SIGKILL) != 0)
		bench_fail("the second replica cannot be killed");
	bench_wait(b, "feed", feeder);
	bench_verify(b, orders * 3, NULL);
	gap_ms = bench_sql(b,
			   "select max(extract(epoch from first) * 1000 - %.3f) from ("
			   "select min(applied_at) filter (where replica = 'delivery-%s') as first "
			   "from delivery.history group by \"partition\" "
			   "having count(distinct replica) = 2) moved",
			   (double)killed_us / 1e3, b->delivery_port);
	bench_measured(b, "takeover", "-", "gap", gap_ms / 1e3);
}

void case_takeover(struct bench *b)
{
	for (int i = 0; i < b->repeat; i++)
		takeover_flow(b, 4000);
}
