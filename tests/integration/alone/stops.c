/*
 * Stops, kills and hangs: how quickly a process ends, and how quickly another takes over. Alone,
 * since times are judged.
 */
#include <librdkafka/rdkafka.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/stack.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(stops, .init = stack_ensure, .timeout = 600);

#define TV                                                                                         \
	"{\"customerId\":1000,\"productId\":\"100\",\"productName\":\"TV\",\"qty\":3,\"address\":" \
	"\"SEOUL\"}"
/* In the middle of a join, leaving in good order goes before being quick (consumer.c). */
#define JOINING_STOP_MS 3500
#define HISTORY         "select count(*) from delivery.history"

static void place(const struct service *order)
{
	struct http_answer answer = http_call(order->port, "POST", "/orders", TV, NULL);

	cr_assert_eq(answer.status, 201, "%s%s", answer.error, answer.body);
}

static void expect_quick(int64_t took, int64_t limit_ms, const char *what)
{
	cr_expect_leq(took, wait_stretch(limit_ms), "%s took %lld ms", what, (long long)took);
}

/* The order's OrderModified is in its 10 s of work at busy; idle is another replica. */
static void stop_in_the_delay(int sig)
{
	struct service *order = service_start(ORDER, NULL), *busy, *idle;
	struct tail *tail = tail_open(fixture.topic);

	busy = service_start(DELIVERY, "DELIVERY_DELAY_MS=10000", NULL);
	cr_assert(wait_until(10000, service_metric(busy, "delivery_partitions") == 1.0));
	place(order);
	cr_assert(wait_until(5000, sql_number(HISTORY) == 1));
	cr_assert_eq(http_call(order->port, "PATCH", "/orders/1", "{\"qty\":1}", NULL).status, 200);
	cr_assert(wait_until(5000, service_metric(busy, "delivery_events_in_work") == 1.0));
	idle = service_start(DELIVERY, "DELIVERY_DELAY_MS=100", NULL);
	cr_assert(wait_until(5000, service_logged(idle, "relay") || service_ready(idle)));
	expect_quick(service_stop(busy, sig), 1000, "the stop in the delay");
	cr_expect(wait_until(2500, sql_number(HISTORY) == 2),
		  "the event is not worked again at once");
	cr_expect_str_eq(sql_text("select replica || ' ' || status from delivery.history "
				  "order by id desc limit 1"),
			 arena_format("%s DELIVERY MODIFIED", idle->name));
	cr_assert(wait_until(5000, (tail_read(tail), tail_find(tail, "DeliveryModified", 1, 0))));
	cr_expect_eq(tail_read(tail), 4);
}

LAB_TEST(stops, sigterm_in_the_delay, 1)
{
	stop_in_the_delay(SIGTERM);
}

LAB_TEST(stops, sigint_in_the_delay, 1)
{
	stop_in_the_delay(SIGINT);
}

/* The only replica stops and comes again: the event is worked again, once. */
LAB_TEST(stops, a_restart_works_the_event_again, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct service *delivery = service_start(DELIVERY, "DELIVERY_DELAY_MS=10000", NULL);

	place(order);
	cr_assert(wait_until(10000, sql_number(HISTORY) == 1));
	cr_assert_eq(http_call(order->port, "PATCH", "/orders/1", "{\"qty\":1}", NULL).status, 200);
	cr_assert(wait_until(5000, service_metric(delivery, "delivery_events_in_work") == 1.0));
	expect_quick(service_stop(delivery, SIGTERM), 1000, "the stop in the delay");
	cr_expect_eq(sql_number(HISTORY), 1);
	(void)service_start(DELIVERY, NULL);
	cr_expect(wait_until(5000, sql_number(HISTORY) == 2));
}

