/*
 * HTTPS: what is spoken, who waits for whom in a handshake, certificates that are exchanged while
 * the service runs.
 */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/arena.h"
#include "tests/support/certificates.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/http_socket.h"
#include "tests/support/program.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/tls_socket.h"
#include "tests/support/wait.h"

TestSuite(http_tls, .timeout = 240);

#define TV                                                                                         \
	"{\"customerId\":1000,\"productId\":\"100\",\"productName\":\"TV\",\"qty\":3,\"address\":" \
	"\"SEOUL\"}"
#define GET  "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define LAST "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
#define POST                                                                                       \
	"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"           \
	"Content-Length: 82\r\n\r\n" TV

/* An authority that http_call trusts from here on. */
static struct authority *trusted_authority(void)
{
	struct authority *authority = authority_make("lab");

	cr_assert_eq(setenv("HTTP_CA", authority_path(authority), 1), 0);
	return authority;
}

static struct service *start(const struct certificate *server, const char *more)
{
	return service_start(ORDER, arena_format("HTTP_TLS_CERT=%s", server->certificate),
			     arena_format("HTTP_TLS_KEY=%s", server->key), more, NULL);
}

/* One with a certificate of its own authority. */
static struct service *start_any(const char *more)
{
	const struct certificate server = authority_server(trusted_authority(), "server");

	return start(&server, more);
}

static int expect_answer(struct tls_socket *tls, const char *request)
{
	tls_say(tls, request);
	return tls_next(tls);
}

/* --- what is spoken ------------------------------------------------------------------------ */

LAB_TEST(http_tls, tls_1_2_and_1_3_are_spoken_and_nothing_older, 1)
{
	struct service *order = start_any(NULL);
	struct tls_socket *old = tls_open(order->port, "NORMAL:-VERS-ALL:+VERS-TLS1.2"),
			  *new = tls_open(order->port, "NORMAL");

	cr_assert(old && new);
	cr_expect_str_eq(tls_version(old), "TLS1.2");
	cr_expect_str_eq(tls_version(new), "TLS1.3");
	cr_expect_eq(expect_answer(old, GET), 200);
	cr_expect_eq(expect_answer(new, GET), 200);
	cr_expect_null(tls_open(order->port, "NORMAL:-VERS-ALL:+VERS-TLS1.1:%COMPAT"));
	cr_expect_null(tls_open(order->port, "NORMAL:-VERS-ALL:+VERS-TLS1.0:%COMPAT"));
	cr_expect(service_metric_reaches(order, "http_tls_handshakes_failed_total", 2));
	tls_close(old);
	tls_close(new);
}

/* Records of TLS and requests of HTTP begin and end where they like. */
LAB_TEST(http_tls, requests_and_records_need_not_match, 1)
{
	enum { MANY = 100 };
	struct service *order = start_any(NULL);
	struct tls_socket *tls = tls_open(order->port, "NORMAL");
	char *many = arena_alloc(MANY * strlen(GET) + 1);
	char *body = arena_format("{\"customerId\":1,\"productId\":\"1\",\"productName\":\"TV\","
				  "\"qty\":3,\"address\":\"S\"%60000s}",
				  "");

	for (size_t i = 0; i < MANY; i++)
		memcpy(many + i * strlen(GET), GET, strlen(GET));
	cr_assert_not_null(tls);
	cr_assert_eq(strlen(TV), 82);
	tls_say(tls, GET POST GET POST);
	cr_expect_eq(tls_next(tls), 200);
	cr_expect_eq(tls_next(tls), 201);
	cr_expect_eq(tls_next(tls), 200);
	cr_expect_eq(tls_next(tls), 201);
	for (const char *at = POST GET; *at; at++)
		tls_say(tls, arena_format("%c", *at));
	cr_expect_eq(tls_next(tls), 201);
	cr_expect_eq(tls_next(tls), 200);
	tls_say(tls, arena_format("POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
				  "application/json\r\nContent-Length: %zu\r\n\r\n%s" GET,
				  strlen(body), body));
	cr_expect_eq(tls_next(tls), 201);
	cr_expect_eq(tls_next(tls), 200);
	/* A record that is larger than what the library reads at once, with answers that wait. */
	tls_say(tls, arena_format("%s%s" POST "%s" POST, many, many, many));
	for (int i = 0; i < 3 * MANY + 2; i++)
		cr_expect_eq(tls_next(tls), i == 2 * MANY || i == 3 * MANY + 1 ? 201 : 200);
	cr_expect_eq(expect_answer(tls, LAST), 200);
	cr_expect_eq(tls_next(tls), 0);
	tls_close(tls);
	cr_expect_eq(sql_number("select count(*) from order_table"), 6);
}

