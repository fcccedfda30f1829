/* Routing, query parameters and response headers. */
#include "common/http/http.h"
#include "tests/unit/unit.h"

TestSuite(http, .init = unit_deadline);

static void handler(void *context, const struct http_request *request,
		    struct http_response *response)
{
	(void)context;
	(void)request;
	(void)response;
}

/* In the order in which the allowed methods are to be named. */
static const struct http_route routes[] = {
	{ "POST", "/orders", handler, NULL, HTTP_ON_LOOP, HTTP_SCOPE_WRITE },
	{ "GET", "/orders", handler, NULL, HTTP_ON_WORKER, HTTP_SCOPE_READ },
	{ "GET", "/orders/{}", handler, NULL, HTTP_ON_WORKER, HTTP_SCOPE_READ },
	{ "PATCH", "/orders/{}", handler, NULL, HTTP_ON_LOOP, HTTP_SCOPE_WRITE },
	{ "DELETE", "/orders/{}", handler, NULL, HTTP_ON_LOOP, HTTP_SCOPE_WRITE },
	{ "GET", "/healthz", handler, NULL, HTTP_ALIVE, HTTP_SCOPE_READ },
};

struct found {
	enum http_match match;
	int route; /* index, -1: not written */
	const char *param;
	char allow[64];
};

static struct found find(const char *method, const char *path)
{
	struct found f = { .route = -1, .param = NULL, .allow = "" };
	struct strbuf allow = STRBUF_ON(f.allow);
	const struct http_route *route = NULL;

	f.match = http_route_find(routes, COUNT_OF(routes), method, path, &route, &f.param, &allow);
	if (route)
		f.route = (int)(route - routes);
	return f;
}

Test(http, routes)
{
	static const struct {
		const char *method, *path, *param;
		int route;
	} cases[] = {
		{ "POST", "/orders", NULL, 0 },
		{ "GET", "/orders", NULL, 1 },
		{ "GET", "/orders/1", "1", 2 },
		{ "PATCH", "/orders/42", "42", 3 },
		{ "DELETE", "/orders/abc", "abc", 4 },
		{ "GET", "/orders/{}", "{}", 2 },
		{ "GET", "/orders/orders", "orders", 2 },
		{ "GET", "/orders/9223372036854775808", "9223372036854775808", 2 },
		{ "GET", "/orders/%2F", "%2F", 2 },
		{ "GET", "/orders/ ", " ", 2 },
		{ "GET", "/healthz", NULL, 5 },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct found f = find(cases[i].method, cases[i].path);

		cr_expect_eq(f.match, HTTP_MATCHED, "%s %s", cases[i].method, cases[i].path);
		cr_expect_eq(f.route, cases[i].route, "%s %s: route %d", cases[i].method,
			     cases[i].path, f.route);
		if (cases[i].param)
			expect_text(f.param, cases[i].param);
		else
			cr_expect_null(f.param, "%s %s", cases[i].method, cases[i].path);
	}
}

Test(http, the_parameter_is_inside_the_path)
{
	const char *path = "/orders/17";
	struct found f = find("GET", path);

	cr_expect_eq(f.param, path + strlen("/orders/"));
}

Test(http, no_such_path)
{
	static const char *const paths[] = {
		"",          "/",         "orders",     "/order",      "/orders/",
		"/orderss",  "/orders//", "/orders/1/", "/orders/1/2", "/orders/1/x/y",
		"//orders",  "/ORDERS",   "/Orders/1",  "/healthz/",   "/healthz/1",
		"/healthzz", "/health",   " /orders",   "/orders ",    "/x/orders/1",
	};
	static const char *const methods[] = { "GET", "POST", "PATCH", "DELETE", "OPTIONS" };

	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		for (size_t j = 0; j < COUNT_OF(methods); j++) {
			struct found f = find(methods[j], paths[i]);

			cr_expect_eq(f.match, HTTP_NO_PATH, "%s %s", methods[j], paths[i]);
			cr_expect_eq(f.route, -1, "%s wrote the route", paths[i]);
			expect_text(f.allow, "");
		}
	}
}

