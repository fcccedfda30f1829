/*
 * What RFC 9110 and 9112 demand of an origin server, beside framing: docs/api.md has the table.
 */
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/http_socket.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"

TestSuite(http_rules, .timeout = 300);

#define TV                                                                                         \
	"{\"customerId\":1000,\"productId\":\"100\",\"productName\":\"TV\",\"qty\":3,\"address\":" \
	"\"SEOUL\"}"

static struct service *start_with_an_order(void)
{
	struct service *order = service_start(ORDER, NULL);

	cr_assert_eq(http_call(order->port, "POST", "/orders", TV, NULL).status, 201);
	return order;
}

static struct http_answer raw(const struct service *service, const char *text)
{
	return http_raw(service->port, text, strlen(text));
}

LAB_TEST(http_rules, head_is_get_without_its_body, 1)
{
	static const char *const paths[] = { "/orders/1", "/orders", "/healthz", "/orders/9",
					     "/nowhere" };
	struct service *order = start_with_an_order();

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct http_answer get = http_call(order->port, "GET", paths[i], NULL, NULL);
		struct http_answer head =
			raw(order,
			    arena_format("HEAD %s HTTP/1.1\r\nHost: localhost\r\n\r\n", paths[i]));

		cr_expect_eq(head.status, get.status, "%s", paths[i]);
		cr_expect_eq(head.body_len, 0, "%s: %s", paths[i], head.body);
		cr_expect_str_eq(http_header(&head, "Content-Length"),
				 http_header(&get, "Content-Length"), "%s", paths[i]);
		cr_expect_str_eq(http_header(&head, "ETag"), http_header(&get, "ETag"));
	}
}

LAB_TEST(http_rules, the_target_may_be_a_whole_uri, 1)
{
	static const char *const targets[] = {
		"http://localhost:8081/orders/1", "http://127.0.0.1/orders/1",
		"HTTP://LOCALHOST/orders/1",      "http://[::1]:1/orders/1",
		"http://localhost:/orders/1",     "/%6frders/%31",
	};
	struct service *order = start_with_an_order();

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		const char *text =
			arena_format("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", targets[i]);

		cr_expect_eq(raw(order, text).status, 200, "%s", targets[i]);
	}
	/* The target's host counts, not the field's. */
	cr_expect_eq(raw(order,
			 "GET http://evil.example/orders HTTP/1.1\r\nHost: localhost\r\n\r\n")
			     .status,
		     421);
	cr_expect_eq(raw(order, "GET https://localhost/orders HTTP/1.1\r\nHost: localhost\r\n\r\n")
			     .status,
		     421);
	cr_expect_eq(raw(order, "GET http:///orders HTTP/1.1\r\nHost: localhost\r\n\r\n").status,
		     400);
	cr_expect_eq(raw(order, "GET http://a@localhost/orders HTTP/1.1\r\nHost: localhost\r\n\r\n")
			     .status,
		     400);
}

LAB_TEST(http_rules, options_names_the_methods, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct http_answer answer = raw(order, "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n");

	cr_expect_eq(answer.status, 204, "%s%s", answer.headers, answer.error);
	cr_expect_str_eq(http_header(&answer, "Allow"), "POST, GET, PATCH, DELETE, HEAD, OPTIONS");
	answer = raw(order, "OPTIONS http://localhost HTTP/1.1\r\nHost: localhost\r\n\r\n");
	cr_expect_eq(answer.status, 204);
	answer = http_call(order->port, "OPTIONS", "/orders/1", NULL, NULL);
	cr_expect_eq(answer.status, 204, "%s", answer.body);
	cr_expect_str_eq(http_header(&answer, "Allow"), "GET, PATCH, DELETE, HEAD, OPTIONS");
	cr_expect_eq(http_call(order->port, "OPTIONS", "/nowhere", NULL, NULL).status, 404);
}

LAB_TEST(http_rules, host_is_there_once, 1)
{
	static const struct {
		const char *version, *fields;
		int status;
	} cases[] = {
		{ "1.1", "", 400 },
		{ "1.1", "Host: localhost\r\nHost: localhost\r\n", 400 },
		{ "1.0", "Host: localhost\r\nHost: localhost\r\n", 400 },
		{ "1.1", "Host:\r\n", 400 },
		{ "1.1", "Host: a b\r\n", 400 },
		{ "1.1", "Host: localhost/x\r\n", 400 },
		{ "1.1", "Host: localhost:x\r\n", 400 },
		{ "1.1", "Host: localhost:70000\r\n", 400 },
		{ "1.1", "Host: [::1\r\n", 400 },
		{ "1.1", "Host: a@localhost\r\n", 400 },
		{ "1.1", "Host: localhost\r\n", 200 },
		{ "1.1", "HOST:localhost:1 \t\r\n", 200 },
		{ "1.0", "", 200 },
		{ "1.2", "Host: localhost\r\n", 200 },
	};
	struct service *order = service_start(ORDER, NULL);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_eq(raw(order, arena_format("GET /orders HTTP/%s\r\n%s\r\n",
						     cases[i].version, cases[i].fields))
				     .status,
			     cases[i].status, "%s %s", cases[i].version, cases[i].fields);
}

