/*
 * The load generator of the labs and benchmarks: what it counts is what happened, and in open loop
 * nobody's lateness slows it down.
 */
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
#include "tests/support/ports.h"
#include "tests/support/program.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/stack.h"
#include "tests/support/wait.h"

TestSuite(load, .timeout = 600);

/* Runs it with the settings ("NAME=value", ended by NULL); its result. */
static json_t *load(const char *const *settings)
{
	struct program_run run = program_run("load", NULL, settings);
	const char *object = strchr(run.output, '{');
	json_t *result;

	cr_assert_eq(run.status, 0, "%s", run.output);
	result = object ? arena_json(json_loads(object, 0, NULL)) : NULL;
	cr_assert_not_null(result, "%s", run.output);
	return result;
}

static const char *file(const char *name)
{
	return arena_format("%s/%s-%s", stack_run_dir(), fixture.name, name);
}

static int lines_of(const char *path)
{
	FILE *in = fopen(path, "re");
	int lines = 0;

	cr_assert_not_null(in, "%s", path);
	for (int c; (c = getc(in)) != EOF;)
		lines += c == '\n';
	(void)fclose(in);
	return lines;
}

LAB_TEST(load, orders_at_a_steady_rate, 1)
{
	struct service *order = service_start(ORDER, NULL);
	const char *acks = file("acks"), *series = file("series");
	json_t *result = load((const char *const[]){
		arena_format("PORTS=%d", order->port), "RATE=100", "COUNT=150",
		arena_format("ACKS=%s", acks), arena_format("SERIES=%s", series), NULL });

	cr_expect_eq(json_number(result, "answered"), 150);
	cr_expect_eq(json_number(result, "errors"), 0);
	cr_expect_eq(json_number(result, "timed_out"), 0);
	cr_expect_geq(json_number(result, "took_ms"), 1490, "the rate was exceeded");
	cr_expect_lt(json_number(result, "took_ms"), 1490 + wait_stretch(2000));
	cr_expect_eq(sql_number("select count(*) from orders.orders"), 150);
	cr_expect_eq(lines_of(acks), 150);
	cr_expect_geq(lines_of(series), 1 + 2, "a heading, and a line a second");
}

/* The server stands still. Ten calls find a connection, the others wait for one; each is counted as
 * timed out half a second after it was due, and the last is due after a second. */
LAB_TEST(load, nobody_slows_the_sender, 1)
{
	struct service *order = service_start(ORDER, NULL);
	json_t *result;

	service_signal(order, SIGSTOP);
	result = load((const char *const[]){ arena_format("PORTS=%d", order->port), "RATE=100",
					     "COUNT=100", "CONNECTIONS=10", "TIMEOUT_MS=500",
					     NULL });
	service_signal(order, SIGCONT);
	cr_expect_eq(json_number(result, "answered"), 0);
	cr_expect_eq(json_number(result, "timed_out"), 100);
	cr_expect_eq(json_number(result, "connections"), 10);
	cr_expect_geq(json_number(result, "took_ms"), 1490 - 10);
	cr_expect_lt(json_number(result, "took_ms"), 1490 + wait_stretch(1500));
}

/* Closed loop, two services, of which one is not there: its users get errors. */
LAB_TEST(load, users_and_errors, 1)
{
	struct service *order = service_start(ORDER, NULL), *gone = service_start(ORDER, NULL);
	int64_t answered;
	json_t *result;

	(void)service_stop(gone, SIGTERM);
	result = load((const char *const[]){ arena_format("PORTS=%d,%d", order->port, gone->port),
					     "RATE=0", "CONNECTIONS=4", "COUNT=400", NULL });
	answered = json_number(result, "answered");
	cr_expect_geq(answered, 2);
	cr_expect_eq(json_number(result, "errors"), 400 - answered);
	cr_expect_eq(json_number(json_object_get(result, "statuses"), "none"), 400 - answered);
	cr_expect_eq(json_number(result, "connections"), 4);
	cr_expect_eq(sql_number("select count(*) from orders.orders"), answered);
}

/* --- connections ----------------------------------------------------------------------------- */

/* A server that answers whatever comes, and keeps each connection until the client ends it. */
struct door {
	int listener, port;
	_Atomic int taken;
};

static void *answer_all(void *context)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	int fd = (int)(intptr_t)context;
	char text[1024];

	while (recv(fd, text, sizeof(text), 0) > 0)
		(void)send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
	(void)close(fd);
	return NULL;
}

static void *take_all(void *context)
{
	struct door *door = context;
	pthread_t thread;
	int fd;

	while ((fd = accept(door->listener, NULL, NULL)) >= 0) {
		atomic_fetch_add(&door->taken, 1);
		if (pthread_create(&thread, NULL, answer_all, (void *)(intptr_t)fd) == 0)
			(void)pthread_detach(thread);
	}
	return NULL;
}

static struct door *open_door(void)
{
	struct door *door = arena_alloc(sizeof(*door));
	pthread_t thread;

	door->listener = ports_listen(&door->port);
	cr_assert_eq(pthread_create(&thread, NULL, take_all, door), 0);
	(void)pthread_detach(thread);
	return door;
}