/* kill -9 in the delay: the group gives it up after its session timeout (10 s). */
LAB_TEST(stops, a_killed_replica_is_replaced, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct service *busy = service_start(DELIVERY, "DELIVERY_DELAY_MS=10000", NULL), *idle;

	cr_assert(wait_until(10000, service_metric(busy, "delivery_partitions") == 1.0));
	place(order);
	cr_assert(wait_until(5000, sql_number(HISTORY) == 1));
	cr_assert_eq(http_call(order->port, "PATCH", "/orders/1", "{\"qty\":1}", NULL).status, 200);
	cr_assert(wait_until(5000, service_metric(busy, "delivery_events_in_work") == 1.0));
	idle = service_start(DELIVERY, NULL);
	service_kill(busy);
	cr_assert(wait_until(15000, sql_number(HISTORY) == 2));
	cr_expect_eq(sql_number(HISTORY " where replica = '%s'", idle->name), 1);
}

/* An event without a version, so that nothing but the epoch keeps it from a second effect. */
static int64_t produce_plain(const char *type)
{
	return produce(&(struct raw_message){
		.topic = fixture.topic,
		.payload =
			arena_format("{\"eventType\":\"%s\",\"timestamp\":1,\"id\":1,"
				     "\"customerId\":1,\"productId\":\"1\",\"productName\":\"TV\","
				     "\"qty\":3,\"address\":\"SEOUL\"}",
				     type),
		.headers = { { "type", type, 0 } } });
}

/* A process that comes back after its partition was given away writes nothing more. It has to be
 * stopped before its work is done, so nothing slow comes in between. */
LAB_TEST(stops, a_zombie_is_fenced, 1)
{
	struct service *zombie = service_start(DELIVERY, "DELIVERY_DELAY_MS=4000", NULL), *other;
	struct tail *tail = tail_open(fixture.topic);

	(void)produce_plain("OrderPlaced");
	cr_assert(wait_until(10000, sql_number(HISTORY) == 1));
	other = service_start(DELIVERY, NULL);
	(void)produce_plain("OrderModified");
	cr_assert(wait_until(5000, service_metric(zombie, "delivery_events_in_work") == 1.0));
	service_signal(zombie, SIGSTOP);
	cr_assert(wait_until(15000, sql_number(HISTORY) == 2));
	cr_assert_eq(sql_number(HISTORY " where replica = '%s'", other->name), 1);
	service_signal(zombie, SIGCONT);
	cr_assert(wait_until(5000, service_logged(zombie, "fenced") ||
					   service_logged(zombie, "partition revoked")));
	(void)produce_plain("OrderCancelled");
	cr_assert(wait_until(10000, sql_number(HISTORY " where event = 'OrderCancelled'") == 1));
	cr_assert(tail_await(tail, 6, 10000));
	cr_expect_eq(sql_number(HISTORY), 3);
	cr_expect_eq(tail_count(tail, "DeliveryModified"), 1);
}

/*
 * The same, seen from the database, for librdkafka may give a late process's partition up before it
 * writes: while an event is in work another owner claims the partition and moves past the event.
 */
LAB_TEST(stops, a_raised_epoch_refuses_the_write, 1)
{
	struct service *late = service_start(DELIVERY, "DELIVERY_DELAY_MS=1000", NULL);
	int64_t offset;

	(void)produce_plain("OrderPlaced");
	cr_assert(wait_until(10000, sql_number(HISTORY) == 1));
	offset = produce_plain("OrderModified");
	cr_assert(wait_until(5000, service_metric(late, "delivery_events_in_work") == 1.0));
	sql_run("update delivery.position set epoch = epoch + 1, next_offset = %lld, owner = "
		"'other'",
		(long long)offset + 1);
	cr_assert(wait_until(5000, service_metric(late, "delivery_fenced_writes_total") == 1.0));
	(void)produce_plain("OrderCancelled");
	cr_assert(wait_until(15000, sql_number(HISTORY " where event = 'OrderCancelled'") == 1),
		  "a partition that is its own again is not worked");
	cr_expect_eq(sql_number(HISTORY " where event = 'OrderModified'"), 0);
	cr_expect_eq(sql_number(HISTORY), 2);
}

/*
 * A replica is told to stop at any moment of its joining the group. librdkafka 2.0.2 leaves without
 * telling the group when it owns no partition yet, so the others may have to wait until the
 * sessions of those who left (6 s) time out.
 */
