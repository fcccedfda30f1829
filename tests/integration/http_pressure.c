/*
 * Clients that take their time, or more than their share: health is always heard, and so is
 * everybody else.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/http_socket.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/wait.h"

TestSuite(http_pressure, .timeout = 300);

#define TV                                                                                         \
	"{\"customerId\":1000,\"productId\":\"100\",\"productName\":\"TV\",\"qty\":3,\"address\":" \
	"\"SEOUL\"}"
#define SLOW                                                                                       \
	"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"           \
	"Content-Length: 1000\r\n\r\n{"

static void expect_served(const struct service *order)
{
	static const char *const paths[] = { "/healthz", "/readyz", "/metrics", "/orders" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct http_answer answer = http_call(order->port, "GET", paths[i], NULL, NULL);

		cr_expect_eq(answer.status, 200, "%s: %s", paths[i], answer.error);
	}
	cr_expect_eq(http_call(order->port, "POST", "/orders", TV, NULL).status, 201);
}

/* Bodies that never end: they cost nobody a thread. */
LAB_TEST(http_pressure, slow_bodies_hold_up_nobody, 1)
{
	enum { CLIENTS = 64 };
	struct service *order =
		service_start(ORDER, "HTTP_THREADS=4", "HTTP_REQUEST_TIMEOUT_MS=3600000", NULL);
	int fds[CLIENTS];

	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = http_open(order->port);
		http_say(fds[i], SLOW);
	}
	expect_served(order);
	for (int i = 0; i < CLIENTS; i++)
		(void)close(fds[i]);
}

/* Each byte is no reason for more time. The trickle goes on until the server has enough. */
static void expect_late(const struct service *order, const char *begin, char more)
{
	const char one[] = { more, '\0' };
	char head[512] = "";
	int fd = http_open(order->port);
	int64_t deadline = mono_ms() + 60000;

	http_say(fd, begin);
	while (!http_readable(fd) && mono_ms() < deadline) {
		for (int i = 0; i < 10; i++)
			wait_interval();
		http_say(fd, one);
	}
	(void)recv(fd, head, sizeof(head) - 1, MSG_PEEK | MSG_DONTWAIT);
	cr_expect_not_null(strstr(head, "\r\nDate: "), "%s: %s", begin, head);
	cr_expect_eq(http_next(fd), 408, "%s", begin);
	cr_expect_eq(http_next(fd), 0, "%s", begin);
	(void)close(fd);
}

LAB_TEST(http_pressure, a_trickle_has_a_deadline, 1)
{
	struct service *order = service_start(ORDER, "HTTP_REQUEST_TIMEOUT_MS=1000", NULL);

	expect_late(order, "GET /orders", 'x');
	expect_late(order, SLOW, ' ');
	expect_late(order, "GET /orders HTTP/1.1\r\nHost: localhost\r\nX: ", 'x');
	expect_late(
		order,
		"POST /orders HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
		'0');
	cr_expect_eq(service_metric(order, "http_requests_late_total"), 4);
	cr_expect_eq(sql_number("select count(*) from order_table"), 0);
}

/* Work that takes its time has half of the threads at most, and health has its own. */
LAB_TEST(http_pressure, calculations_leave_threads_to_others, 1)
{
	enum { CALLS = 18 };
	struct service *delivery =
		service_start(DELIVERY, "HTTP_THREADS=4", "DELIVERY_DELAY_MS=3600000", NULL);
	int fds[CALLS];

	for (int i = 0; i < CALLS; i++) {
		fds[i] = http_open(delivery->port);
		http_say(fds[i], "POST /api/calculate HTTP/1.1\r\nHost: localhost\r\n\r\n");
	}
	cr_expect(
		wait_until(60000, service_metric(delivery, "http_requests_waiting") == CALLS - 2));
	cr_expect_eq(http_call(delivery->port, "GET", "/deliveries", NULL, NULL).status, 200);
	cr_expect_eq(http_call(delivery->port, "GET", "/healthz", NULL, NULL).status, 200);
	cr_expect(wait_until(60000, service_ready(delivery)));
	for (int i = 0; i < CALLS; i++)
		(void)close(fds[i]);
}