LAB_TEST(http_tls, an_answer_may_be_long, 1)
{
	struct service *order = start_any(NULL);
	struct http_answer answer = http_call(order->port, "GET", "/openapi.json", NULL, NULL);

	cr_expect_eq(answer.status, 200, "%s", answer.error);
	cr_expect_str_eq(json_text(answer.json, "openapi"), "3.1.0");
	cr_expect_gt(answer.body_len, 16384); /* more than a record takes */
}

LAB_TEST(http_tls, who_speaks_http_is_told_so, 1)
{
	struct service *order = start_any(NULL);
	struct http_answer answer = http_raw(order->port, GET, strlen(GET));

	cr_expect_eq(answer.status, 400, "%s", answer.error);
	cr_expect_not_null(strstr(answer.body, "HTTPS"), "%s", answer.body);
	cr_expect(service_metric_reaches(order, "http_tls_plain_total", 1));
	cr_expect(service_metric_reaches(order, "http_tls_handshakes_failed_total", 1));
}

LAB_TEST(http_tls, two_hundred_connections, 1)
{
	enum { CLIENTS = 200 };
	struct service *order = start_any(NULL);
	struct tls_socket *clients[CLIENTS];

	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = tls_open(order->port, "NORMAL");
		cr_assert_not_null(clients[i]);
	}
	for (int i = 0; i < CLIENTS; i++)
		tls_say(clients[i], i % 2 ? POST GET : GET POST);
	for (int i = 0; i < CLIENTS; i++) {
		cr_expect_eq(tls_next(clients[i]) + tls_next(clients[i]), 200 + 201);
		tls_close(clients[i]);
	}
	cr_expect_eq(service_metric(order, "http_tls_handshakes_failed_total"), 0);
}

LAB_TEST(http_tls, pages_of_its_own_are_https, 1)
{
	struct service *order = start_any(NULL);
	const char *own = arena_format("Origin: https://127.0.0.1:%d", order->port);
	const char *plain = arena_format("Origin: http://127.0.0.1:%d", order->port);
	struct tls_socket *tls = tls_open(order->port, "NORMAL");

	cr_expect_eq(http_call(order->port, "GET", "/orders", NULL, own, NULL).status, 200);
	cr_expect_eq(http_call(order->port, "GET", "/orders", NULL, plain, NULL).status, 403);
	cr_assert_not_null(tls);
	cr_expect_eq(expect_answer(tls, "GET https://localhost/healthz HTTP/1.1\r\nHost: "
					"localhost\r\n\r\n"),
		     200);
	cr_expect_eq(expect_answer(tls, "GET http://localhost/healthz HTTP/1.1\r\nHost: "
					"localhost\r\n\r\n"),
		     421);
	tls_close(tls);
}

/* --- handshakes that do not end ------------------------------------------------------------ */

/* A ClientHello's beginning: a record of 256 bytes, of which 6 come. */
static int stop_in_the_middle(const struct service *order)
{
	static const unsigned char hello[] = { 22, 3, 1, 1, 0, 1, 0, 0, 252, 3, 3 };
	int fd = http_open(order->port);

	cr_assert_eq(send(fd, hello, sizeof(hello), MSG_NOSIGNAL), (ssize_t)sizeof(hello));
	return fd;
}

/* Whoever stops in its handshake is cut off, and until then costs nobody anything. */
LAB_TEST(http_tls, a_handshake_that_stops_holds_up_nobody, 1)
{
	enum { CLIENTS = 20, TIMEOUT_MS = 4000 };
	struct service *order = start_any("HTTP_REQUEST_TIMEOUT_MS=4000");
	int64_t computed_ms;
	int fds[CLIENTS];

	for (int i = 0; i < CLIENTS; i++)
		fds[i] = i % 2 ? stop_in_the_middle(order) : http_open(order->port);
	cr_expect_eq(http_call(order->port, "POST", "/orders", TV, NULL).status, 201);
	computed_ms = service_computed_ms(order);
	for (int i = 0; i < CLIENTS; i++) {
		cr_expect_eq(http_next(fds[i]), 0);
		(void)close(fds[i]);
	}
	/* A loop that looks after them without pause would take a processor until then. */
	computed_ms = service_computed_ms(order) - computed_ms;
	cr_expect_lt(computed_ms, TIMEOUT_MS / 8, "computed for %" PRId64 " ms", computed_ms);
	cr_expect(service_metric_reaches(order, "http_tls_handshakes_failed_total", CLIENTS));
	cr_expect(service_metric_reaches(order, "http_connections", 1));
}

