/* /readyz and /healthz answer whatever hangs, and say what it is. */
#include <string.h>

#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/wait.h"

TestSuite(readiness, .timeout = 300);

#define ORDER_JSON                                                                                 \
	"{\"customerId\":1,\"productId\":\"1\",\"productName\":\"TV\",\"qty\":3,"                  \
	"\"address\":\"SEOUL\"}"

enum { LONG_MS = 60000, FAR_OVER_THE_BOUND_MS = 10000 };

static struct http_answer readiness(const struct service *service)
{
	return http_call(service->port, "GET", "/readyz", NULL, NULL);
}

static bool not_ready_for(const struct service *service, const char *why)
{
	struct http_answer answer = readiness(service);

	return answer.status == 503 && strstr(answer.body, why);
}

/* A statement waits for a lock, as it would for a database that hangs. */
LAB_TEST(readiness, a_part_that_hangs_holds_up_no_answer, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct http_answer answer;

	service_allow_errors();
	sql_run("begin");
	sql_run("lock table orders.orders in access exclusive mode");
	cr_expect(wait_until(2 * LONG_MS, not_ready_for(order, "key-expiry: nothing done for")));
	answer = readiness(order);
	cr_expect_eq(answer.status, 503);
	cr_expect_lt(answer.ms, wait_stretch(FAR_OVER_THE_BOUND_MS));
	answer = http_call(order->port, "GET", "/healthz", NULL, NULL);
	cr_expect_eq(answer.status, 200);
	sql_run("rollback");
	cr_expect(wait_until(2 * LONG_MS, service_ready(order)), "ready again");
}

static int place_order(const struct service *order)
{
	return http_call(order->port, "POST", "/orders", ORDER_JSON, NULL).status;
}

/* No check of the service's touches the outbox: only who stores orders notices. */
LAB_TEST(readiness, a_writer_whose_batches_fail_stands_still, 1)
{
	struct service *order = service_start(ORDER, NULL);

	service_allow_errors();
	sql_run("begin");
	sql_run("lock table orders.outbox in share mode");
	cr_expect(wait_until(LONG_MS, place_order(order) == 503 &&
					      not_ready_for(order, "writer: nothing done for")));
	/* Nobody sends changes to a service that is not ready. */
	cr_expect(wait_until(LONG_MS, service_ready(order)), "ready again without any");
	sql_run("rollback");
	cr_expect(wait_until(LONG_MS, place_order(order) == 201));
	cr_expect(service_ready(order));
}

LAB_TEST(readiness, the_reason_of_the_database_is_told, 1)
{
	struct service *order =
		service_launch(ORDER, "DATABASE_URL=postgresql://nobody@127.0.0.1:1/lab", NULL);

	cr_expect(wait_until(LONG_MS, not_ready_for(order, "\"why\":\"database: ")));
}
