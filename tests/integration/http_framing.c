/*
 * Where a request ends, RFC 9112: what two readers could understand differently is refused, the
 * connection is closed, and nothing of it has an effect. Each head is followed by what it could
 * hide: a DELETE that would be carried out.
 */
#include <string.h>
#include <unistd.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/http_socket.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"

TestSuite(http_framing, .timeout = 300);

#define TV                                                                                         \
	"{\"customerId\":1000,\"productId\":\"100\",\"productName\":\"TV\",\"qty\":3,\"address\":" \
	"\"SEOUL\"}"
#define POST   "POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
#define HIDDEN "DELETE /orders/1 HTTP/1.1\r\nHost: localhost\r\n\r\n"

static int64_t orders(void)
{
	return sql_number("select count(*) from orders.orders where status <> 'ORDER CANCELLED'");
}

static struct service *start_with_an_order(void)
{
	struct service *order = service_start(ORDER, NULL);

	cr_assert_eq(http_call(order->port, "POST", "/orders", TV, NULL).status, 201);
	return order;
}

/* Refused with that status, and closed: nothing behind it is answered with another one, no order
 * comes or goes. */
static void expect_closed(const struct service *order, const char *text, int status)
{
	struct http_answer answer = http_raw(order->port, text, strlen(text));
	const char *line = arena_format("HTTP/1.1 %d", status);

	cr_expect_eq(answer.status, status, "%.150s: %.100s%s", text, answer.headers, answer.error);
	for (const char *at = answer.headers; (at = strstr(at, "HTTP/1.1 ")); at++)
		cr_expect_eq(strncmp(at, line, strlen(line)), 0, "%.150s: %s", text,
			     answer.headers);
	cr_expect_str_eq(http_header(&answer, "Connection"), "close", "%.150s", text);
	cr_expect_eq(orders(), 1, "%.150s", text);
}

LAB_TEST(http_framing, lengths_that_are_none, 1)
{
	static const char *const fields[] = {
		"Content-Length: 5\r\nContent-Length: 0\r\n",
		"Content-Length: 0\r\nContent-Length: 0\r\n",
		"Content-Length: 0, 0\r\n",
		"Content-Length: 0,5\r\n",
		"Content-Length: +0\r\n",
		"Content-Length: -1\r\n",
		"Content-Length: 0x0\r\n",
		"Content-Length: 0 0\r\n",
		"Content-Length: 0;\r\n",
		"Content-Length: 1e0\r\n",
		"Content-Length:\r\n",
		"Content-Length: \"0\"\r\n",
		"Content-Length : 0\r\n",
		" Content-Length: 0\r\n",
		"X: y\r\n Content-Length: 0\r\n",
		"X: y\r\n\tContent-Length: 0\r\n",
		"Content-Length\r\n",
		"Content Length: 0\r\n",
		"Content-Length\t: 0\r\n",
	};
	struct service *order = start_with_an_order();

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		expect_closed(order, arena_format("%s%s\r\n%s", POST, fields[i], HIDDEN), 400);
	expect_closed(order, POST "Content-Length: 18446744073709551616\r\n\r\n" HIDDEN, 413);
}

