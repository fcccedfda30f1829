/*
 * Many clients, slow ones, rude ones: nobody waits for another, and every answer finds its way.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/http_socket.h"
#include "tests/support/ports.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/wait.h"

#define TV                                                                                         \
	"{\"customerId\":1000,\"productId\":\"100\",\"productName\":\"TV\",\"qty\":3,\"address\":" \
	"\"SEOUL\"}"

#define METRICS "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"

TestSuite(connections, .timeout = 300);

/* --- a client that keeps its connection ---------------------------------------------------- */

static const char *post(const char *more)
{
	return arena_format("POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
			    "application/json\r\nContent-Length: %zu\r\n%s\r\n%s",
			    strlen(TV), more, TV);
}

static int64_t queued(const struct service *order)
{
	return (int64_t)service_metric(order, "order_queue_depth");
}

/* The writer waits for the lock of lock_orders. */
static bool writer_waits(void)
{
	sql_run("select pg_stat_clear_snapshot()");
	return sql_number("select count(*) from pg_stat_activity where wait_event_type = 'Lock' "
			  "and datname = current_database() "
			  "and application_name = 'order-service writer'") > 0;
}

/* Holds up every change until sql_run("commit"). */
static void lock_orders(void)
{
	sql_run("begin");
	sql_run("lock table orders.orders in access exclusive mode");
}

/* The writer has the first as its batch: the others stay in the queue. */
static void post_behind_a_lock(const struct service *order, int *fds, int count)
{
	lock_orders();
	for (int i = 0; i < count; i++) {
		fds[i] = http_open(order->port);
		http_say(fds[i], post(""));
		cr_expect(i > 0 || wait_until(5000, writer_waits()));
	}
}

/* --- the tests ----------------------------------------------------------------------------- */

/* Sends a request on the connection, or on a new one if the server has ended it. */
static int ask_again(const struct service *order, int *fd, const char *text)
{
	int status;

	http_say(*fd, text);
	status = http_next(*fd);
	if (status != 0)
		return status;
	(void)close(*fd);
	*fd = http_open(order->port);
	http_say(*fd, text);
	return http_next(*fd);
}

/* Ten times as many clients as threads, each with a connection that it would like to keep. */
static void *post_in_turn(void *context)
{
	const struct service *order = context;
	int fd = http_open(order->port);

	for (int i = 0; i < 5; i++)
		cr_expect_eq(ask_again(order, &fd, post("")), 201);
	(void)close(fd);
	return NULL;
}

LAB_TEST(connections, more_clients_than_threads, 1)
{
	enum { CLIENTS = 80 };
	struct service *order = service_start(ORDER, "HTTP_THREADS=8", NULL);
	pthread_t threads[CLIENTS];

	for (int i = 0; i < CLIENTS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, post_in_turn, order), 0);
	for (int i = 0; i < CLIENTS; i++)
		(void)pthread_join(threads[i], NULL);
	cr_expect_eq(sql_number("select count(*) from order_table"), CLIENTS * 5);
}

/* Kept connections are never so many that somebody who comes finds no thread. */
LAB_TEST(connections, idle_ones_leave_room_for_others, 1)
{
	enum { CLIENTS = 20 };
	struct service *order = service_start(ORDER, "HTTP_THREADS=8", NULL);
	struct http_answer late;
	int fds[CLIENTS];

	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = http_open(order->port);
		http_say(fds[i], post(""));
		cr_expect_eq(http_next(fds[i]), 201);
	}
	late = http_call(order->port, "GET", "/orders", NULL, NULL);
	cr_expect_eq(late.status, 200);
	cr_expect_lt(late.ms, wait_stretch(2000));
	http_say(fds[0], post("")); /* the first are still kept */
	cr_expect_eq(http_next(fds[0]), 201);
	for (int i = 0; i < CLIENTS; i++)
		(void)close(fds[i]);
}

/* Who has connected and said nothing takes no thread. */
LAB_TEST(connections, silent_ones_hold_up_nobody, 1)
{
	enum { CLIENTS = 30 };
	struct service *order = service_start(ORDER, "HTTP_THREADS=8", NULL);
	struct http_answer late;
	int fds[CLIENTS];

	for (int i = 0; i < CLIENTS; i++)
		fds[i] = http_open(order->port);
	late = http_call(order->port, "GET", "/orders", NULL, NULL);
	cr_expect_eq(late.status, 200);
	cr_expect_lt(late.ms, wait_stretch(2000));
	for (int i = 0; i < CLIENTS; i++) {
		http_say(fds[i], post(""));
		cr_expect_eq(http_next(fds[i]), 201);
		(void)close(fds[i]);
	}
}