LAB_TEST(stops, a_stop_while_joining, 2)
{
	struct service *stays = service_start(DELIVERY, NULL);

	for (int i = 0; i < 12; i++) {
		struct service *leaves = service_launch(DELIVERY, NULL);
		int64_t until = mono_ms() + i * 100;

		(void)wait_until(2000, mono_ms() >= until);
		expect_quick(service_stop(leaves, i % 2 ? SIGINT : SIGTERM), JOINING_STOP_MS,
			     leaves->name);
	}
	cr_expect(wait_until(20000, service_metric(stays, "delivery_partitions") == 2.0));
}

/* The only one, too. */
LAB_TEST(stops, a_stop_at_the_start, 1)
{
	for (int i = 0; i < 8; i++) {
		struct service *first = service_launch(DELIVERY, NULL);
		int64_t until = mono_ms() + i * 20;

		(void)wait_until(2000, mono_ms() >= until);
		expect_quick(service_stop(first, SIGTERM), JOINING_STOP_MS, first->name);
	}
}

/* Stops in the middle of much work, while messages stream in: each event has its effect once in the
 * end. */
LAB_TEST(stops, a_stop_in_a_backlog, 2)
{
	enum { EVENTS = 60000, STOPS = 6 };
	int64_t before = 0;

	sql_run("insert into orders.outbox (topic, key, type, payload) select '%s', "
		"convert_to(n::text, 'UTF8'), 'OrderPlaced', "
		"convert_to('{\"eventType\":\"OrderPlaced\","
		"\"timestamp\":1,\"id\":' || n || "
		"',\"version\":1,\"customerId\":1,\"productId\":\"1\","
		"\"productName\":\"TV\",\"qty\":3,\"address\":\"SEOUL\"}', 'UTF8') "
		"from generate_series(1, %d) n",
		fixture.topic, EVENTS);
	(void)service_start(ORDER, NULL);
	for (int i = 0; i < STOPS; i++) {
		struct service *delivery = service_launch(DELIVERY, NULL);

		cr_assert(wait_until(15000, sql_number(HISTORY) > before));
		(void)service_stop(delivery, SIGTERM);
		before = sql_number(HISTORY);
	}
	(void)service_start(DELIVERY, NULL);
	cr_assert(wait_until(40000, sql_number(HISTORY) >= EVENTS));
	cr_expect_eq(sql_number(HISTORY), EVENTS);
	cr_expect_eq(sql_number("select count(distinct order_id) from delivery.history"), EVENTS);
}

