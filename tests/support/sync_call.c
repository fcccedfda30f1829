#include "tests/support/sync_call.h"

#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"

const char *sync_delivery_url(const struct service *delivery)
{
	return arena_format("DELIVERY_URL=http://127.0.0.1:%d", delivery->port);
}

struct http_answer sync_place(const struct service *order)
{
	return http_call(order->port, "POST", "/orders", SYNC_ORDER, NULL);
}

struct http_answer sync_move(const struct service *order, int id, const char *address)
{
	return http_call(order->port, "PATCH", arena_format("/orders/%d", id),
			 arena_format("{\"address\":\"%s\"}", address), NULL);
}

void expect_problem(const struct http_answer *answer, int status, const char *detail)
{
	cr_expect_eq(answer->status, status, "%s%s", answer->error, answer->body);
	cr_expect_str_eq(http_header(answer, "Content-Type"), "application/problem+json");
	cr_expect_not_null(strstr(answer->body, detail), "%s: no %s", answer->body, detail);
}
