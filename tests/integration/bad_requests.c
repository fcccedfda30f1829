/*
 * Bad requests: the right 4xx, a problem+json that names the field, never a 5xx, nothing stored.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"

TestSuite(bad_requests, .timeout = 600);

/* A problem of RFC 9457 with this status and field (NULL: any or none). */
static void expect_problem(const struct http_answer *answer, int status, const char *field,
			   const char *what)
{
	const char *named = json_text(answer->json, "field");
	const char *type = json_text(answer->json, "type");

	cr_expect_eq(answer->status, status, "%.120s: %d instead of %d: %s%s", what, answer->status,
		     status, answer->error, answer->body);
	cr_expect_str_eq(http_header(answer, "Content-Type"), "application/problem+json",
			 "%.120s: content type of %s", what, answer->body);
	cr_expect_eq(json_number(answer->json, "status"), status, "%.120s: %s", what, answer->body);
	cr_expect(type && strncmp(type, "/errors#", 8) == 0 && type[8], "%.120s: type of %s", what,
		  answer->body);
	cr_expect_not_null(json_text(answer->json, "title"), "%.120s: %s", what, answer->body);
	cr_expect_not_null(json_text(answer->json, "detail"), "%.120s: %s", what, answer->body);
	if (field)
		cr_expect(named && strcmp(named, field) == 0, "%.120s: field %s instead of %s: %s",
			  what, named ? named : "none", field, answer->body);
}

static void expect_nothing_stored(const struct service *order)
{
	cr_expect_eq(sql_number("select count(*) from orders.orders"), 0);
	cr_expect_eq(sql_number("select count(*) from orders.outbox"), 0);
	cr_expect_eq(service_metric(order, "http_requests_total{method=\"POST\",route=\"/orders\","
					   "status=\"5xx\"}"),
		     0.0);
	cr_expect_eq(service_metric(order, "http_requests_total{method=\"other\",route=\"other\","
					   "status=\"5xx\"}"),
		     0.0);
	cr_expect_eq(http_call(order->port, "GET", "/healthz", NULL, NULL).status, 200);
}

/* A good order but for the field, which gets the given JSON (NULL: it is left out). */
static const char *order_with(const char *field, const char *json)
{
	static const struct {
		const char *name, *value;
	} good[] = { { "customerId", "1000" },
		     { "productId", "\"100\"" },
		     { "productName", "\"TV\"" },
		     { "qty", "3" },
		     { "address", "\"SEOUL\"" } };
	const char *body = "", *comma = "";

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const char *value = strcmp(good[i].name, field) == 0 ? json : good[i].value;

		if (!value)
			continue;
		body = arena_format("%s%s\"%s\":%s", body, comma, good[i].name, value);
		comma = ",";
	}
	return arena_format("{%s}", body);
}

static const char *long_text(size_t chars, const char *one)
{
	char *text = arena_alloc(chars * strlen(one) + 3);

	text[0] = '"';
	for (size_t i = 0; i < chars; i++)
		memcpy(text + 1 + i * strlen(one), one, strlen(one));
	text[1 + chars * strlen(one)] = '"';
	return text;
}

static void expect_refused(const struct service *order, const char *field, const char *json,
			   int status)
{
	const char *body = order_with(field, json);
	struct http_answer answer = http_call(order->port, "POST", "/orders", body, NULL);

	expect_problem(&answer, status, field, body);
}

LAB_TEST(bad_requests, values_of_fields, 1)
{
	static const char *const numbers[] = {
		"0",
		"-5",
		"2147483648",
		"35e-1",
		"3.5",
		"null",
		"true",
		"[]",
		"{}",
		"\"\"",
		"\"3x\"",
		"\"x3\"",
		"\" 3\"",
		"\"3 \"",
		"\"+3\"",
		"\"0x3\"",
		"\"0\"",
		"\"-5\"",
		"\"1e3\"",
		"\"2147483648\"",
		"\"3.0\"",
		"\"\\u0663\"",
		"\"99999999999999999999\"",
		"99999999999999999999",
		"-9223372036854775809",
	};
	static const char *const texts[] = { "\"\"",    "5",  "null",         "true",
					     "[\"a\"]", "{}", "\"a\\u0000b\"" };
	static const char *const names[] = { "productId", "productName", "address" };
	struct service *order = service_start(ORDER, NULL);

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		expect_refused(order, "qty", numbers[i], 422);
		if (!strstr(numbers[i], "2147483648"))
			expect_refused(order, "customerId", numbers[i], 422);
	}
	expect_refused(order, "customerId", "9223372036854775808", 422);
	expect_refused(order, "customerId", "\"9223372036854775808\"", 422);
	for (size_t f = 0; f < 3; f++) {
		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
			expect_refused(order, names[f], texts[i], 422);
		expect_refused(order, names[f], long_text(300, "x"), 422);
		expect_refused(order, names[f], long_text(256, "\xea\xb0\x80"), 422);
	}
	expect_refused(order, "productId", long_text(65, "x"), 422);
	expect_nothing_stored(order);
}

