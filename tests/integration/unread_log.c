/*
 * Nobody reads the log, or there is none: the services do all their work, say how many lines are
 * missing, and end when they are told to.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(unread_log, .timeout = 300);

enum { LONG_MS = 60000 };

#define VERBOSE "LOG_LEVEL=debug", "KAFKA_CONF=debug=all"
#define DROPPED "log_lines_dropped_total"

/* After some orders more: librdkafka tells of each. The pipe is full from the start; once lines are
 * dropped the buffer before it is, too. */
static bool drops_lines(const struct service *order, const struct service *service)
{
	for (int i = 0; i < 50; i++)
		service_place_order(order);
	return service_metric(service, DROPPED) > 0;
}

/* Where the events are that have not come; the logs cannot tell. */
static const char *whereabouts(const struct service *order, const struct service *delivery)
{
	return arena_format(
		"orders' outbox %lld, applied %lld, deliveries' outbox %lld; order-service: %s; "
		"delivery-service: %s",
		(long long)sql_number("select count(*) from orders.outbox"),
		(long long)sql_number("select count(*) from delivery.history"),
		(long long)sql_number("select count(*) from delivery.outbox"),
		http_call(order->port, "GET", "/readyz", NULL, NULL).body,
		http_call(delivery->port, "GET", "/readyz", NULL, NULL).body);
}

LAB_TEST(unread_log, orders_are_delivered_and_a_stop_ends, 1)
{
	struct service *order = service_start_with(STREAMS_UNREAD, ORDER, VERBOSE, NULL);
	struct service *delivery = service_start_with(STREAMS_UNREAD, DELIVERY, VERBOSE, NULL);
	struct tail *tail = tail_open(fixture.topic);
	int64_t placed;

	service_place_order(order);
	cr_assert(tail_await(tail, 2, LONG_MS), "%zu of 2 messages; %s", tail->count,
		  whereabouts(order, delivery));
	cr_expect_eq(http_call(delivery->port, "GET", "/deliveries/1", NULL, NULL).status, 200);
	cr_assert(wait_until(LONG_MS, drops_lines(order, order)));
	cr_assert(wait_until(LONG_MS, drops_lines(order, delivery)));
	placed = sql_number("select count(*) from orders.orders");
	cr_assert(tail_await(tail, 2 * (size_t)placed, LONG_MS), "with lines that are dropped");
	cr_expect(wait_until(LONG_MS, service_ready(order)));
	cr_expect(wait_until(LONG_MS, service_ready(delivery)));
	(void)service_stop(order, SIGTERM);
	(void)service_stop(delivery, SIGTERM);
}

LAB_TEST(unread_log, what_is_missing_is_said_once_it_is_read_again, 1)
{
	struct service *order = service_start_with(STREAMS_UNREAD, ORDER, VERBOSE, NULL);

	cr_assert(wait_until(LONG_MS, drops_lines(order, order)));
	service_read(order, "Z WARN log msg=\"lines dropped: they were not taken\" n=");
	cr_expect(service_logs(order, "Z INFO order msg=\"listening\""), "what came before");
}

LAB_TEST(unread_log, numbers_that_nobody_reads_hold_up_no_event, 1)
{
	struct service *delivery = service_start_with(STREAMS_UNREAD, DELIVERY,
						      "DELIVERY_WORK=count",
						      "DELIVERY_DELAY_ON=OrderPlaced", NULL);

	service_place_order(service_start(ORDER, NULL));
	cr_assert(wait_until(LONG_MS, sql_number("select count(*) from delivery.delivery") == 1));
	(void)service_stop(delivery, SIGTERM);
}

LAB_TEST(unread_log, streams_that_are_closed_are_no_sockets, 1)
{
	static const char *const programs[] = { ORDER, DELIVERY };

	for (int i = 0; i < 2; i++) {
		struct service *service = service_start_with(STREAMS_CLOSED, programs[i], NULL);

		for (int fd = 0; fd <= 2; fd++) {
			char target[64] = "";

			cr_assert_gt(readlink(arena_format("/proc/%d/fd/%d", service->pid, fd),
					      target, sizeof(target) - 1),
				     0);
			cr_expect_str_eq(target, "/dev/null", "%s: %d is %s", programs[i], fd,
					 target);
		}
		(void)service_stop(service, SIGTERM);
	}
}

/* The answer that main waits for does not come: the table is held. */
LAB_TEST(unread_log, a_stop_that_hangs_ends_at_its_bound, 1)
{
	struct service *order = service_start(ORDER, "STOP_TIMEOUT_MS=500", NULL);
	struct http_pending *pending;
	int status;

	service_allow_errors();
	sql_run("begin");
	sql_run("lock table orders.orders in access exclusive mode");
	pending = http_begin(order->port, "POST", "/orders",
			     "{\"customerId\":1,\"productId\":\"1\",\"productName\":\"TV\","
			     "\"qty\":3,\"address\":\"SEOUL\"}");
	cr_assert(wait_until(LONG_MS, sql_waiting_sessions() > 0));
	status = service_end(order, SIGTERM);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 1, "status 0x%x", (unsigned)status);
	cr_expect(service_logs(order, "msg=\"the stop takes too long, ending at once\" "
				      "part=http after_ms=500"));
	(void)http_end(pending);
	sql_run("rollback");
}
