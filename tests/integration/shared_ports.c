/*
 * Clients that only their addresses tell apart: they come from four addresses of the loopback
 * interface and share their source ports. Another thread than the one that reads sends the answers,
 * so each must still get its own, and nobody else's.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/fixture.h"
#include "tests/support/ports.h"
#include "tests/support/service.h"
#include "tests/support/wait.h"

enum { SOURCES = 4, PORTS = 4, CLIENTS = SOURCES * PORTS };

#define ROUNDS        25 /* connections of each client, one after the other */
#define ANSWER_MS     5000
#define MISSING_MAX   3 /* a client that has missed so many answers has seen enough */
#define RECEIVED_SIZE 4096

TestSuite(shared_ports, .timeout = 600);

struct client {
	const struct service *order;
	int number;       /* the customer of its orders, and of nobody else's */
	int source, port; /* its address is the source-th after 127.0.0.1 */
	int asked, wrong, missing;
	int fd;
	char received[RECEIVED_SIZE]; /* not read yet, NUL-terminated */
};

/* --- a connection -------------------------------------------------------------------------- */

/* From its own address and port, which can be used again as soon as the socket is closed. */
static bool come(struct client *c)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	struct sockaddr_in own = { .sin_family = AF_INET,
				   .sin_port = htons((uint16_t)c->port),
				   .sin_addr.s_addr =
					   htonl(INADDR_LOOPBACK + (uint32_t)c->source) };
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)c->order->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int on = 1;

	c->received[0] = '\0';
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(c->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	return bind(c->fd, (struct sockaddr *)&own, sizeof(own)) == 0 &&
	       connect(c->fd, (struct sockaddr *)&to, sizeof(to)) == 0;
}

/* More of what was sent to it. False: the connection has ended, or nothing came in time. */
static bool receive(struct client *c, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = c->fd, .events = POLLIN };
	size_t len = strlen(c->received);
	ssize_t n;

	if (poll(&poll_fd, 1, timeout_ms) <= 0)
		return false;
	n = recv(c->fd, c->received + len, RECEIVED_SIZE - 1 - len, 0);
	if (n > 0)
		c->received[len + (size_t)n] = '\0';
	return n > 0;
}

/* How long the first answer in text is; 0: it is not whole yet. */
static size_t answer_len(const char *text)
{
	const char *end = strstr(text, "\r\n\r\n"), *length = strstr(text, "Content-Length: ");
	size_t len;

	if (!end)
		return 0;
	len = (size_t)(end + 4 - text);
	if (length && length < end)
		len += strtoul(length + strlen("Content-Length: "), NULL, 10);
	return len <= strlen(text) ? len : 0;
}

/* --- questions ----------------------------------------------------------------------------- */

static bool say(const struct client *c, const char *method, const char *path, const char *body)
{
	char text[1024];
	int len = snprintf(text, sizeof(text),
			   "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
			   "application/json\r\nContent-Length: %zu\r\n\r\n%s",
			   method, path, strlen(body), body);

	return send(c->fd, text, (size_t)len, MSG_NOSIGNAL) == len;
}

/* The first answer must have the status, and own in its body. It is left in answer. False: no. */
static bool ask(struct client *c, const char *method, const char *path, const char *body,
		int status, const char *own, char answer[RECEIVED_SIZE])
{
	int got = 0;
	size_t len;

	c->asked++;
	if (say(c, method, path, body)) {
		while (answer_len(c->received) == 0 && receive(c, (int)wait_stretch(ANSWER_MS)))
			;
	}
	len = answer_len(c->received);
	if (len == 0) {
		c->missing++;
		c->received[0] = '\0';
		return false;
	}
	(void)snprintf(answer, RECEIVED_SIZE, "%.*s", (int)len, c->received);
	memmove(c->received, c->received + len, strlen(c->received + len) + 1);
	if (sscanf(answer, "HTTP/1.1 %d", &got) == 1 && got == status && strstr(answer, own))
		return true;
	c->wrong++;
	return false;
}

/* What an order of this client and address has in its JSON. */
static void order_text(const struct client *c, int address, char text[200])
{
	(void)snprintf(text, 200,
		       "\"customerId\":%d,\"productId\":\"1\",\"productName\":\"TV\",\"qty\":3,"
		       "\"address\":\"%d\"",
		       c->number, address);
}

/* An order placed, changed and read. Its address is another one each time. */
static bool use_an_order(struct client *c)
{
	char answer[RECEIVED_SIZE], own[200], body[256], path[64];
	const char *id;

	order_text(c, c->asked, own);
	(void)snprintf(body, sizeof(body), "{%s}", own);
	if (!ask(c, "POST", "/orders", body, 201, own, answer))
		return false;
	id = strstr(answer, "{\"id\":");
	(void)snprintf(path, sizeof(path), "/orders/%ld", id ? strtol(id + 6, NULL, 10) : 0);
	(void)snprintf(body, sizeof(body), "{\"address\":\"%d\"}", c->asked);
	order_text(c, c->asked, own);
	return ask(c, "PATCH", path, body, 200, own, answer) &&
	       ask(c, "GET", path, "", 200, own, answer);
}

/* An answer that nobody asked for is another client's. Who leaves in the midst of a question does
 * not wait for its answer. */
static void leave(struct client *c, bool in_the_midst)
{
	char own[200], body[256];

	if (c->received[0] || receive(c, 0))
		c->wrong++;
	order_text(c, c->asked, own);
	(void)snprintf(body, sizeof(body), "{%s}", own);
	if (in_the_midst)
		(void)say(c, "POST", "/orders", body);
	(void)close(c->fd);
}

/* --- the tests ----------------------------------------------------------------------------- */

/*
 * Comes and goes, from the same port each time. The connections last differently long: of those
 * that share a port some are alone when the server looks for their sockets, and some are not.
 */
static void *come_ask_and_go(void *context)
{
	struct client *c = context;

	for (int round = 0; round < ROUNDS && c->missing < MISSING_MAX; round++) {
		int orders = 1 + (round * 5 + c->number * 3) % 16;

		if (!come(c))
			c->missing++;
		while (orders > 0 && use_an_order(c))
			orders--;
		leave(c, round % 3 == 2);
	}
	return NULL;
}

static void each_has_its_own_answers(const struct service *order)
{
	static struct client clients[CLIENTS];
	pthread_t threads[CLIENTS];
	int first_port = ports_free(PORTS), asked = 0, wrong = 0, missing = 0;

	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = (struct client){ .order = order,
					      .number = i + 1,
					      .source = i % SOURCES,
					      .port = first_port + i / SOURCES };
		cr_assert_eq(pthread_create(&threads[i], NULL, come_ask_and_go, &clients[i]), 0);
	}
	for (int i = 0; i < CLIENTS; i++) {
		(void)pthread_join(threads[i], NULL);
		asked += clients[i].asked;
		wrong += clients[i].wrong;
		missing += clients[i].missing;
	}
	cr_expect_eq(wrong + missing, 0, "of %d answers %d were another client's, %d did not come",
		     asked, wrong, missing);
	cr_expect_geq(asked, CLIENTS * ROUNDS * 3);
	cr_expect(wait_until(5000, service_metric(order, "http_connections") <= 2));
}

LAB_TEST(shared_ports, each_client_has_its_own_answers, 1)
{
	each_has_its_own_answers(service_start(ORDER, NULL));
}
