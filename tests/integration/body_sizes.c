/*
 * A body of exactly the largest size is taken, and one of a byte more is refused, however its end
 * is told.
 */
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"

#define BODY_MAX 65536
#define TV                                                                                         \
	"{\"customerId\":1000,\"productId\":\"100\",\"productName\":\"TV\",\"qty\":3,\"address\":" \
	"\"SEOUL\"}"

TestSuite(body_sizes, .timeout = 300);

/* An order of that many bytes. */
static const char *order_of(size_t size)
{
	char *body = arena_alloc(size + 1);

	memset(body, ' ', size);
	memcpy(body, TV, strlen(TV));
	return body;
}

LAB_TEST(body_sizes, the_largest_is_taken_and_no_larger_one, 1)
{
	static const char *const ways[] = { "X-Way: length", "Transfer-Encoding: chunked",
					    "Expect: 100-continue" };
	const struct service *order = service_start(ORDER, NULL);

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		for (size_t size = BODY_MAX - 1; size <= BODY_MAX + 1; size++) {
			struct http_answer answer = http_call(order->port, "POST", "/orders",
							      order_of(size), ways[i], NULL);

			cr_expect_eq(answer.status, size > BODY_MAX ? 413 : 201,
				     "%s, %zu bytes: %s%s", ways[i], size, answer.error,
				     answer.body);
		}
	}
	cr_expect_eq(sql_number("select count(*) from orders.orders"), 6);
}