LAB_TEST(http_rules, every_answer_has_a_date, 1)
{
	static const char *const texts[] = {
		"GET /orders HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"DELETE /orders/1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /orders HTTP/1.1\r\n\r\n",
		"GET /orders HTTP/9.1\r\n\r\n",
	};
	struct service *order = start_with_an_order();

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct http_answer answer = raw(order, texts[i]);
		const char *date = http_header(&answer, "Date");

		cr_expect_eq(strlen(date), strlen("Sun, 06 Nov 1994 08:49:37 GMT"), "%s: %s",
			     texts[i], answer.headers);
		cr_expect(strstr(date, " GMT") && date[3] == ',', "%s", date);
	}
}

LAB_TEST(http_rules, if_none_match, 1)
{
	static const struct {
		const char *tags;
		int status;
	} cases[] = {
		{ "\"1\"", 304 },
		{ "W/\"1\"", 304 },
		{ "*", 304 },
		{ "\"0\", \"1\"", 304 },
		{ "\"0\" ,,\"1\"", 304 },
		{ "\"0\"", 200 },
		{ "\"11\"", 200 },
		{ "1", 200 },
		{ "\"0\", \"2\"", 200 },
	};
	struct service *order = start_with_an_order();
	struct http_answer answer;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		answer = http_call(order->port, "GET", "/orders/1", NULL,
				   arena_format("If-None-Match: %s", cases[i].tags), NULL);
		cr_expect_eq(answer.status, cases[i].status, "%s", cases[i].tags);
		cr_expect_str_eq(http_header(&answer, "ETag"), "\"1\"");
		cr_expect_eq(answer.body_len == 0, cases[i].status == 304, "%s", cases[i].tags);
	}
	answer = http_call(order->port, "DELETE", "/orders/1", NULL, "If-None-Match: *", NULL);
	cr_expect_eq(answer.status, 412);
	cr_expect_eq(http_call(order->port, "GET", "/orders/1", NULL, NULL).status, 200);
}

/* RFC 9111 section 4.2.2: without this a cache may keep answers for as long as it thinks fit. */
LAB_TEST(http_rules, no_cache_answers_for_the_service, 1)
{
	static const char *const paths[] = { "/orders/1", "/orders",  "/orders/9", "/healthz",
					     "/readyz",   "/metrics", "/about" };
	struct service *order = start_with_an_order();

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct http_answer answer = http_call(order->port, "GET", paths[i], NULL, NULL);

		cr_expect_str_eq(http_header(&answer, "Cache-Control"), "no-cache", "%s: %s",
				 paths[i], answer.headers);
	}
}

/* A list is the same in one line or in several, RFC 9110 section 5.3. */
LAB_TEST(http_rules, a_list_may_be_split_over_lines, 1)
{
	static const struct {
		const char *method, *lines[3];
		int status;
	} cases[] = {
		{ "GET", { "If-None-Match: \"0\"", "If-None-Match: \"1\"" }, 304 },
		{ "GET", { "if-none-match: \"0\"", "X: y", "If-None-Match: W/\"1\", \"2\"" }, 304 },
		{ "GET", { "If-None-Match: \"0\"", "If-None-Match: \"2\"" }, 200 },
		{ "PATCH", { "If-Match: \"7\"", "If-Match: \"8\"", "If-Match: \"9\"" }, 412 },
		{ "PATCH", { "If-Match: *", "If-Match: \"1\"" }, 412 },
		{ "PATCH", { "If-Match: \"7\"", "If-Match: \"8\"", "If-Match: \"1\"" }, 200 },
		{ "PATCH", { "Content-Encoding: identity", "Content-Encoding: gzip" }, 415 },
		{ "PATCH", { "Idempotency-Key: a", "Idempotency-Key: b" }, 400 },
	};
	struct service *order = start_with_an_order();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *const *lines = cases[i].lines;
		bool get = strcmp(cases[i].method, "GET") == 0;
		struct http_answer answer = http_call(order->port, cases[i].method, "/orders/1",
						      get ? NULL : "{\"qty\":9}", lines[0],
						      lines[1], lines[2], NULL);

		cr_expect_eq(answer.status, cases[i].status, "%s: %d %s", lines[0], answer.status,
			     answer.body);
	}
}