/* Byte by byte, a handshake comes to its end. */
LAB_TEST(http_tls, a_handshake_may_come_in_pieces, 1)
{
	struct service *order = start_any(NULL);

	for (int i = 0; i < 3; i++)
		cr_expect_eq(http_call(order->port, "GET", "/healthz", NULL, NULL).status, 200);
	for (int i = 0; i < 2; i++) {
		struct tls_socket *tls = tls_open_slowly(order->port);

		cr_assert_not_null(tls);
		cr_expect_eq(expect_answer(tls, POST), 201);
		tls_close(tls);
	}
}

/* Nobody would wait for them for ten minutes; a stop that did would not end with status 0. */
LAB_TEST(http_tls, a_stop_does_not_wait_for_handshakes, 1)
{
	struct service *order = start_any("HTTP_REQUEST_TIMEOUT_MS=600000");
	int silent = http_open(order->port), stopped = stop_in_the_middle(order);
	struct tls_socket *idle = tls_open(order->port, "NORMAL");

	cr_assert_not_null(idle);
	cr_expect_eq(expect_answer(idle, GET), 200);
	(void)service_stop(order, SIGTERM);
	cr_expect_eq(http_next(silent), 0);
	cr_expect_eq(http_next(stopped), 0);
	cr_expect_eq(tls_next(idle), 0);
	(void)close(silent);
	(void)close(stopped);
	tls_close(idle);
}

/* --- certificates that are exchanged ------------------------------------------------------- */

static uint32_t serial_now(const struct service *order)
{
	struct tls_socket *tls = tls_open(order->port, "NORMAL");
	uint32_t serial;

	cr_assert_not_null(tls);
	cr_expect_eq(expect_answer(tls, LAST), 200);
	serial = tls_serial(tls);
	tls_close(tls);
	return serial;
}

struct asking {
	const struct service *order;
	_Atomic bool over;
	_Atomic int answers, errors;
};

/* A connection for each request, until it is over. */
static void *ask_on(void *context)
{
	struct asking *asking = context;

	while (!atomic_load(&asking->over)) {
		struct http_answer answer =
			http_call(asking->order->port, "GET", "/healthz", NULL, NULL);

		atomic_fetch_add(answer.status == 200 ? &asking->answers : &asking->errors, 1);
	}
	return NULL;
}

LAB_TEST(http_tls, a_reload_interrupts_nobody, 1)
{
	enum { RELOADS = 5 };
	struct authority *authority = trusted_authority();
	const struct certificate first = authority_server(authority, "server");
	struct service *order = start(&first, NULL);
	struct asking asking = { .order = order };
	struct tls_socket *kept = tls_open(order->port, "NORMAL");
	uint32_t before;
	pthread_t thread;

	cr_assert_not_null(kept);
	cr_assert_eq(pthread_create(&thread, NULL, ask_on, &asking), 0);
	before = serial_now(order);
	for (int i = 0; i < RELOADS; i++) {
		const int answers = atomic_load(&asking.answers);

		(void)authority_server(authority, "server");
		service_signal(order, SIGHUP);
		cr_expect(wait_until(60000, serial_now(order) == before + 1));
		before++;
		cr_expect(wait_until(60000, atomic_load(&asking.answers) > answers));
	}
	atomic_store(&asking.over, true);
	(void)pthread_join(thread, NULL);
	cr_expect_eq(atomic_load(&asking.errors), 0);
	cr_expect_eq(expect_answer(kept, POST), 201);
	cr_expect_eq(tls_serial(kept) + RELOADS, before);
	tls_close(kept);
	cr_expect_eq(service_metric(order, "http_tls_reload_failures_total"), 0);
	cr_expect_eq(service_metric(order, "http_tls_handshakes_failed_total"), 0);
}

LAB_TEST(http_tls, a_broken_file_leaves_the_old_certificate, 1)
{
	struct authority *authority = trusted_authority();
	const struct certificate server = authority_server(authority, "server");
	const struct certificate other = authority_server(authority, "other");
	struct service *order = start(&server, NULL);
	const uint32_t before = serial_now(order);
	double expires_s;

	service_allow_errors();
	(void)test_file("server.pem", "-----BEGIN CERTIFICATE-----\n");
	service_signal(order, SIGHUP);
	cr_expect(wait_until(60000, service_metric(order, "http_tls_reload_failures_total") == 1));
	cr_expect(service_logs(order, "ERROR http msg=\"a file cannot be used"));
	cr_expect_eq(serial_now(order), before);
	/* A key that is not the certificate's. */
	cr_assert_eq(rename(other.certificate, server.certificate), 0);
	service_signal(order, SIGHUP);
	cr_expect(wait_until(60000, service_metric(order, "http_tls_reload_failures_total") == 2));
	cr_expect_eq(serial_now(order), before);
	expires_s = service_metric(order, "http_tls_certificate_expires_seconds");
	cr_expect_eq((int64_t)expires_s, server.expires_s);
}