LAB_TEST(http_framing, transfer_codings_that_are_none, 1)
{
	static const struct {
		const char *fields;
		int status;
	} cases[] = {
		{ "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400 },
		{ "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400 },
		{ "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", 400 },
		{ "Transfer-Encoding : chunked\r\n", 400 },
		{ "Transfer-Encoding\t: chunked\r\n", 400 },
		{ "X: y\r\n Transfer-Encoding: chunked\r\n", 400 },
		{ "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400 },
		{ "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", 400 },
		{ "Transfer-Encoding: identity\r\n", 400 },
		{ "Transfer-Encoding: xchunked\r\n", 400 },
		{ "Transfer-Encoding: chunked, identity\r\n", 400 },
		{ "Transfer-Encoding: chunked, chunked\r\n", 400 },
		{ "Transfer-Encoding: chunked;q=1\r\n", 400 },
		{ "Transfer-Encoding: \"chunked\"\r\n", 400 },
		{ "Transfer-Encoding: chunk\r\n", 400 },
		{ "Transfer-Encoding:\r\n", 400 },
		{ "Transfer-Encoding: \x0b"
		  "chunked\r\n",
		  400 },
		{ "Transfer-Encoding: gzip\r\n", 400 },
		{ "Transfer-Encoding: chunked \r\n", 400 },
		{ "Transfer-Encoding: chunked\t\r\n", 400 },
		{ "Transfer-Encoding: chunked,\r\n", 400 },
		{ "Transfer-Encoding: ,chunked\r\n", 400 },
		{ "Transfer-Encoding: gzip, chunked\r\n", 501 },
	};
	struct service *order = start_with_an_order();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_closed(order,
			      arena_format("%s%s\r\n0\r\n\r\n%s", POST, cases[i].fields, HIDDEN),
			      cases[i].status);
	expect_closed(order,
		      "POST /orders HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN,
		      400);
}

LAB_TEST(http_framing, lines_that_are_none, 1)
{
	static const char *const heads[] = {
		"GET /orders HTTP/1.1\nHost: localhost\n\n",
		"GET /orders HTTP/1.1\r\nHost: localhost\r\n\n",
		"GET /orders HTTP/1.1\nHost: localhost\r\n\r\n",
		"GET /orders HTTP/1.1\r\nHost: localhost\n\r\n",
		"GET /orders HTTP/1.1\rHost: localhost\r\n\r\n",
		"GET /orders HTTP/1.1\r\nHost: localhost\rX: y\r\n\r\n",
		"GET  /orders HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /orders  HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET\t/orders HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /orders HTTP/1.1 \r\nHost: localhost\r\n\r\n",
		"GET /orders http/1.1\r\nHost: localhost\r\n\r\n",
		"GET /orders HTTP/1.10\r\nHost: localhost\r\n\r\n",
		"GET /orders HTTP/1\r\nHost: localhost\r\n\r\n",
		"GET /orders\r\nHost: localhost\r\n\r\n",
		"G(T /orders HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /ord\x01s HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /ord\xff"
		"s HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /orders#x HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /orders/%4 HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /orders/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET orders HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET * HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /orders HTTP/1.1\r\nHost: localhost\r\n: y\r\n\r\n",
		"GET /orders HTTP/1.1\r\nHost: localhost\r\nContent-Len: 0\r\n gth\r\n\r\n",
		"GET /orders HTTP/1.1\r\nHost: localhost\r\nX(: y\r\n\r\n",
		"GET /orders HTTP/1.1\r\nHost: localhost\r\nX: \x01\r\n\r\n",
		"GET /orders HTTP/1.1\r\nHost: localhost\r\nX: \x7f\r\n\r\n",
	};
	struct service *order = start_with_an_order();
	static const char nul[] = "GET /orders HTTP/1.1\r\nHost: localhost\r\nX: a\0\r\n\r\n";
	struct http_answer answer;

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		expect_closed(order, arena_format("%s%s", heads[i], HIDDEN), 400);
	for (const char *at = nul; at < nul + sizeof(nul) - 1; at++) {
		char with[sizeof(nul) - 1 + sizeof(HIDDEN) - 1];

		memcpy(with, nul, sizeof(nul) - 1);
		*(with + (at - nul)) = '\0';
		memcpy(with + sizeof(nul) - 1, HIDDEN, sizeof(HIDDEN) - 1);
		answer = http_raw(order->port, with, sizeof(with));
		cr_expect(answer.status <= 0 || answer.status >= 400, "a NUL at %td: %s", at - nul,
			  answer.headers);
		cr_expect_eq(orders(), 1, "a NUL at %td: %s", at - nul, answer.headers);
	}
}

#define CHUNKED    "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
#define TV_CHUNKED "52\r\n" TV "\r\n0\r\n"

/* A POST with a field of so many bytes in its head, or its trailer. Returns its status; 0: none. */
static int post_with(const struct service *order, bool trailer, int bytes)
{
	const char *text =
		trailer ? arena_format(POST CHUNKED TV_CHUNKED "X: %0*d\r\n\r\n", bytes, 0)
			: arena_format(POST "X: %0*d\r\n" CHUNKED TV_CHUNKED "\r\n", bytes, 0);

	return http_raw(order->port, text, strlen(text)).status;
}

/* What is done is told, however little room head and trailers leave for the answer. */
LAB_TEST(http_framing, nothing_is_done_without_an_answer, 1)
{
	struct service *order = start_with_an_order();
	int64_t placed = 1;

	for (int trailer = 0; trailer < 2; trailer++) {
		int refused = 0, taken = 0;

		for (int bytes = 14400; bytes < 20800; bytes += 64) {
			int status = post_with(order, trailer, bytes);

			taken += status == 201;
			refused += status == 431;
			cr_expect(status == 201 || status == 431 || status <= 0, "%d: %d", bytes,
				  status);
			cr_expect(status > 0 || bytes > 17000, "%d bytes: no answer", bytes);
		}
		cr_expect_gt(taken, 0);
		cr_expect_gt(refused, 0);
		placed += taken;
	}
	cr_expect_eq(orders(), placed);
}

/* What breaks off is at an end after HTTP_REQUEST_TIMEOUT_MS. */
static void expect_late(const struct service *order, const char *text)
{
	struct http_answer answer = http_raw(order->port, text, strlen(text));

	cr_expect(answer.status <= 0 || answer.status == 408, "%.150s: %s", text, answer.headers);
	cr_expect_eq(orders(), 1, "%.150s", text);
}

/* A body of chunks that breaks off, or is none, has no effect, whatever the method makes of it. */
LAB_TEST(http_framing, broken_chunks_have_no_effect, 1)
{
	static const char *const bodies[] = {
		"xyz\r\n",
		"-1\r\n",
		"+0\r\n\r\n",
		"0x0\r\n\r\n",
		" 0\r\n\r\n",
		"0 \r\n\r\n",
		"0\r\r\n\r\n",
		"\r\n\r\n",
		";a=b\r\n\r\n",
		"0;a\nb\r\n\r\n",
		"2\r\n{}0\r\n\r\n",
		"1\r\n{}\r\n0\r\n\r\n",
		"0\r\nX\r\n\r\n",
		"0\r\n X: y\r\n\r\n",
		"0\r\nX : y\r\n\r\n",
		"0\r\nX: y\r\n z\r\n\r\n",
		"0\r\nX: y\r\n\tz: 1\r\nZ: 1\r\n\r\n",
		"0\r\nX: y\nZ: 1\r\n\r\n",
	};
	static const char *const cut[] = {
		"", "0", "0\r\n", "0\r\n\r", "0\r\nX: y\r\n", "2\r\n{", "2\r\n{}\r\n"
	};
	static const char head[] = "DELETE /orders/1 HTTP/1.1\r\nHost: "
				   "localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
	struct service *order = service_start(ORDER, "HTTP_REQUEST_TIMEOUT_MS=500", NULL);

	cr_assert_eq(http_call(order->port, "POST", "/orders", TV, NULL).status, 201);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		expect_closed(order, arena_format("%s%s%s", head, bodies[i], HIDDEN), 400);
	for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++)
		expect_late(order, arena_format("%s%s", head, cut[i]));
	expect_late(order, "DELETE /orders/1 HTTP/1.1\r\nHost: localhost\r\n"
			   "Content-Length: 5\r\n\r\n{");
	expect_closed(order, arena_format("%s%s", head, "ffffffffffffffffffff\r\n"), 413);
}

/* A chunk's line that is longer than what could be read of it is refused, and not waited for. */
LAB_TEST(http_framing, a_chunks_line_has_an_end, 1)
{
	struct service *order = service_start(ORDER, "HTTP_REQUEST_TIMEOUT_MS=3600000", NULL);
	const char *much = arena_format(POST "Transfer-Encoding: chunked\r\n\r\n%zx;a=%030000d",
					strlen(TV), 1);
	const char *some =
		arena_format(POST CHUNKED "%zx;a=%08000d\r\n%s\r\n0\r\n\r\n", strlen(TV), 1, TV);

	cr_expect_eq(http_raw(order->port, some, strlen(some)).status, 201);
	expect_closed(order, much, 400);
}

/* Extensions and trailers mean nothing here, and do no harm. */
LAB_TEST(http_framing, chunks_as_they_may_be, 1)
{
	static const char *const bodies[] = {
		"%zx\r\n%s\r\n0\r\n\r\n",
		"000%zX\r\n%s\r\n000\r\n\r\n",
		"%zx;a\r\n%s\r\n0;b=c\r\n\r\n",
		"%zx;a=\"b;\\\" c\";d\r\n%s\r\n0;\r\n\r\n",
		"%zx\r\n%s\r\n0\r\nX-Sum: 1\r\nEmpty:\r\n\r\n",
		"%zx\r\n%s\r\n0\r\nContent-Length: 5\r\nTransfer-Encoding: x\r\n\r\n",
	};
	struct service *order = service_start(ORDER, NULL);
	int fd = http_open(order->port);

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		const char *body = arena_format(bodies[i], strlen(TV), TV);
#pragma GCC diagnostic pop
		http_say(fd, arena_format("%sTransfer-Encoding: Chunked\r\n\r\n%s"
					  "GET /orders/%zu HTTP/1.1\r\nHost: localhost\r\n\r\n",
					  POST, body, i + 1));
		cr_expect_eq(http_next(fd), 201, "%s", body);
		cr_expect_eq(http_next(fd), 200, "%s", body);
	}
	(void)close(fd);
	cr_expect_eq(orders(), (int64_t)(sizeof(bodies) / sizeof(bodies[0])));
}

/* 65,536 bytes are taken, one more is not. */
LAB_TEST(http_framing, bodies_as_long_as_they_may_be, 1)
{
	const char *most = arena_format("%s%*s", TV, (int)(65536 - strlen(TV)), "");
	const char *over = arena_format("%s ", most);
	struct service *order = service_start(ORDER, NULL);

	cr_assert_eq(strlen(most), 65536);
	cr_expect_eq(http_call(order->port, "POST", "/orders", most, NULL).status, 201);
	cr_expect_eq(http_call(order->port, "POST", "/orders", most, "Transfer-Encoding: chunked",
			       NULL)
			     .status,
		     201);
	cr_expect_eq(http_call(order->port, "POST", "/orders", over, NULL).status, 413);
	cr_expect_eq(http_call(order->port, "POST", "/orders", over, "Transfer-Encoding: chunked",
			       NULL)
			     .status,
		     413);
	cr_expect_eq(orders(), 2);
}
