/*
 * Idempotency keys: what a repeated request is answered, what another request under the same key
 * is, and that keys expire. What one key does at the same time, in several replicas too, is in
 * order_api.c.
 */
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/wait.h"

#define TV                                                                                         \
	"{\"customerId\":1000,\"productId\":\"100\",\"productName\":\"TV\",\"qty\":3,\"address\":" \
	"\"SEOUL\"}"
#define KEYS "select count(*) from orders.orders where idempotency_key is not null"

TestSuite(idempotency, .timeout = 600);

static struct http_answer place(const struct service *order, const char *key, const char *body)
{
	return http_call(order->port, "POST", "/orders", body,
			 arena_format("Idempotency-Key: %s", key), NULL);
}

static void expect_refused(const struct http_answer *answer)
{
	cr_expect_eq(answer->status, 422, "%s%s", answer->error, answer->body);
	cr_expect_str_eq(http_header(answer, "Content-Type"), "application/problem+json");
	cr_expect_str_eq(json_text(answer->json, "field"), "Idempotency-Key");
	cr_expect_str_eq(http_header(answer, "Location"), "");
}

LAB_TEST(idempotency, another_order_under_a_used_key_is_refused, 1)
{
	static const char *const others[] = {
		"{\"customerId\":1001,\"productId\":\"100\",\"productName\":\"TV\",\"qty\":3,"
		"\"address\":\"SEOUL\"}",
		"{\"customerId\":1000,\"productId\":\"101\",\"productName\":\"TV\",\"qty\":3,"
		"\"address\":\"SEOUL\"}",
		"{\"customerId\":1000,\"productId\":\"100\",\"productName\":\"tv\",\"qty\":3,"
		"\"address\":\"SEOUL\"}",
		"{\"customerId\":1000,\"productId\":\"100\",\"productName\":\"TV\",\"qty\":4,"
		"\"address\":\"SEOUL\"}",
		"{\"customerId\":1000,\"productId\":\"100\",\"productName\":\"TV\",\"qty\":3,"
		"\"address\":\"SEOUL \"}",
	};
	struct service *order = service_start(ORDER, NULL);
	struct http_answer answer = place(order, "abc", TV);

	cr_assert_eq(answer.status, 201, "%s%s", answer.error, answer.body);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		answer = place(order, "abc", others[i]);
		expect_refused(&answer);
	}
	service_stop(order, 15);
	order = service_start(ORDER, NULL);
	answer = place(order, "abc", others[0]);
	expect_refused(&answer);
	cr_expect_eq(sql_number("select count(*) from order_table"), 1);
	cr_expect_eq(place(order, "abc", TV).status, 201, "the first order's own request");
}

/* What counts is the order, not how its JSON is written. */
LAB_TEST(idempotency, the_same_order_written_otherwise_is_a_repeat, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct http_answer first = place(order, "abc", TV), again;

	cr_assert_eq(first.status, 201, "%s%s", first.error, first.body);
	again = place(order, "abc",
		      "{ \"address\": \"S\\u0045OUL\", \"qty\": \"3\", \"productName\": \"TV\", "
		      "\"productId\": \"100\", \"customerId\": \"1000\" }");
	cr_expect_eq(again.status, 201, "%s%s", again.error, again.body);
	cr_expect_str_eq(again.body, first.body);
	cr_expect_str_eq(http_header(&again, "Idempotency-Replayed"), "true");
}

LAB_TEST(idempotency, a_repeat_gets_the_first_answer_whatever_happened_since, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct http_answer first = place(order, "abc", TV), again;

	cr_assert_eq(first.status, 201, "%s%s", first.error, first.body);
	cr_expect_eq(http_call(order->port, "PATCH", "/orders/1", "{\"qty\":9}", NULL).status, 200);
	for (int round = 0; round < 2; round++) {
		again = place(order, "abc", TV);
		cr_expect_eq(again.status, 201, "%s%s", again.error, again.body);
		cr_expect_str_eq(again.body, first.body);
		cr_expect_str_eq(http_header(&again, "ETag"), http_header(&first, "ETag"));
		cr_expect_str_eq(http_header(&again, "Location"), "/orders/1");
		cr_expect_str_eq(http_header(&again, "Idempotency-Replayed"), "true");
		cr_expect_eq(http_call(order->port, "DELETE", "/orders/1", NULL, NULL).status,
			     round == 0 ? 204 : 404);
	}
	cr_expect_eq(http_call(order->port, "GET", "/orders/1", NULL, NULL).status, 404);
	cr_expect_eq(sql_number("select count(*) from order_table"), 1);
}