LAB_TEST(http_rules, contents_that_nobody_reads, 1)
{
	static const struct {
		const char *method, *path, *field, *header;
	} cases[] = {
		{ "POST", "/orders", "Content-Type: text/plain", "Accept" },
		{ "POST", "/orders", "Content-Type: application/x-www-form-urlencoded", "Accept" },
		{ "POST", "/orders", "Content-Encoding: gzip", "Accept-Encoding" },
		{ "PATCH", "/orders/1", "Content-Encoding: br", "Accept-Encoding" },
		{ "PATCH", "/orders/1", "Content-Type: text/plain", "Accept-Patch" },
		{ "PATCH", "/orders/1", "Content-Type: application/json-patch+json",
		  "Accept-Patch" },
	};
	struct service *order = start_with_an_order();
	struct http_answer answer;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		answer = http_call(order->port, cases[i].method, cases[i].path, TV, cases[i].field,
				   NULL);
		cr_expect_eq(answer.status, 415, "%s: %d", cases[i].field, answer.status);
		cr_expect(http_header(&answer, cases[i].header)[0], "%s: %s", cases[i].field,
			  answer.headers);
	}
	answer = raw(order, arena_format("POST /orders HTTP/1.1\r\nHost: localhost\r\n"
					 "Content-Length: %zu\r\n\r\n%s",
					 strlen(TV), TV));
	cr_expect_eq(answer.status, 415, "without a type: %s", answer.headers);
	cr_expect_eq(sql_number("select count(*) from order_table"), 1);
	answer = http_call(order->port, "PATCH", "/orders/1", "{\"qty\":4}",
			   "Content-Type: application/merge-patch+json",
			   "Content-Encoding: identity", NULL);
	cr_expect_eq(answer.status, 200, "%s", answer.body);
	answer = http_call(order->port, "POST", "/orders", TV,
			   "Content-Type: Application/JSON; charset=utf-8", NULL);
	cr_expect_eq(answer.status, 201, "%s", answer.body);
}

LAB_TEST(http_rules, refusals_have_their_names, 1)
{
	const char *target = arena_format("/orders?%0*d", 9000, 1);
	struct service *order = service_start(ORDER, NULL);
	const struct {
		const char *text, *line;
	} cases[] = {
		{ arena_format("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", target),
		  "HTTP/1.1 414 URI Too Long" },
		{ arena_format("GET /orders?%0*d HTTP/1.1\r\n", 40000, 1),
		  "HTTP/1.1 414 URI Too Long" },
		{ arena_format("GET /orders HTTP/1.1\r\nHost: localhost\r\nX: %0*d\r\n\r\n", 20000,
			       1),
		  "HTTP/1.1 431 Request Header Fields Too Large" },
		{ arena_format("GET /orders HTTP/1.1\r\nHost: localhost\r\n%0*d: 1\r\n\r\n", 20000,
			       1),
		  "HTTP/1.1 431 Request Header Fields Too Large" },
		{ "FROB /orders HTTP/1.1\r\nHost: localhost\r\n\r\n",
		  "HTTP/1.1 501 Not Implemented" },
		{ "GET /orders HTTP/2.0\r\nHost: localhost\r\n\r\n",
		  "HTTP/1.1 505 HTTP Version Not Supported" },
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 505 HTTP Version Not Supported" },
		{ "POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: "
		  "x\r\n\r\n",
		  "HTTP/1.1 417 Expectation Failed" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_answer answer = raw(order, cases[i].text);

		cr_expect_eq(strncmp(answer.headers, cases[i].line, strlen(cases[i].line)), 0,
			     "%.80s: %.80s", cases[i].text, answer.headers);
	}
	/* RFC 9112 section 3: at least 8,000 bytes of a line are read. */
	cr_expect_eq(raw(order, arena_format("GET /orders?%0*d HTTP/1.1\r\nHost: localhost\r\n\r\n",
					     8000 - 30, 1))
			     .status,
		     200);
}

LAB_TEST(http_rules, connections_are_kept_as_asked, 1)
{
	static const struct {
		const char *version, *field;
		bool kept;
	} cases[] = {
		{ "1.1", "", true },
		{ "1.1", "Connection: close\r\n", false },
		{ "1.1", "Connection: x, Close\r\n", false },
		{ "1.1", "Connection: x\r\nConnection: close\r\n", false },
		{ "1.0", "", false },
		{ "1.0", "Connection: keep-alive\r\n", true },
	};
	struct service *order = service_start(ORDER, NULL);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = http_open(order->port);
		const char *text = arena_format("GET /healthz HTTP/%s\r\nHost: localhost\r\n%s\r\n",
						cases[i].version, cases[i].field);

		http_say(fd, text);
		cr_expect_eq(http_next(fd), 200);
		if (cases[i].kept) {
			http_say(fd, text);
			cr_expect_eq(http_next(fd), 200, "%s %s", cases[i].version, cases[i].field);
		} else {
			cr_expect_eq(http_next(fd), 0, "%s %s", cases[i].version, cases[i].field);
		}
		(void)close(fd);
	}
}

/* Empty lines before a request are skipped: some clients send one after a body. */
LAB_TEST(http_rules, empty_lines_before_a_request, 1)
{
	struct service *order = service_start(ORDER, NULL);
	int fd = http_open(order->port);

	http_say(fd, "\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n\r\n"
		     "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
	cr_expect_eq(http_next(fd), 200);
	cr_expect_eq(http_next(fd), 200);
	(void)close(fd);
}
