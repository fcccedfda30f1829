/*
 * What a browser may be made to send: a page of any origin reaches whoever listens on the browser's
 * machine, by its address or by a name of the page's own (DNS rebinding).
 */
#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"

TestSuite(http_access, .timeout = 300);

#define TV                                                                                         \
	"{\"customerId\":1000,\"productId\":\"100\",\"productName\":\"TV\",\"qty\":3,\"address\":" \
	"\"SEOUL\"}"

static int post(const struct service *order, const char *field)
{
	return http_call(order->port, "POST", "/orders", TV, field, NULL).status;
}

LAB_TEST(http_access, foreign_origins_are_refused, 1)
{
	static const char *const foreign[] = {
		"http://evil.example",           "null", "https://localhost", "http://localhost:1",
		"http://localhost.evil.example", "x"
	};
	struct service *order = service_start(ORDER, NULL);

	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		const char *field = arena_format("Origin: %s", foreign[i]);
		struct http_answer answer =
			http_call(order->port, "POST", "/orders", TV, field, NULL);

		cr_expect_eq(answer.status, 403, "%s", foreign[i]);
		cr_expect_str_eq(http_header(&answer, "Content-Type"), "application/problem+json");
		cr_expect_str_eq(http_header(&answer, "Access-Control-Allow-Origin"), "");
		answer = http_call(order->port, "OPTIONS", "/orders", NULL, field,
				   "Access-Control-Request-Method: POST", NULL);
		cr_expect_eq(answer.status, 403, "%s", foreign[i]);
		answer = http_call(order->port, "GET", "/orders", NULL, field, NULL);
		cr_expect_eq(answer.status, 403, "%s", foreign[i]);
	}
	cr_expect_eq(sql_number("select count(*) from order_table"), 0);
	/* A page of its own. */
	cr_expect_eq(post(order, arena_format("Origin: http://127.0.0.1:%d", order->port)), 201);
}

LAB_TEST(http_access, origins_may_be_allowed, 1)
{
	struct service *order = service_start(
		ORDER, "HTTP_ALLOWED_ORIGINS=https://shop.example, http://localhost:3000", NULL);
	struct http_answer answer = http_call(order->port, "POST", "/orders", TV,
					      "Origin: http://localhost:3000", NULL);

	cr_expect_eq(answer.status, 201);
	cr_expect_str_eq(http_header(&answer, "Access-Control-Allow-Origin"),
			 "http://localhost:3000");
	cr_expect_str_eq(http_header(&answer, "Vary"), "Origin");
	answer = http_call(order->port, "OPTIONS", "/orders/1", NULL,
			   "Origin: https://shop.example", "Access-Control-Request-Method: PATCH",
			   "Access-Control-Request-Headers: content-type,if-match", NULL);
	cr_expect_eq(answer.status, 204);
	cr_expect_str_eq(http_header(&answer, "Access-Control-Allow-Origin"),
			 "https://shop.example");
	cr_expect_str_eq(http_header(&answer, "Access-Control-Allow-Methods"),
			 "GET, PATCH, DELETE, HEAD, OPTIONS");
	cr_expect_str_eq(http_header(&answer, "Access-Control-Allow-Headers"),
			 "Content-Type, Idempotency-Key, If-Match, If-None-Match, traceparent, "
			 "tracestate, Authorization");
	cr_expect_eq(post(order, "Origin: http://evil.example"), 403);
	cr_expect_eq(post(service_start(ORDER, "HTTP_ALLOWED_ORIGINS=*", NULL),
			  "Origin: http://evil.example"),
		     201);
}

LAB_TEST(http_access, foreign_names_are_refused_on_loopback, 1)
{
	struct service *order = service_start(ORDER, NULL);

	cr_expect_eq(post(order, "Host: evil.example"), 421);
	cr_expect_eq(post(order, "Host: localhost.evil.example:8081"), 421);
	cr_expect_eq(post(order, "Host: 127.0.0.1.evil.example"), 421);
	cr_expect_eq(sql_number("select count(*) from order_table"), 0);
	cr_expect_eq(post(order, "Host: localhost"), 201);
	cr_expect_eq(post(order, "Host: [::1]:8081"), 201);
	cr_expect_eq(post(order, "Host: LOCALHOST:1"), 201);
}

LAB_TEST(http_access, names_may_be_allowed, 1)
{
	struct service *order =
		service_start(ORDER, "HTTP_ALLOWED_HOSTS=orders.example,Shop.Example", NULL);

	cr_expect_eq(post(order, "Host: orders.example"), 201);
	cr_expect_eq(post(order, "Host: shop.example:443"), 201);
	cr_expect_eq(post(order, "Host: 10.1.2.3"), 201); /* a probe by address */
	cr_expect_eq(post(order, "Host: evil.example"), 421);
	order = service_start(ORDER, "HTTP_HOST=0.0.0.0", "INSECURE=1", NULL);
	cr_expect_eq(post(order, "Host: order-service:8081"), 201);
	order = service_start(ORDER, "HTTP_HOST=0.0.0.0", "INSECURE=1",
			      "HTTP_ALLOWED_HOSTS=orders.example", NULL);
	cr_expect_eq(post(order, "Host: order-service:8081"), 421);
}