Test(http, no_such_method_names_those_to_allow)
{
	static const struct {
		const char *method, *path, *allow;
	} cases[] = {
		{ "PUT", "/orders", "POST, GET" },
		{ "DELETE", "/orders", "POST, GET" },
		{ "POST", "/orders/1", "GET, PATCH, DELETE" },
		{ "PUT", "/orders/1", "GET, PATCH, DELETE" },
		{ "POST", "/healthz", "GET" },
		{ "get", "/healthz", "GET" },
		{ "GETX", "/healthz", "GET" },
		{ "GE", "/healthz", "GET" },
		{ "", "/healthz", "GET" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct found f = find(cases[i].method, cases[i].path);

		cr_expect_eq(f.match, HTTP_NO_METHOD, "%s %s", cases[i].method, cases[i].path);
		cr_expect_eq(f.route, -1, "%s %s", cases[i].method, cases[i].path);
		expect_text(f.allow, cases[i].allow);
	}
}

Test(http, no_routes)
{
	char text[8] = "";
	struct strbuf allow = STRBUF_ON(text);
	const struct http_route *route = NULL;
	const char *param = NULL;

	cr_expect_eq(http_route_find(routes, 0, "GET", "/orders", &route, &param, &allow),
		     HTTP_NO_PATH);
}

Test(http, query_parameters)
{
	static const struct {
		const char *query, *name, *value;
	} cases[] = {
		{ NULL, "limit", NULL },
		{ "", "limit", NULL },
		{ "limit=5", "limit", "5" },
		{ "limit=5&after=7", "limit", "5" },
		{ "limit=5&after=7", "after", "7" },
		{ "limit=", "limit", "" },
		{ "limit=&after=7", "limit", "" },
		{ "limit", "limit", NULL },
		{ "l", "limit", NULL },
		{ "after=7&a", "limit", NULL },
		{ "limit&after=7", "limit", NULL },
		{ "limits=5", "limit", NULL },
		{ "xlimit=5", "limit", NULL },
		{ "x=limit=5", "limit", NULL },
		{ "x=1&limit=a=b", "limit", "a=b" },
		{ "&&limit=5&&", "limit", "5" },
		{ "LIMIT=5", "limit", NULL },
		{ "lim=5&limit=6", "limit", "6" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *query = cases[i].query, *value;
		char *copy = query ? exact_copy(query, strlen(query) + 1) : NULL;
		struct http_request request = { .query = copy };
		size_t len = 99;

		value = http_query(&request, cases[i].name, &len);
		if (cases[i].value)
			cr_expect(value && len == strlen(cases[i].value) &&
					  memcmp(value, cases[i].value, len) == 0,
				  "%s: %.*s", query, value ? (int)len : 4, value ? value : "none");
		else
			cr_expect_null(value, "%s", query);
		free(copy);
	}
}

static const char *one_header(const void *source, const char *name)
{
	const char *const *pair = source;

	return strcmp(pair[0], name) == 0 ? pair[1] : NULL;
}

Test(http, request_headers)
{
	static const char *const pair[] = { "If-Match", "\"3\"" };
	struct http_request request = { .header = one_header, .source = pair };

	expect_text(http_request_header(&request, "If-Match"), "\"3\"");
	cr_expect_null(http_request_header(&request, "ETag"));
	request.header = NULL;
	cr_expect_null(http_request_header(&request, "If-Match"));
}

Test(http, response)
{
	struct http_response response;

	http_response_init(&response);
	cr_expect_null(response.body);
	cr_expect_null(response.content_type);
	cr_expect_eq(response.header_count, 0);
	cr_expect_eq(response.status, 500, "a handler that forgets the status fails");
	http_response_header(&response, "Location", "/orders/%d", 7);
	http_response_header(&response, "ETag", "\"%d\"", 1);
	cr_assert_eq(response.header_count, 2);
	expect_text(response.headers[0].name, "Location");
	expect_text(response.headers[0].value, "/orders/7");
	expect_text(response.headers[1].name, "ETag");
	expect_text(response.headers[1].value, "\"1\"");
	response.body = malloc(10);
	http_response_fini(&response);
	cr_expect_null(response.body);
	http_response_fini(&response);
}

/* A header is there as a whole, or it is not there. */
Test(http, response_headers_that_have_no_room)
{
	struct http_response response;

	http_response_init(&response);
	for (int i = 0; i < 7; i++)
		http_response_header(&response, "X-Long", "%0100d", i);
	cr_expect_eq(response.header_count, 5);
	for (size_t i = 0; i < response.header_count; i++)
		cr_expect_eq(strlen(response.headers[i].value), 100);
	for (int i = 0; i < 100; i++)
		http_response_header(&response, "X", "%d", 1);
	cr_expect_eq(response.header_count, HTTP_RESPONSE_HEADERS_MAX);
	expect_text(response.headers[HTTP_RESPONSE_HEADERS_MAX - 1].value, "1");
	http_response_fini(&response);
}

struct answered {
	struct http_deferred deferred; /* first */
	int status, times;
};

static void note_send(struct http_deferred *deferred, struct http_response *response)
{
	struct answered *answered = (struct answered *)deferred;

	answered->status = response->status;
	answered->times++;
}

Test(http, an_answer_may_be_deferred)
{
	struct answered answered = { .deferred = { note_send } };
	struct http_request request = { .deferred = &answered.deferred };
	struct http_response now, later;
	struct http_deferred *deferred;

	http_response_init(&now);
	cr_expect_not(now.deferred);
	deferred = http_defer(&request, &now);
	cr_expect(now.deferred);
	cr_expect_eq(answered.times, 0);
	http_response_init(&later);
	later.status = 204;
	http_send_deferred(deferred, &later);
	cr_expect_eq(answered.times, 1);
	cr_expect_eq(answered.status, 204);
}