/* How many connections two callers make for a hundred calls. */
static int connections_made(const char *keep)
{
	struct door *door = open_door();
	json_t *result =
		load((const char *const[]){ arena_format("PORTS=%d", door->port), "METHOD=GET",
					    "RATE=0", "CONNECTIONS=2", "COUNT=100", keep, NULL });

	cr_expect_eq(json_number(result, "answered"), 100);
	cr_expect_eq(json_number(result, "connections"), 2);
	return atomic_load(&door->taken);
}

LAB_TEST(load, a_connection_for_each_call, 1)
{
	cr_expect_eq(connections_made("KEEP=0"), 100);
	cr_expect_eq(connections_made("KEEP=1"), 2);
}

/* A service that closes its connections, as order-service does when most of its threads are taken,
 * costs no call. */
LAB_TEST(load, connections_are_made_again, 1)
{
	struct service *order = service_start(ORDER, "HTTP_THREADS=4", NULL);
	json_t *result =
		load((const char *const[]){ arena_format("PORTS=%d", order->port), "RATE=0",
					    "CONNECTIONS=20", "COUNT=500", NULL });

	cr_expect_eq(json_number(result, "answered"), 500);
	cr_expect_eq(sql_number("select count(*) from orders.orders"), 500);
}

#define TOKEN "a-token-of-the-load-generator"
#define IDENTITIES                                                                                 \
	"token read,write sha256:%s\n"                                                             \
	"certificate read,write cn:load\n"
#define TOKEN_HASH "56b4645fb3a64db36cb9b5aa7e8b08dd3ac4b152044767b3e9c9d7af0e8b471d"

/* By https, as who it is by a token or a certificate; and a service that it does not trust. */
LAB_TEST(load, connections_by_https_are_made_again_too, 1)
{
	const struct authority *authority = authority_make("lab");
	const struct certificate server = authority_server(authority, "server"),
				 client = authority_client(authority, "load");
	const char *ca = arena_format("HTTP_CA=%s", authority_path(authority)), *port;
	const char *token = arena_format("HTTP_TOKEN_FILE=%s", test_file("token", TOKEN "\n"));
	struct service *order;
	json_t *result;

	cr_assert_eq(setenv("HTTP_CA", authority_path(authority), 1), 0);
	order = service_start(
		ORDER, arena_format("HTTP_TLS_CERT=%s", server.certificate),
		arena_format("HTTP_TLS_KEY=%s", server.key),
		arena_format("HTTP_CLIENT_CA=%s", authority_path(authority)),
		arena_format("HTTP_IDENTITIES=%s",
			     test_file("identities", arena_format(IDENTITIES, TOKEN_HASH))),
		"HTTP_THREADS=4", NULL);
	port = arena_format("PORTS=%d", order->port);
	result = load((const char *const[]){ port, ca, token, "RATE=0", "CONNECTIONS=20",
					     "COUNT=500", NULL });
	cr_expect_eq(json_number(result, "answered"), 500);
	cr_expect_eq(sql_number("select count(*) from orders.orders"), 500);
	result = load((const char *const[]){
		port, ca, arena_format("HTTP_CLIENT_CERT=%s", client.certificate),
		arena_format("HTTP_CLIENT_KEY=%s", client.key), "RATE=0", "COUNT=7", NULL });
	cr_expect_eq(json_number(result, "answered"), 7);
	result = load((const char *const[]){
		port, arena_format("HTTP_CA=%s", authority_path(authority_make("other"))), token,
		"RATE=0", "COUNT=7", NULL });
	cr_expect_eq(json_number(json_object_get(result, "statuses"), "none"), 7);
	result = load((const char *const[]){ port, ca, token, "RATE=0", "CONNECTIONS=2", "COUNT=20",
					     "KEEP=0", NULL });
	cr_expect_eq(json_number(result, "answered"), 20);
	result = load((const char *const[]){ port, ca, "RATE=0", "COUNT=7", NULL });
	cr_expect_eq(json_number(json_object_get(result, "statuses"), "401"), 7);
}

LAB_TEST(load, looks_at_an_order, 1)
{
	struct service *order = service_start(ORDER, NULL);
	const char *port = arena_format("PORTS=%d", order->port);
	json_t *result = load((const char *const[]){ port, "METHOD=GET", "TARGET=/orders/1",
						     "RATE=0", "COUNT=7", NULL });

	cr_expect_eq(json_number(json_object_get(result, "statuses"), "404"), 7);
	(void)load((const char *const[]){ port, "COUNT=1", NULL });
	result = load((const char *const[]){ port, "METHOD=GET", "TARGET=/orders/1", "RATE=0",
					     "COUNT=7", NULL });
	cr_expect_eq(json_number(result, "answered"), 7);
	cr_expect_eq(json_number(result, "errors"), 0);
}

LAB_TEST(load, bad_ports, 1)
{
	struct program_run run =
		program_run("load", NULL, (const char *const[]){ "PORTS=8081,http", NULL });

	cr_expect_eq(run.status, 2);
	cr_expect_not_null(strstr(run.output, "PORTS='8081,http'"), "%s", run.output);
}