LAB_TEST(connections, requests_in_one_packet_are_answered_in_turn, 1)
{
	struct service *order = service_start(ORDER, NULL);
	int fd = http_open(order->port);

	http_say(fd,
		 arena_format("%sGET /orders/1 HTTP/1.1\r\nHost: localhost\r\n\r\n%sGET /nowhere "
			      "HTTP/1.1\r\nHost: localhost\r\n\r\n"
			      "DELETE /orders/2 HTTP/1.1\r\nHost: localhost\r\n\r\nGET /orders/2 "
			      "HTTP/1.1\r\nHost: localhost\r\n"
			      "Connection: close\r\n\r\n",
			      post(""), post("")));
	cr_expect_eq(http_next(fd), 201);
	cr_expect_eq(http_next(fd), 200);
	cr_expect_eq(http_next(fd), 201);
	cr_expect_eq(http_next(fd), 404);
	cr_expect_eq(http_next(fd), 204);
	cr_expect_eq(http_next(fd), 404);
	cr_expect_eq(http_next(fd), 0);
	(void)close(fd);
}

LAB_TEST(connections, a_request_may_come_slowly_while_others_are_served, 1)
{
	struct service *order = service_start(ORDER, "HTTP_REQUEST_TIMEOUT_MS=60000", NULL);
	int fd = http_open(order->port);
	const char *text = post("");

	for (const char *at = text; *at; at++) {
		http_say(fd, (char[]){ *at, '\0' });
		if ((at - text) % 20 == 0)
			cr_expect_eq(http_call(order->port, "GET", "/orders", NULL, NULL).status,
				     200);
	}
	cr_expect_eq(http_next(fd), 201);
	(void)close(fd);
}

/* One that closed its sending half still gets its answer. */
LAB_TEST(connections, a_client_that_has_said_all, 1)
{
	struct service *order = service_start(ORDER, NULL);
	int fd = http_open(order->port);

	lock_orders();
	http_say(fd, post(""));
	(void)shutdown(fd, SHUT_WR);
	cr_expect(wait_until(5000, writer_waits()));
	sql_run("commit");
	cr_expect_eq(http_next(fd), 201);
	cr_expect_eq(http_next(fd), 0);
	(void)close(fd);
}

static const char *chunked(void)
{
	return arena_format("POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
			    "application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
			    "%zx\r\n%s\r\n0\r\nX: 1\r\n\r\n",
			    strlen(TV), TV);
}

/* Whatever thread answers, and whatever came on the connection before. */
LAB_TEST(connections, each_client_that_has_said_all, 1)
{
	struct service *order = service_start(ORDER, NULL);
	const struct {
		const char *before, *last;
		int status;
	} cases[] = {
		{ NULL, post(""), 201 },       { NULL, chunked(), 201 },
		{ METRICS, post(""), 201 },    { post(""), chunked(), 201 },
		{ post(""), post(""), 201 },   { NULL, METRICS, 200 },
		{ post(""), METRICS, 200 },    { METRICS, METRICS, 200 },
		{ chunked(), chunked(), 201 },
	};

	for (size_t i = 0; i < 5 * sizeof(cases) / sizeof(cases[0]); i++) {
		const size_t n = i % (sizeof(cases) / sizeof(cases[0]));
		int fd = http_open(order->port), status;

		if (cases[n].before) {
			http_say(fd, cases[n].before);
			cr_expect_eq(http_next(fd) / 100, 2);
		}
		http_say(fd, cases[n].last);
		(void)shutdown(fd, SHUT_WR);
		status = http_next(fd);
		cr_expect_eq(status, cases[n].status, "case %zu: %d", n, status);
		cr_expect_eq(http_next(fd), 0);
		(void)close(fd);
	}
}