LAB_TEST(bad_requests, missing_and_unknown_fields, 1)
{
	static const char *const names[] = { "customerId", "productId", "productName", "qty",
					     "address" };
	static const char *const unknown[] = { "colour", "id",   "status",           "version",
					       "Qty",    "qty ", "\xf0\x9f\x93\xba", "" };
	struct service *order = service_start(ORDER, NULL);
	const char *wide = arena_copy(long_text(50, "\xc3\xa9") + 1, 100);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		expect_refused(order, names[i], NULL, 422);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		const char *body = arena_format("{\"%s\":1}", unknown[i]);
		struct http_answer answer = http_call(order->port, "POST", "/orders", body, NULL);

		expect_problem(&answer, 422, unknown[i], body);
	}
	/* A long name may be cut, but not in the middle of a character. */
	for (size_t shift = 0; shift < 2; shift++) {
		const char *name = arena_format("%.*s%s", (int)shift, "x", wide);
		const char *body = arena_format("{\"%s\":1}", name), *field;
		struct http_answer answer = http_call(order->port, "POST", "/orders", body, NULL);

		expect_problem(&answer, 422, NULL, body);
		field = json_text(answer.json, "field");
		cr_expect(field && strlen(field) >= 60 && strncmp(field, name, strlen(field)) == 0,
			  "%s", answer.body);
	}
	expect_nothing_stored(order);
}

LAB_TEST(bad_requests, bodies_that_are_no_order, 1)
{
	static const char *const bodies[] = {
		"x",
		"{",
		"[]",
		"null",
		"\"x\"",
		"3",
		"{\"qty\":}",
		"{'qty':3}",
		"{\"qty\":03}",
		"{\"qty\":NaN}",
		"{\"qty\":3,}",
		"{} {}",
		"{\"qty\":3,\"qty\":3}",
		"{\"address\":\"\xff\"}",
		"{\"address\":\"\xed\xa0\x80\"}",
		"{\"address\":\"\xc0\xaf\"}",
		"{\"address\":\"\\ud800\"}",
		"{\"a\\u0000b\":1}",
		"{\"address\":\"a\nb\"}",
		"\xef\xbb\xbf{}",
		"{\"qty\":1e400}",
	};
	struct service *order = service_start(ORDER, NULL);
	struct http_answer answer;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		answer = http_call(order->port, "POST", "/orders", bodies[i], NULL);
		expect_problem(&answer, 400, NULL, bodies[i]);
		answer = http_call(order->port, "PATCH", "/orders/1", bodies[i], NULL);
		expect_problem(&answer, 400, NULL, bodies[i]);
	}
	answer = http_call(order->port, "POST", "/orders", "", NULL);
	expect_problem(&answer, 400, NULL, "an empty body");
	answer = http_call(order->port, "POST", "/orders", NULL, NULL);
	expect_problem(&answer, 400, NULL, "no body");
	answer = http_call(order->port, "POST", "/orders", order_with("qty", "3"),
			   "Content-Type: text/plain", NULL);
	expect_problem(&answer, 415, NULL, "text/plain");
	expect_nothing_stored(order);
}

LAB_TEST(bad_requests, raw_nul_in_the_body, 1)
{
	static const char request[] =
		"POST /orders HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
		"Content-Type: application/json\r\nContent-Length: "
		"17\r\n\r\n{\"address\":\"a\0b\"}";
	struct service *order = service_start(ORDER, NULL);
	struct http_answer answer = http_raw(order->port, request, sizeof(request) - 1);

	expect_problem(&answer, 400, NULL, "a NUL byte");
	expect_nothing_stored(order);
}

/* A parser that recurses must not end the process: worker stacks are small. */
LAB_TEST(bad_requests, deep_nesting, 1)
{
	static const char *const openings[] = { "[", "{\"a\":", "{\"address\":[" };
	struct service *order = service_start(ORDER, NULL);

	for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
		size_t len = strlen(openings[i]), times = 60000 / len;
		char *body = arena_alloc(times * len + 1);
		struct http_answer answer;

		for (size_t n = 0; n < times; n++)
			memcpy(body + n * len, openings[i], len);
		answer = http_call(order->port, "POST", "/orders", body, NULL);
		expect_problem(&answer, 400, NULL, openings[i]);
	}
	expect_nothing_stored(order);
}