/* More connections than there may be: those that have waited longest go, and who comes is heard. */
LAB_TEST(http_pressure, more_connections_than_room, 1)
{
	enum { CLIENTS = 150 };
	struct service *order = service_start(ORDER, "HTTP_CONNECTIONS=50", NULL);
	int fds[CLIENTS];

	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = http_open(order->port);
		if (i % 2)
			http_say(fds[i], SLOW);
	}
	expect_served(order);
	cr_expect_leq(service_metric(order, "http_connections"), 50);
	cr_expect_geq(service_metric(order, "http_connections_crowded_out_total"), CLIENTS - 50);
	cr_expect(service_logs(order, "msg=\"too many connections, the oldest are closed\""));
	cr_expect_eq(http_next(fds[0]), 0);
	for (int i = 0; i < CLIENTS; i++)
		(void)close(fds[i]);
}

#ifndef __SANITIZE_ADDRESS__ /* which keeps what is freed */
static int64_t resident(const struct service *service)
{
	return (int64_t)service_metric(service, "process_resident_memory_bytes");
}

/* A crowd's memory goes back to the system when the crowd has gone. */
LAB_TEST(http_pressure, a_crowd_leaves_its_memory, 1)
{
	enum { CLIENTS = 600, BYTES = 60000 };
	const char *begun = arena_format("POST /orders HTTP/1.1\r\nHost: localhost\r\n"
					 "Transfer-Encoding: chunked\r\n\r\n%x\r\n%0*d",
					 BYTES + 1, BYTES, 1);
	struct service *order = service_start(ORDER, "HTTP_REQUEST_TIMEOUT_MS=3600000", NULL);
	int64_t before = resident(order), crowded;
	int fds[CLIENTS];

	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = http_open(order->port);
		http_say(fds[i], begun);
	}
	cr_expect(wait_until(30000, resident(order) - before > (int64_t)CLIENTS * BYTES));
	crowded = resident(order);
	for (int i = 0; i < CLIENTS; i++)
		(void)close(fds[i]);
	cr_expect(wait_until(30000, resident(order) - before < (crowded - before) / 4),
		  "%" PRId64 " bytes, then %" PRId64 ", now %" PRId64, before, crowded,
		  resident(order));
}
#endif

/* The limit of open files is a limit of connections, too. */
LAB_TEST(http_pressure, more_connections_than_descriptors, 1)
{
	enum { CLIENTS = 380 };
	const struct rlimit few = { 400, 400 };
	struct service *order;
	int fds[CLIENTS];

	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	order = service_start(ORDER, NULL);
	for (int i = 0; i < CLIENTS; i++)
		fds[i] = http_open(order->port);
	for (int i = 0; i < 5; i++)
		(void)close(fds[CLIENTS - 1 - i]); /* descriptors for the calls that follow */
	cr_expect_eq(http_call(order->port, "GET", "/healthz", NULL, NULL).status, 200);
	cr_expect_eq(http_call(order->port, "GET", "/readyz", NULL, NULL).status, 200);
	cr_expect_eq(http_call(order->port, "POST", "/orders", TV, NULL).status, 201);
	for (int i = 0; i < CLIENTS - 5; i++)
		(void)close(fds[i]);
}

/* Everybody there waits for an answer: health is served all the same, others are told to wait. */
LAB_TEST(http_pressure, all_connections_wait_for_answers, 1)
{
	enum { CLIENTS = 20 };
	struct service *order = service_start(ORDER, "HTTP_CONNECTIONS=20", NULL);
	struct http_answer answer;
	int fds[CLIENTS];

	/* With its sessions open: the lock is to hold up changes alone. */
	cr_assert_eq(http_call(order->port, "POST", "/orders", TV, NULL).status, 201);
	sql_run("begin");
	sql_run("lock table orders.orders in access exclusive mode");
	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = http_open(order->port);
		http_say(fds[i], arena_format("POST /orders HTTP/1.1\r\nHost: localhost\r\n"
					      "Content-Type: application/json\r\n"
					      "Content-Length: %zu\r\n\r\n%s",
					      sizeof(TV) - 1, TV));
	}
	answer = http_call(order->port, "GET", "/healthz", NULL, NULL);
	cr_expect_eq(answer.status, 200, "%s", answer.error);
	answer = http_call(order->port, "POST", "/orders", TV, NULL);
	cr_expect_eq(answer.status, 503, "%s", answer.error);
	cr_expect_str_eq(http_header(&answer, "Retry-After"), "1");
	sql_run("commit");
	for (int i = 0; i < CLIENTS; i++) {
		cr_expect_eq(http_next(fds[i]), 201);
		(void)close(fds[i]);
	}
}