/* What it asked for is done; its answer is nobody's. */
LAB_TEST(connections, clients_that_go_away_harm_nobody, 1)
{
	enum { CLIENTS = 20 };
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	struct service *order = service_start(ORDER, NULL);
	int fds[CLIENTS];

	post_behind_a_lock(order, fds, CLIENTS);
	cr_expect(wait_until(10000, queued(order) == CLIENTS - 1));
	for (int i = 0; i < CLIENTS; i += 2) {
		if (i % 4)
			cr_assert_eq(setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &reset,
						sizeof(reset)),
				     0);
		(void)close(fds[i]);
	}
	sql_run("commit");
	for (int i = 1; i < CLIENTS; i += 2) {
		cr_expect_eq(http_next(fds[i]), 201);
		(void)close(fds[i]);
	}
	cr_expect(wait_until(5000, sql_number("select count(*) from order_table") == CLIENTS));
	cr_expect(wait_until(5000, service_metric(order, "http_connections") <= 2));
}

/* --- clients that read nothing ------------------------------------------------------------- */

/* Connected, with as little room for what it does not read as there can be. */
static int connected_narrow(const struct service *service)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)service->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), room = 1;

	cr_assert_geq(fd, 0);
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)), 0);
	cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* As many requests as the connection takes. False: it has ended. */
static bool say_more(int fd)
{
	const char *text = post("");
	ssize_t n = 0;

	while (n >= 0)
		n = send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
	return errno == EAGAIN;
}

/* Nobody waits for a client: who takes no answer is disconnected. */
LAB_TEST(connections, one_that_reads_nothing_holds_up_nobody, 1)
{
	struct service *order = service_start(ORDER, "HTTP_REQUEST_TIMEOUT_MS=1000", NULL);
	int64_t deadline = mono_ms() + wait_patience(50000);
	int fd = connected_narrow(order);
	struct http_answer polite;

	while (say_more(fd) && mono_ms() < deadline) {
		polite = http_call(order->port, "POST", "/orders", TV, NULL);
		cr_expect_eq(polite.status, 201, "%s%s", polite.error, polite.body);
	}
	cr_expect_eq(service_metric(order, "http_connections_cut_total"), 1);
	(void)close(fd);
}

/* Nor does a stop: 64 MB of answers would be due. */
LAB_TEST(connections, one_that_reads_nothing_holds_up_no_stop, 1)
{
	struct service *order = service_start(ORDER, "HTTP_REQUEST_TIMEOUT_MS=3600000", NULL);
	int fd = connected_narrow(order), asked = 0;

	for (int i = 0; i < 2000; i++)
		(void)send(fd, METRICS, strlen(METRICS), MSG_NOSIGNAL | MSG_DONTWAIT);
	/* Each look is a request, too. */
	cr_expect(wait_until(20000,
			     service_metric(order,
					    "http_requests_total{method=\"GET\",route=\"/metrics\","
					    "status=\"2xx\"}") > ++asked));
	(void)service_stop(order, SIGTERM); /* it ends; else the test's time is over */
	(void)close(fd);
}

/* --- answers and sockets ------------------------------------------------------------------- */

struct crowd {
	const struct service *order;
	int port; /* the client's */
};