LAB_TEST(bad_requests, bodies_that_are_too_large, 1)
{
	struct service *order = service_start(ORDER, NULL);
	const char *megabyte = order_with("address", long_text(1024 * 1024, "x"));
	const char *just_over = arena_format("%s%*s", order_with("qty", "3"), 65537, "");
	struct http_answer answer = http_call(order->port, "POST", "/orders", megabyte, NULL);

	expect_problem(&answer, 413, NULL, "1 MB");
	answer = http_call(order->port, "PATCH", "/orders/1", megabyte, NULL);
	expect_problem(&answer, 413, NULL, "1 MB");
	answer = http_call(order->port, "POST", "/orders", just_over, NULL);
	expect_problem(&answer, 413, NULL, "just over the limit");
	answer = http_call(order->port, "POST", "/orders", megabyte, "Transfer-Encoding: chunked",
			   NULL);
	expect_problem(&answer, 413, NULL, "1 MB in chunks");
	expect_nothing_stored(order);
}

LAB_TEST(bad_requests, chunked_bodies_are_read, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct http_answer answer = http_call(order->port, "POST", "/orders",
					      order_with("qty", "3"), "Transfer-Encoding: chunked",
					      NULL);

	cr_expect_eq(answer.status, 201, "%s%s", answer.error, answer.body);
	answer = http_call(order->port, "POST", "/orders", order_with("qty", "0"),
			   "Transfer-Encoding: chunked", NULL);
	expect_problem(&answer, 422, "qty", "chunked");
	cr_expect_eq(sql_number("select count(*) from order_table"), 1);
}

LAB_TEST(bad_requests, ids_and_queries, 1)
{
	static const char *const ids[] = { "0",
					   "-1",
					   "abc",
					   "1x",
					   "1.0",
					   "1e3",
					   "%20",
					   "+1",
					   "0x1",
					   "%00",
					   "1%00",
					   "9223372036854775808",
					   "99999999999999999999" };
	static const struct {
		const char *path, *field;
	} queries[] = { { "limit=0", "limit" },        { "limit=101", "limit" },
			{ "limit=-1", "limit" },       { "limit=abc", "limit" },
			{ "limit=", "limit" },         { "after=-1", "after" },
			{ "after=abc", "after" },      { "after=", "after" },
			{ "limit=1e1", "limit" },      { "after=9223372036854775808", "after" },
			{ "limit=5&after=x", "after" } };
	struct service *order = service_start(ORDER, NULL);
	struct http_answer answer;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		const char *path = arena_format("/orders/%s", ids[i]);

		answer = http_call(order->port, "GET", path, NULL, NULL);
		expect_problem(&answer, 400, "id", path);
		answer = http_call(order->port, "PATCH", path, "{\"qty\":1}", NULL);
		expect_problem(&answer, 400, "id", path);
		answer = http_call(order->port, "DELETE", path, NULL, NULL);
		expect_problem(&answer, 400, "id", path);
	}
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		const char *path = arena_format("/orders?%s", queries[i].path);

		answer = http_call(order->port, "GET", path, NULL, NULL);
		expect_problem(&answer, 400, queries[i].field, path);
	}
	answer = http_call(order->port, "GET", "/orders/9223372036854775807", NULL, NULL);
	expect_problem(&answer, 404, "id", "the largest id");
	expect_nothing_stored(order);
}

LAB_TEST(bad_requests, patch_takes_what_may_change, 1)
{
	static const struct {
		const char *body, *field;
	} bad[] = { { "{\"customerId\":1000}", "customerId" },
		    { "{\"id\":2}", "id" },
		    { "{\"status\":\"x\"}", "status" },
		    { "{\"version\":1}", "version" },
		    { "{\"qty\":0}", "qty" },
		    { "{\"qty\":4,\"address\":\"\"}", "address" },
		    { "{\"productName\":null}", "productName" } };
	struct service *order = service_start(ORDER, NULL);
	struct http_answer answer =
		http_call(order->port, "POST", "/orders", order_with("qty", "3"), NULL);

	cr_assert_eq(answer.status, 201);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		answer = http_call(order->port, "PATCH", "/orders/1", bad[i].body, NULL);
		expect_problem(&answer, 422, bad[i].field, bad[i].body);
	}
	cr_expect_eq(sql_number("select version from orders.orders"), 1);
	cr_expect_eq(sql_number("select qty from order_table"), 3);
}

LAB_TEST(bad_requests, headers, 1)
{
	struct service *order = service_start(ORDER, NULL);
	const char *body = order_with("qty", "3");
	const char *long_key = arena_format("Idempotency-Key: %0256d", 1);
	struct http_answer answer;

	answer = http_call(order->port, "POST", "/orders", body, "Idempotency-Key;", NULL);
	expect_problem(&answer, 400, "Idempotency-Key", "an empty key");
	answer = http_call(order->port, "POST", "/orders", body, long_key, NULL);
	expect_problem(&answer, 400, "Idempotency-Key", "a key of 256 characters");
	answer = http_call(order->port, "POST", "/orders", body, "Idempotency-Key: \xc3\xa9", NULL);
	expect_problem(&answer, 400, "Idempotency-Key", "a key that is not ASCII");
	expect_nothing_stored(order);
}