LAB_TEST(http_tls, files_that_cannot_be_used_are_told_at_the_start, 1)
{
	const struct certificate server = authority_server(trusted_authority(), "server");
	const char *certificate = arena_format("HTTP_TLS_CERT=%s", server.certificate);
	const char *const alone[] = { certificate, NULL };
	const char *const missing[] = { certificate, "HTTP_TLS_KEY=/nowhere", "HTTP_PORT=0", NULL };
	struct program_run run = program_run(ORDER, "--check-config", alone);

	cr_expect_eq(run.status, 2);
	cr_expect_not_null(strstr(run.output, "HTTP_TLS_CERT, HTTP_TLS_KEY: both or neither"), "%s",
			   run.output);
	run = program_run(ORDER, NULL, missing);
	cr_expect_eq(run.status, 2);
	cr_expect_not_null(strstr(run.output, "HTTP_TLS_KEY=/nowhere"), "%s", run.output);
}

/* --- the project's own clients ------------------------------------------------------------- */

LAB_TEST(http_tls, the_probe_asks_by_https, 1)
{
	struct authority *authority = trusted_authority();
	const struct certificate server = authority_server(authority, "server");
	struct service *order = start(&server, NULL);
	const char *const own[] = { arena_format("HTTP_PORT=%d", order->port),
				    arena_format("HTTP_TLS_CERT=%s", server.certificate),
				    arena_format("HTTP_TLS_KEY=%s", server.key), "HTTP_CA=", NULL };
	const char *const by_authority[] = { own[0], own[1], own[2],
					     arena_format("HTTP_CA=%s", authority_path(authority)),
					     NULL };
	const char *const foreign[] = {
		own[0], own[1], own[2],
		arena_format("HTTP_CA=%s", authority_path(authority_make("foreign"))), NULL
	};

	cr_expect_eq(program_run(ORDER, "--ready", own).status, 0);
	cr_expect_eq(program_run(ORDER, "--alive", by_authority).status, 0);
	cr_expect_eq(program_run(ORDER, "--alive", foreign).status, 1);
}

/* order-service calls delivery-service as whoever its settings say. */
static int place_through(const struct certificate *server, const struct service *delivery,
			 const char *first, const char *second)
{
	struct service *order =
		service_start(ORDER, arena_format("HTTP_TLS_CERT=%s", server->certificate),
			      arena_format("HTTP_TLS_KEY=%s", server->key), "DISPATCH=http",
			      arena_format("DELIVERY_URL=https://127.0.0.1:%d", delivery->port),
			      first, second, NULL);

	return http_call(order->port, "POST", "/orders", TV, NULL).status;
}

LAB_TEST(http_tls, order_service_calls_by_https, 1)
{
	struct authority *authority = trusted_authority();
	const struct certificate server = authority_server(authority, "server");
	const struct certificate client = authority_client(authority, "orders");
	/* SHA-256 of sesame */
	const char *identities = test_file(
		"identities",
		"orders write cn:orders\n"
		"orders write "
		"sha256:d0c04f4b1951e4aeaaec8223ed2039e542f3aae805a6fa7f6d794e5afff5d272\n");
	const char *token = test_file("token", "sesame\n");
	const char *foreign = authority_path(authority_make("foreign"));
	struct service *delivery = service_start(
		DELIVERY, arena_format("HTTP_TLS_CERT=%s", server.certificate),
		arena_format("HTTP_TLS_KEY=%s", server.key),
		arena_format("HTTP_CLIENT_CA=%s", authority_path(authority)),
		arena_format("HTTP_IDENTITIES=%s", identities), "DISPATCH=http", NULL);

	cr_expect_eq(place_through(&server, delivery,
				   arena_format("HTTP_CLIENT_CERT=%s", client.certificate),
				   arena_format("HTTP_CLIENT_KEY=%s", client.key)),
		     201);
	cr_expect_eq(place_through(&server, delivery, arena_format("HTTP_TOKEN_FILE=%s", token),
				   NULL),
		     201);
	cr_expect_eq(place_through(&server, delivery, NULL, NULL), 502);
	cr_expect_eq(place_through(&server, delivery, arena_format("HTTP_TOKEN_FILE=%s", token),
				   arena_format("HTTP_CA=%s", foreign)),
		     502);
}