/* Connected from a port of its own, which can be used again as soon as the socket is closed. */
static int connected_from(const struct crowd *crowd)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	struct sockaddr_in own = { .sin_family = AF_INET,
				   .sin_port = htons((uint16_t)crowd->port),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in to = own;
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	to.sin_port = htons((uint16_t)crowd->order->port);
	cr_assert_geq(fd, 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	cr_assert_eq(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
	cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* Asks, looks whether the answer is its own, asks again and is gone: its port comes back with
 * another socket, and its socket's number goes to others, while an answer is still due. */
static void *ask_look_ask_and_go(void *context)
{
	const struct crowd *crowd = context;
	char text[1024];

	for (int i = 0; i < 300; i++) {
		int fd = connected_from(crowd);

		for (int n = 0; n <= i % 4; n++) {
			int customer = crowd->port * 1000 + i;
			const char *body = arena_format(
				"{\"customerId\":%d,\"productId\":\"1\",\"productName\":\"TV\","
				"\"qty\":3,\"address\":\"SEOUL\"}",
				customer);

			http_say(
				fd,
				arena_format(
					"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
					"application/json\r\nContent-Length: %zu\r\n\r\n%s",
					strlen(body), body));
			if (n == 3)
				break;
			cr_assert_eq(http_next_text(fd, text), 201);
			cr_assert_neq(strstr(text, arena_format("\"customerId\":%d,", customer)),
				      NULL, "not the answer to %s: %s", body, text);
		}
		(void)close(fd);
	}
	return NULL;
}

LAB_TEST(connections, an_answer_never_goes_to_another_client, 1)
{
	enum { CLIENTS = 8 };
	struct service *order = service_start(ORDER, NULL);
	struct crowd crowds[CLIENTS];
	pthread_t threads[CLIENTS];
	int first_port = ports_free(CLIENTS);

	for (int i = 0; i < CLIENTS; i++) {
		crowds[i] = (struct crowd){ order, first_port + i };
		cr_assert_eq(pthread_create(&threads[i], NULL, ask_look_ask_and_go, &crowds[i]), 0);
	}
	for (int i = 0; i < CLIENTS; i++)
		(void)pthread_join(threads[i], NULL);
	cr_expect(wait_until(5000, service_metric(order, "http_connections") <= 2));
}

/* The queue is full: 503 at once, nothing half done; and the service can still be asked. */
LAB_TEST(connections, a_full_queue_is_refused_at_once, 1)
{
	enum { CLIENTS = 30, QUEUE = 10 };
	struct service *order = service_start(ORDER, "ORDER_QUEUE_MAX=10", NULL);
	struct http_answer refused;
	int fds[CLIENTS], placed = 0, turned_away = 0;

	post_behind_a_lock(order, fds, CLIENTS);
	cr_expect(wait_until(10000, queued(order) == QUEUE));
	refused = http_call(order->port, "POST", "/orders", TV, NULL);
	cr_expect_eq(refused.status, 503, "%s%s", refused.error, refused.body);
	cr_expect_str_eq(http_header(&refused, "Retry-After"), "1");
	cr_expect_str_eq(http_header(&refused, "Content-Type"), "application/problem+json");
	cr_expect_lt(refused.ms, wait_stretch(500));
	refused = http_call(order->port, "DELETE", "/orders/1", NULL, NULL);
	cr_expect_eq(refused.status, 503, "%s%s", refused.error, refused.body);
	cr_expect_eq(http_call(order->port, "GET", "/healthz", NULL, NULL).status, 200);
	sql_run("commit");
	for (int i = 0; i < CLIENTS; i++) {
		int status = http_next(fds[i]);

		cr_expect(status == 201 || status == 503, "%d", status);
		placed += status == 201;
		turned_away += status == 503;
		(void)close(fds[i]);
	}
	cr_expect_geq(placed, QUEUE + 1);
	cr_expect_eq(sql_number("select count(*) from order_table"), placed);
	cr_expect_eq(service_metric(order, "order_queue_refused_total"), turned_away + 2.0);
}

static void *commit_when_stopping(void *context)
{
	struct service *order = context;

	cr_expect(wait_until(10000, service_logged(order, "msg=\"stopping\"")));
	sql_run("commit");
	return NULL;
}

/* A stop: a request in progress is answered, an idle connection is closed, nobody new is taken. */
LAB_TEST(connections, a_stop_answers_what_is_in_flight, 1)
{
	enum { CLIENTS = 12 };
	struct service *order = service_start(ORDER, NULL);
	int idle = http_open(order->port), fds[CLIENTS];
	pthread_t thread;

	http_say(idle, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
	cr_expect_eq(http_next(idle), 200);
	post_behind_a_lock(order, fds, CLIENTS);
	cr_expect(wait_until(10000, queued(order) == CLIENTS - 1));
	cr_assert_eq(pthread_create(&thread, NULL, commit_when_stopping, order), 0);
	service_stop(order, SIGTERM);
	(void)pthread_join(thread, NULL);
	for (int i = 0; i < CLIENTS; i++) {
		cr_expect_eq(http_next(fds[i]), 201);
		cr_expect_eq(http_next(fds[i]), 0);
		(void)close(fds[i]);
	}
	cr_expect_eq(http_next(idle), 0);
	(void)close(idle);
	cr_expect_eq(sql_number("select count(*) from order_table"), CLIENTS);
}

LAB_TEST(connections, expect_100_continue, 1)
{
	struct service *order = service_start(ORDER, NULL);
	int fd = http_open(order->port);

	http_say(fd, arena_format("POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
				  "application/json\r\nContent-Length: %zu\r\n"
				  "Expect: 100-continue\r\n\r\n",
				  strlen(TV)));
	cr_expect_eq(http_next(fd), 100);
	http_say(fd, TV);
	cr_expect_eq(http_next(fd), 201);
	http_say(fd, "POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 70000\r\nExpect: "
		     "100-continue\r\n\r\n");
	cr_expect_eq(http_next(fd), 413);
	cr_expect_eq(http_next(fd), 0);
	(void)close(fd);
}
