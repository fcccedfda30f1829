/* Heads that two readers could understand differently are refused. */
#include "common/http/http_framing.h"
#include "common/http/http_target.h"
#include "tests/unit/unit.h"

TestSuite(http_framing, .init = unit_deadline);

#define FIELDS_MAX 4

/* Fields as "Name:value". */
static struct http_framing judge(const char *method, const char *version,
				 const char *const fields[FIELDS_MAX])
{
	struct http_framing framing;

	http_framing_begin(&framing, method, version);
	for (size_t i = 0; i < FIELDS_MAX && fields[i]; i++) {
		const char *colon = strchr(fields[i], ':');

		http_framing_field(&framing, fields[i], (size_t)(colon - fields[i]), colon + 1,
				   strlen(colon + 1));
	}
	(void)http_framing_end(&framing);
	return framing;
}

Test(http_framing, heads)
{
	static const struct {
		const char *method, *version;
		const char *fields[FIELDS_MAX];
		int status;
		size_t length;
		bool chunked;
	} cases[] = {
		{ "POST", "HTTP/1.1", { "Host:a", "content-length:0" }, 0, 0, false },
		{ "POST", "HTTP/1.1", { "Host:a", "Content-Length:00012" }, 0, 12, false },
		{ "POST", "HTTP/1.1", { "Host:a", "Content-Length:65536" }, 0, 65536, false },
		{ "POST", "HTTP/1.1", { "Host:a", "Content-Length:65537" }, 0, 65537, false },
		{ "POST", "HTTP/1.1", { "Host:a", "Transfer-Encoding:chunked" }, 0, 0, true },
		{ "POST", "HTTP/1.1", { "Host:a", "transfer-encoding:CHUNKED" }, 0, 0, true },
		{ "POST",
		  "HTTP/1.1",
		  { "Host:a", "Transfer-Encoding:, chunked ,," },
		  400,
		  0,
		  true },
		{ "GET", "HTTP/1.0", { "X:" }, 0, 0, false },
		{ "GET", "HTTP/1.2", { "Host:a", "X:\t b\xff" }, 0, 0, false },
		{ "PUT", "HTTP/1.1", { "Host:a", "Expect:100-Continue" }, 0, 0, false },
		{ "PUT", "HTTP/1.1", { "Host:a", "Expect:200-ok" }, 417, 0, false },
		{ "PUT", "HTTP/1.0", { "Expect:200-ok" }, 0, 0, false },
		{ "GET", "HTTP/1.1", { "X:y" }, 400, 0, false },
		{ "GET", "HTTP/1.1", { "Host:a", "host:a" }, 400, 0, false },
		{ "G(T", "HTTP/1.1", { "Host:a" }, 400, 0, false },
		{ "", "HTTP/1.1", { "Host:a" }, 400, 0, false },
		{ "GET", "HTTP/1.1", { "Host:a", ":y" }, 400, 0, false },
		{ "GET", "HTTP/1.1", { "Host:a", "X :y" }, 400, 0, false },
		{ "GET", "HTTP/1.1", { "Host:a", "X\t:y" }, 400, 0, false },
		{ "GET", "HTTP/1.1", { "Host:a", "X:a\rb" }, 400, 0, false },
		{ "GET", "HTTP/1.1", { "Host:a", "X:\x7f" }, 400, 0, false },
		{ "GET", "HTTP/1.1", { "Host:a", "Content-Length:" }, 400, 0, false },
		{ "GET", "HTTP/1.1", { "Host:a", "Content-Length:+1" }, 400, 0, false },
		{ "GET", "HTTP/1.1", { "Host:a", "Content-Length:1,1" }, 400, 0, false },
		{ "GET",
		  "HTTP/1.1",
		  { "Host:a", "Content-Length:1", "Content-Length:1" },
		  400,
		  0,
		  false },
		{ "GET",
		  "HTTP/1.1",
		  { "Host:a", "Content-Length:0", "Transfer-Encoding:chunked" },
		  400,
		  0,
		  false },
		{ "GET", "HTTP/1.0", { "Transfer-Encoding:chunked" }, 400, 0, true },
		{ "GET", "HTTP/1.1", { "Host:a", "Transfer-Encoding:" }, 400, 0, false },
		{ "GET", "HTTP/1.1", { "Host:a", "Transfer-Encoding:gzip" }, 400, 0, false },
		{ "GET", "HTTP/1.1", { "Host:a", "Transfer-Encoding:gzip,chunked" }, 501, 0, true },
		{ "GET",
		  "HTTP/1.1",
		  { "Host:a", "Transfer-Encoding:chunked,chunked" },
		  400,
		  0,
		  false },
		{ "GET", "HTTP/1.1", { "Host:a", "Transfer-Encoding:chunked,x" }, 400, 0, false },
		{ "GET", "HTTP/1.1", { "Host:a", "Transfer-Encoding:chunked;q=1" }, 400, 0, false },
		{ "GET", "HTTP/1.1", { "Host:a", "Transfer-Encoding:chunked x" }, 400, 0, false },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct http_framing framing =
			judge(cases[i].method, cases[i].version, cases[i].fields);

		cr_expect_eq(framing.refusal.status, cases[i].status, "case %zu: %d", i,
			     framing.refusal.status);
		cr_expect_eq(cases[i].status != 0, framing.refusal.why != NULL, "case %zu", i);
		if (cases[i].status == 0) {
			cr_expect_eq(framing.length, cases[i].length, "case %zu", i);
			cr_expect_eq(framing.chunked, cases[i].chunked, "case %zu", i);
		}
	}
}