LAB_TEST(bad_requests, methods_and_paths, 1)
{
	static const struct {
		const char *method, *path, *allow;
	} wrong[] = { { "PUT", "/orders", "POST, GET, HEAD, OPTIONS" },
		      { "DELETE", "/orders", "POST, GET, HEAD, OPTIONS" },
		      { "PATCH", "/orders", "POST, GET, HEAD, OPTIONS" },
		      { "POST", "/orders/1", "GET, PATCH, DELETE, HEAD, OPTIONS" },
		      { "PUT", "/orders/1", "GET, PATCH, DELETE, HEAD, OPTIONS" },
		      { "POST", "/healthz", "GET, HEAD, OPTIONS" },
		      { "DELETE", "/metrics", "GET, HEAD, OPTIONS" },
		      { "TRACE", "/orders", "POST, GET, HEAD, OPTIONS" },
		      { "PUT", "/readyz", "GET, HEAD, OPTIONS" },
		      { "QUERY", "/orders", "POST, GET, HEAD, OPTIONS" } };
	static const char *const nowhere[] = {
		"/",         "/order", "/orders/",          "/orders/1/x", "/ORDERS",
		"/healthz/", "/..",    "/../../etc/passwd", "/%2e%2e/x"
	};
	static const char *const unknown[] = {
		"FOO", "orders", "get", "PROPFIND", "LOCK", "CONNECT"
	};
	struct service *order = service_start(ORDER, NULL);
	struct http_answer answer;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *what = arena_format("%s %s", wrong[i].method, wrong[i].path);

		answer = http_call(order->port, wrong[i].method, wrong[i].path, NULL, NULL);
		expect_problem(&answer, 405, NULL, what);
		cr_expect_str_eq(http_header(&answer, "Allow"), wrong[i].allow, "%s", what);
	}
	for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		answer = http_call(order->port, "GET", nowhere[i], NULL, NULL);
		expect_problem(&answer, 404, NULL, nowhere[i]);
	}
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		answer = http_call(order->port, unknown[i], "/orders", NULL, NULL);
		expect_problem(&answer, 501, NULL, unknown[i]);
	}
	cr_expect_eq(sql_number("select count(*) from orders.orders"), 0);
}

/* What no client sends: each is answered with a 4xx, or the connection is closed without a word. */
LAB_TEST(bad_requests, bytes_that_are_no_request, 1)
{
	static const struct {
		const char *name, *text;
	} raw[] = {
		{ "no HTTP", "hello\r\n\r\n" },
		{ "TLS", "\x16\x03\x01\x02" },
		{ "no version", "GET /orders\r\n\r\n" },
		{ "a header without a colon", "GET /orders HTTP/1.1\r\nHost x\r\n\r\n" },
		{ "Content-Length: abc",
		  "POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: abc\r\n\r\n{}" },
		{ "Content-Length: -1",
		  "POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n{}" },
		{ "a length of 2^64", "POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
				      "18446744073709551616\r\n\r\n{}" },
		{ "a bad chunk", "POST /orders HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
				 "chunked\r\n\r\nxyz\r\n{}\r\n" },
		{ "gzip",
		  "POST /orders HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n{}" },
	};
	struct service *order = service_start(ORDER, NULL);

	for (size_t i = 0; i < sizeof(raw) / sizeof(raw[0]); i++) {
		struct http_answer answer = http_raw(order->port, raw[i].text, strlen(raw[i].text));

		cr_expect(answer.status == 0 || (answer.status >= 400 && answer.status < 500),
			  "%s: %s", raw[i].name, answer.headers);
	}
	for (size_t size = 10000; size < 100000; size *= 3) {
		const char *line = arena_format(
			"GET /orders?%0*d HTTP/1.1\r\nHost: localhost\r\n\r\n", (int)size, 1);
		const char *header =
			arena_format("GET /orders HTTP/1.1\r\nHost: localhost\r\nX: %0*d\r\n"
				     "Connection: close\r\n\r\n",
				     (int)size, 1);
		struct http_answer answer = http_raw(order->port, line, strlen(line));

		cr_expect_lt(answer.status, 500, "a line of %zu bytes: %.200s", size,
			     answer.headers);
		answer = http_raw(order->port, header, strlen(header));
		cr_expect_lt(answer.status, 500, "a header of %zu bytes: %.200s", size,
			     answer.headers);
	}
	expect_nothing_stored(order);
}