/* It was placed by an earlier release: which order the key was for is not known. */
LAB_TEST(idempotency, a_key_without_a_fingerprint_takes_any_order_for_its_own, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct http_answer answer = place(order, "abc", TV);

	cr_assert_eq(answer.status, 201, "%s%s", answer.error, answer.body);
	sql_run("update orders.orders set idempotency_fingerprint = null, qty = 7, version = 2");
	answer = place(order, "abc",
		       "{\"customerId\":1,\"productId\":\"1\",\"productName\":\"A\",\"qty\":1,"
		       "\"address\":\"B\"}");
	cr_expect_eq(answer.status, 201, "%s%s", answer.error, answer.body);
	cr_expect_eq(json_number(answer.json, "id"), 1);
	cr_expect_eq(json_number(answer.json, "qty"), 7);
	cr_expect_str_eq(http_header(&answer, "ETag"), "\"2\"");
}

/* --- expiry -------------------------------------------------------------------------------- */

LAB_TEST(idempotency, a_key_expires_and_can_be_used_again, 1)
{
	struct service *order = service_start(ORDER, "IDEMPOTENCY_KEY_TTL_S=1", NULL);
	struct http_answer answer = place(order, "abc", TV);

	cr_assert_eq(answer.status, 201, "%s%s", answer.error, answer.body);
	cr_assert(wait_until(60000, sql_number(KEYS) == 0));
	cr_expect_eq(sql_number("select count(*) from orders.orders where idempotency_fingerprint "
				"is not null"),
		     0);
	answer = place(order, "abc", TV);
	cr_expect_eq(answer.status, 201, "%s%s", answer.error, answer.body);
	cr_expect_eq(json_number(answer.json, "id"), 2);
	cr_expect(wait_until(60000,
			     service_metric(order, "order_idempotency_keys_expired_total") == 2));
}

/* Many steps; two replicas share them. One order is locked, which holds up neither. */
LAB_TEST(idempotency, expiry_waits_for_nobody_and_leaves_what_is_young, 1)
{
	enum { OLD = 1700 };
	struct service *one, *two;

	sql_run("insert into orders.orders (version, status, customer_id, product_id, "
		"product_name, "
		"qty, address, idempotency_key, created_at) "
		"select 1, 'ORDER PLACED', 1, '1', 'TV', 1, 'SEOUL', 'old ' || i, "
		"  now() - interval '25 hours' + i * interval '1 ms' "
		"from generate_series(1, %d) i",
		OLD);
	sql_run("insert into orders.orders (version, status, customer_id, product_id, "
		"product_name, "
		"qty, address, idempotency_key, created_at) "
		"select 1, 'ORDER PLACED', 1, '1', 'TV', 1, 'SEOUL', 'young ' || i, "
		"  now() - interval '23 hours' "
		"from generate_series(1, 10) i");
	sql_run("begin");
	sql_run("select from orders.orders where id = 7 for update");
	one = service_start(ORDER, NULL);
	two = service_start(ORDER, NULL);
	cr_assert(wait_until(60000, sql_number(KEYS) == 11), "%lld keys",
		  (long long)sql_number(KEYS));
	sql_run("commit");
	cr_expect_str_eq(sql_text("select idempotency_key from orders.orders "
				  "where idempotency_key like 'old%%'"),
			 "old 7");
	cr_expect(wait_until(
		60000,
		service_metric(one, "order_idempotency_keys_expired_total") +
				service_metric(two, "order_idempotency_keys_expired_total") ==
			OLD - 1));
	cr_expect_eq(place(two, "young 3", TV).status, 201);
	cr_expect_eq(sql_number("select count(*) from orders.orders"), OLD + 10);
}