/* Clients that hold a connection open do not hold the stop up. */
static void stop_with_open_connections(const char *program)
{
	static const char half[] =
		"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{";
	static const char whole[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct service *service = service_start(program, NULL);
	int silent = http_connect(service->port), halfway = http_connect(service->port);
	int keeping = http_connect(service->port);
	char answer[512];

	cr_assert(silent >= 0 && halfway >= 0 && keeping >= 0);
	cr_assert_gt(send(halfway, half, sizeof(half) - 1, MSG_NOSIGNAL), 0);
	cr_assert_gt(send(keeping, whole, sizeof(whole) - 1, MSG_NOSIGNAL), 0);
	cr_assert_gt(recv(keeping, answer, sizeof(answer), 0), 0);
	expect_quick(service_stop(service, SIGTERM), 1000, program);
	(void)close(silent);
	(void)close(halfway);
	(void)close(keeping);
}

LAB_TEST(stops, delivery_with_open_connections, 1)
{
	stop_with_open_connections(DELIVERY);
}

LAB_TEST(stops, order_with_open_connections, 1)
{
	stop_with_open_connections(ORDER);
}

/* Every request that was answered with 201 before the stop is on the topic in the end. */
LAB_TEST(stops, order_stops_under_load_without_loss, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct tail *tail = tail_open(fixture.topic);

	for (int i = 0; i < 50; i++)
		place(order);
	expect_quick(service_stop(order, SIGINT), 1000, "the stop under load");
	(void)service_start(ORDER, NULL);
	cr_assert(tail_await(tail, 50, 5000));
	cr_assert(wait_until(5000, sql_number("select count(*) from orders.outbox") == 0));
	cr_expect_eq(tail_read(tail), 50);
}

/* --- the relay moves ----------------------------------------------------------------------- */

/* Two order-services; *active is the one that relays. */
static void start_two(struct service **active, struct service **standby)
{
	*active = service_start(ORDER, NULL);
	cr_assert(wait_until(5000, service_metric(*active, "relay_active") == 1.0));
	*standby = service_start(ORDER, NULL);
	cr_assert_eq(service_metric(*standby, "relay_active"), 0.0);
}

LAB_TEST(stops, a_killed_relay_is_replaced_within_two_seconds, 1)
{
	struct service *active, *standby;
	struct tail *tail = tail_open(fixture.topic);

	start_two(&active, &standby);
	place(standby);
	cr_assert(tail_await(tail, 1, 5000));
	service_kill(active);
	place(standby);
	cr_expect(tail_await(tail, 2, 2000), "no take-over within 2 s");
	cr_expect_eq(service_metric(standby, "relay_active"), 1.0);
}

LAB_TEST(stops, a_stopped_relay_is_replaced_within_two_seconds, 1)
{
	struct service *active, *standby;
	struct tail *tail = tail_open(fixture.topic);

	start_two(&active, &standby);
	expect_quick(service_stop(active, SIGTERM), 1000, "the active relay's stop");
	place(standby);
	cr_expect(tail_await(tail, 1, 2000), "no take-over within 2 s");
}

LAB_TEST(stops, a_hanging_relay_is_replaced_within_ten_seconds, 1)
{
	struct service *active, *standby;
	struct tail *tail = tail_open(fixture.topic);

	start_two(&active, &standby);
	place(standby);
	cr_assert(tail_await(tail, 1, 5000));
	/* Published and not deleted yet, it would rightly be published again. */
	cr_assert(wait_until(5000, sql_number("select count(*) from orders.outbox") == 0));
	service_signal(active, SIGSTOP);
	place(standby);
	cr_expect(tail_await(tail, 2, 10000), "no take-over within 10 s");
	service_signal(active, SIGCONT);
	cr_assert(wait_until(5000, service_metric(active, "relay_active") == 0.0));
	for (int i = 0; i < 10; i++)
		place(i % 2 ? active : standby);
	cr_assert(tail_await(tail, 12, 5000));
	cr_assert(wait_until(5000, sql_number("select count(*) from orders.outbox") == 0));
	cr_expect_eq(tail_read(tail), 12, "an event came twice");
}

/* --- footprint ----------------------------------------------------------------------------- */

#ifdef __SANITIZE_ADDRESS__
#define RESIDENT_MAX_KB LONG_MAX /* the shadow memory is not the service's */
#else
/* A program with one libpq connection and one librdkafka producer has 12 MB, nearly all of it pages
 * of Debian's shared libraries; ours have 3 connections, 2 clients and their threads. With
 * librdkafka 2.15 they have 1 MB more. */
#define RESIDENT_MAX_KB ((RD_KAFKA_VERSION < 0x02030000 ? 16 : 20) * 1024)
#endif

static long resident_kb(const struct service *service)
{
	FILE *file = fopen(arena_format("/proc/%d/status", (int)service->pid), "re");
	char line[256];
	long kb = -1;

	cr_assert_not_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "VmRSS: %ld kB", &kb) == 1)
			break;
	}
	(void)fclose(file);
	return kb;
}

static void expect_small_and_quick(const char *program)
{
	int64_t best = INT64_MAX;

	for (int i = 0; i < 3; i++) { /* the best of three: other processes disturb */
		int64_t started = mono_ms();
		struct service *service = service_start(program, NULL);

		if (mono_ms() - started < best)
			best = mono_ms() - started;
		cr_expect_lt(resident_kb(service), RESIDENT_MAX_KB, "%s has %ld kB resident",
			     program, resident_kb(service));
		(void)service_stop(service, SIGTERM);
	}
	expect_quick(best, 200, arena_format("the start of %s until it is ready", program));
}

LAB_TEST(stops, order_starts_quickly_and_is_small, 1)
{
	expect_small_and_quick(ORDER);
}

LAB_TEST(stops, delivery_starts_quickly_and_is_small, 1)
{
	expect_small_and_quick(DELIVERY);
}