Test(http_framing, lists_in_several_lines)
{
	static const char *const fields[FIELDS_MAX] = { "Host:a", "If-Match:\"1\"",
							"if-match:", "IF-MATCH:\"2\", \"3\"" };
	static const char *const twice[FIELDS_MAX] = { "Host:a", "Content-Type:a",
						       "Content-Type:a" };
	struct http_framing framing = judge("POST", "HTTP/1.1", fields);
	bool known;

	cr_expect_eq(framing.refusal.status, 0);
	expect_text(http_framing_value(&framing, "If-match", &known), "\"1\", , \"2\", \"3\"");
	cr_expect(known);
	cr_expect_null(http_framing_value(&framing, "Origin", &known));
	cr_expect(known);
	cr_expect_null(http_framing_value(&framing, "X", &known));
	cr_expect_not(known);
	http_framing_fini(&framing);
	framing = judge("POST", "HTTP/1.1", twice);
	cr_expect_eq(framing.refusal.status, 400);
	http_framing_fini(&framing);
}

/* However long a length is, it is too long, and does not wrap round. */
Test(http_framing, lengths_do_not_overflow)
{
	static const char *const fields[FIELDS_MAX] = { "Host:a", "Content-Length:"
								  "18446744073709551617" };
	struct http_framing framing = judge("POST", "HTTP/1.1", fields);

	cr_expect_eq(framing.refusal.status, 0);
	cr_expect_gt(framing.length, HTTP_BODY_MAX_BYTES);
}

/* The first refusal stays. */
Test(http_framing, the_first_refusal_counts)
{
	static const char *const fields[FIELDS_MAX] = { "Host:a", "Expect:x", "X :y" };
	struct http_framing framing = judge("POST", "HTTP/1.1", fields);

	cr_expect_eq(framing.refusal.status, 400, "a field comes before the end of all");
}

Test(http_framing, targets)
{
	static const struct {
		const char *method, *text, *host, *path, *query, *authority;
		int status;
	} cases[] = {
		{ "GET", "/orders", "a:1", "/orders", NULL, "a:1", 0 },
		{ "GET", "/orders?", "a", "/orders", "", "a", 0 },
		{ "GET", "/%6frders/%31?a=%20", "a", "/orders/1", "a=%20", "a", 0 },
		{ "GET", "/a%2fb%00", "a", "/a%2fb%00", NULL, "a", 0 },
		{ "GET", "http://b:2/x?y", "a", "/x", "y", "b:2", 0 },
		{ "GET", "HTTP://b", "a", "/", NULL, "b", 0 },
		{ "GET", "http://b?y", "a", "/", "y", "b", 0 },
		{ "OPTIONS", "*", "a", "*", NULL, "a", 0 },
		{ "OPTIONS", "http://b", "a", "*", NULL, "b", 0 },
		{ "GET", "/x", NULL, "/x", NULL, NULL, 0 },
		{ "GET", "*", "a", NULL, NULL, NULL, 400 },
		{ "GET", "x", "a", NULL, NULL, NULL, 400 },
		{ "GET", "", "a", NULL, NULL, NULL, 400 },
		{ "GET", "/a b", "a", NULL, NULL, NULL, 400 },
		{ "GET", "/a#b", "a", NULL, NULL, NULL, 400 },
		{ "GET", "/\xff", "a", NULL, NULL, NULL, 400 },
		{ "GET", "/%4", "a", NULL, NULL, NULL, 400 },
		{ "GET", "/%zz", "a", NULL, NULL, NULL, 400 },
		{ "GET", "/?%z1", "a", NULL, NULL, NULL, 400 },
		{ "GET", "/[", "a", NULL, NULL, NULL, 400 },
		{ "GET", "/x", "", NULL, NULL, NULL, 400 },
		{ "GET", "/x", "a b", NULL, NULL, NULL, 400 },
		{ "GET", "/x", "[::1", NULL, NULL, NULL, 400 },
		{ "GET", "http://", "a", NULL, NULL, NULL, 400 },
		{ "GET", "http://u@b/", "a", NULL, NULL, NULL, 400 },
		{ "GET", "https://b/", "a", NULL, NULL, NULL, 421 },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[64];
		struct http_target target;
		struct http_refusal refusal;

		(void)snprintf(text, sizeof(text), "%s", cases[i].text);
		refusal = http_target_read(text, cases[i].method, cases[i].host, false, &target);
		cr_expect_eq(refusal.status, cases[i].status, "%s: %d", cases[i].text,
			     refusal.status);
		if (cases[i].status != 0)
			continue;
		expect_text(target.path, cases[i].path);
		if (cases[i].query)
			expect_text(target.query, cases[i].query);
		else
			cr_expect_null(target.query);
		if (cases[i].authority)
			expect_text(target.authority, cases[i].authority);
		else
			cr_expect_null(target.authority);
	}
}

Test(http_framing, targets_have_a_bound)
{
	static char text[HTTP_TARGET_MAX_BYTES + 2];
	struct http_target target;

	memset(text, 'x', HTTP_TARGET_MAX_BYTES);
	text[0] = '/';
	cr_expect_eq(http_target_read(text, "GET", "a", false, &target).status, 0);
	text[HTTP_TARGET_MAX_BYTES] = 'x';
	cr_expect_eq(http_target_read(text, "GET", "a", false, &target).status, 414);
}
