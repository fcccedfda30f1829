/*
 * The order API as the contract writes it: what is answered, stored and announced.
 */
#include <pthread.h>
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

#define TV                                                                                         \
	"{\"customerId\":1000,\"productId\":\"100\",\"productName\":\"TV\",\"qty\":3,\"address\":" \
	"\"SEOUL\"}"

TestSuite(order_api, .timeout = 600);

static void expect_json(const struct http_answer *answer, const char *expected)
{
	json_t *wanted = arena_json(json_loads(expected, 0, NULL));

	cr_assert_not_null(wanted, "the test's own JSON: %s", expected);
	cr_expect(json_equal(answer->json, wanted), "%s instead of %s", answer->body, expected);
	cr_expect_str_eq(http_header(answer, "Content-Type"), "application/json");
}

static int64_t place(const struct service *order)
{
	struct http_answer answer = http_call(order->port, "POST", "/orders", TV, NULL);

	cr_assert_eq(answer.status, 201, "%s%s", answer.error, answer.body);
	return json_number(answer.json, "id");
}

LAB_TEST(order_api, post_creates, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct http_answer answer = http_call(order->port, "POST", "/orders", TV, NULL);

	cr_assert_eq(answer.status, 201, "%s%s", answer.error, answer.body);
	expect_json(&answer, "{\"id\":1,\"version\":1,\"customerId\":1000,\"productId\":\"100\","
			     "\"productName\":\"TV\",\"qty\":3,\"address\":\"SEOUL\","
			     "\"status\":\"ORDER PLACED\"}");
	cr_expect_str_eq(http_header(&answer, "Location"), "/orders/1");
	cr_expect_str_eq(http_header(&answer, "ETag"), "\"1\"");
	cr_expect_str_eq(sql_text("select id || ' ' || customer_id || ' ' || product_id || ' ' || "
				  "product_name || ' ' || qty || ' ' || address || ' ' || status "
				  "from order_table"),
			 "1 1000 100 TV 3 SEOUL ORDER PLACED");
}

/* httpie's customerId=1000 qty=3. */
LAB_TEST(order_api, numbers_may_be_numeric_strings, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct http_answer answer = http_call(order->port, "POST", "/orders",
					      "{\"customerId\":\"1000\",\"productId\":\"100\","
					      "\"productName\":\"TV\",\"qty\":\"3\","
					      "\"address\":\"SEOUL\"}",
					      NULL);

	cr_assert_eq(answer.status, 201, "%s%s", answer.error, answer.body);
	cr_expect_eq(json_number(answer.json, "customerId"), 1000);
	cr_expect_eq(json_number(answer.json, "qty"), 3);
	answer = http_call(order->port, "PATCH", "/orders/1", "{\"qty\":\"4\"}", NULL);
	cr_expect_eq(answer.status, 200);
	cr_expect_eq(json_number(answer.json, "qty"), 4);
}

LAB_TEST(order_api, values_at_their_limits_are_taken, 1)
{
	struct service *order = service_start(ORDER, NULL);
	char *wide = arena_alloc(255 * 4 + 1); /* 255 characters of 4 bytes each */
	struct http_answer answer;

	for (int i = 0; i < 255; i++)
		memcpy(wide + i * 4, "\xf0\x9f\x93\xba", 4);
	answer = http_call(
		order->port, "POST", "/orders",
		arena_format("{\"customerId\":9223372036854775807,\"productId\":\"%.256s\","
			     "\"productName\":\"%s\",\"qty\":2147483647,\"address\":\"%s\"}",
			     wide, wide, wide),
		NULL);
	cr_assert_eq(answer.status, 201, "%s%s", answer.error, answer.body);
	cr_expect_eq(json_number(answer.json, "customerId"), INT64_MAX);
	cr_expect_eq(json_number(answer.json, "qty"), INT32_MAX);
	cr_expect_str_eq(json_text(answer.json, "productName"), wide);
	cr_expect_str_eq(sql_text("select address from order_table"), wide);
	answer = http_call(order->port, "GET", "/orders/1", NULL, NULL);
	cr_expect_str_eq(json_text(answer.json, "address"), wide);
}

LAB_TEST(order_api, get_answers_the_order_or_404, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct http_answer answer;

	(void)place(order);
	answer = http_call(order->port, "GET", "/orders/1", NULL, NULL);
	cr_expect_eq(answer.status, 200);
	cr_expect_str_eq(http_header(&answer, "ETag"), "\"1\"");
	expect_json(&answer, "{\"id\":1,\"version\":1,\"customerId\":1000,\"productId\":\"100\","
			     "\"productName\":\"TV\",\"qty\":3,\"address\":\"SEOUL\","
			     "\"status\":\"ORDER PLACED\"}");
	answer = http_call(order->port, "GET", "/orders/2", NULL, NULL);
	cr_expect_eq(answer.status, 404);
	cr_expect_str_eq(http_header(&answer, "Content-Type"), "application/problem+json");
	cr_expect_str_eq(json_text(answer.json, "field"), "id");
}

LAB_TEST(order_api, patch_changes_any_subset, 1)
{
	static const struct {
		const char *body, *result;
	} steps[] = {
		{ "{\"address\":\"BUSAN\"}", "100 TV 3 BUSAN" },
		{ "{\"qty\":5}", "100 TV 5 BUSAN" },
		{ "{\"productId\":\"200\",\"productName\":\"RADIO\"}", "200 RADIO 5 BUSAN" },
		{ "{\"productId\":\"1\",\"productName\":\"A\",\"qty\":1,\"address\":\"B\"}",
		  "1 A 1 B" },
	};
	struct service *order = service_start(ORDER, NULL);

	(void)place(order);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct http_answer answer =
			http_call(order->port, "PATCH", "/orders/1", steps[i].body, NULL);

		cr_expect_eq(answer.status, 200, "%s: %s", steps[i].body, answer.body);
		cr_expect_eq(json_number(answer.json, "version"), (int64_t)i + 2);
		cr_expect_str_eq(json_text(answer.json, "status"), "ORDER MODIFIED");
		cr_expect_str_eq(http_header(&answer, "ETag"), arena_format("\"%zu\"", i + 2));
		cr_expect_str_eq(
			sql_text("select product_id || ' ' || product_name || ' ' || qty || "
				 "' ' || address from order_table"),
			steps[i].result);
	}
}

/* Nothing changed, no event: the topic then has the versions 1 and 2 and nothing between. */
LAB_TEST(order_api, patch_that_changes_nothing_makes_no_event, 1)
{
	static const char *const bodies[] = { "{}", "{\"qty\":3}", "{\"qty\":\"3\"}",
					      "{\"productName\":\"TV\",\"address\":\"SEOUL\"}" };
	struct service *order = service_start(ORDER, NULL);
	struct tail *tail = tail_open(fixture.topic);

	(void)place(order);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct http_answer answer =
			http_call(order->port, "PATCH", "/orders/1", bodies[i], NULL);

		cr_expect_eq(answer.status, 200, "%s: %s", bodies[i], answer.body);
		cr_expect_str_eq(http_header(&answer, "ETag"), "\"1\"");
	}
	cr_expect_eq(http_call(order->port, "PATCH", "/orders/1", "{\"qty\":9}", NULL).status, 200);
	cr_assert(tail_await(tail, 2, 5000));
	cr_expect_eq(json_number(tail->messages[1].json, "version"), 2);
	cr_expect_eq(json_number(tail->messages[1].json, "qty"), 9);
	service_stop(order, 15);
	cr_expect_eq(tail_read(tail), 2);
}

LAB_TEST(order_api, if_match_is_honoured, 1)
{
	static const char *const stale[] = { "If-Match: \"1\"",  "If-Match: \"3\"",
					     "If-Match: 2",      "If-Match: \"x\"",
					     "If-Match: \"\"",   "If-Match: \"2147483648\"",
					     "If-Match: W/\"2\"" };
	struct service *order = service_start(ORDER, NULL);
	struct http_answer answer;

	(void)place(order);
	answer = http_call(order->port, "PATCH", "/orders/1", "{\"qty\":4}", "If-Match: \"1\"",
			   NULL);
	cr_expect_eq(answer.status, 200, "%s", answer.body);
	for (size_t i = 0; i < sizeof(stale) / sizeof(stale[0]); i++) {
		answer =
			http_call(order->port, "PATCH", "/orders/1", "{\"qty\":5}", stale[i], NULL);
		cr_expect_eq(answer.status, 412, "PATCH %s: %s", stale[i], answer.body);
		cr_expect_str_eq(json_text(answer.json, "field"), "If-Match");
		answer = http_call(order->port, "DELETE", "/orders/1", NULL, stale[i], NULL);
		cr_expect_eq(answer.status, 412, "DELETE %s: %s", stale[i], answer.body);
	}
	cr_expect_str_eq(sql_text("select qty || ' ' || status from order_table"),
			 "4 ORDER MODIFIED");
	answer = http_call(order->port, "PATCH", "/orders/1", "{\"qty\":6}", "If-Match: *", NULL);
	cr_expect_eq(answer.status, 200);
	answer = http_call(order->port, "DELETE", "/orders/1", NULL, "If-Match: \"3\"", NULL);
	cr_expect_eq(answer.status, 204);
}

/* RFC 9110, section 13.2.1: a condition counts only where the answer would be good without it. */
LAB_TEST(order_api, a_condition_is_looked_at_last, 1)
{
	static const char *const stale[] = { "If-Match: \"9\"", "If-Match: \"x\"",
					     "If-Match: W/\"1\"" };
	struct service *order = service_start(ORDER, NULL);
	struct http_answer answer;

	(void)place(order);
	for (size_t i = 0; i < sizeof(stale) / sizeof(stale[0]); i++) {
		answer = http_call(order->port, "DELETE", "/orders/999999", NULL, stale[i], NULL);
		cr_expect_eq(answer.status, 404, "%s: %s", stale[i], answer.body);
		answer =
			http_call(order->port, "PATCH", "/orders/1", "{\"qty\":0}", stale[i], NULL);
		cr_expect_eq(answer.status, 422, "%s: %s", stale[i], answer.body);
	}
}

/* Lists, weak tags, and what no version is: RFC 9110 section 13.1. The order is at version 2. */
LAB_TEST(order_api, conditions_are_lists_of_entity_tags, 1)
{
	static const struct {
		const char *header;
		int patch, get;
	} cases[] = {
		{ "If-Match: \"1\", \"2\"", 200, 200 },
		{ "If-Match: \"a,b\" ,, W/\"1\",\"2\"", 200, 200 },
		{ "If-Match: *", 200, 200 },
		{ "If-Match: \"1\", \"3\"", 412, 200 },
		{ "If-Match: W/\"2\", \"1\"", 412, 200 },
		{ "If-None-Match: \"1\", \"3\"", 200, 200 },
		{ "If-None-Match: \"1\", \"2\"", 412, 304 },
		{ "If-None-Match: W/\"2\"", 412, 304 },
		{ "If-None-Match: *", 412, 304 },
		{ "If-None-Match: 2", 200, 200 },
		{ "If-Match: \"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\","
		  "\"12\",\"13\",\"14\",\"15\",\"16\",\"17\"",
		  400, 200 },
	};
	struct service *order = service_start(ORDER, NULL);
	struct http_answer answer;

	(void)place(order);
	cr_expect_eq(http_call(order->port, "PATCH", "/orders/1", "{\"qty\":4}", NULL).status, 200);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		answer = http_call(order->port, "PATCH", "/orders/1", "{}", cases[i].header, NULL);
		cr_expect_eq(answer.status, cases[i].patch, "PATCH %s: %d %s", cases[i].header,
			     answer.status, answer.body);
		if (answer.status >= 400)
			cr_expect(strncmp(cases[i].header, json_text(answer.json, "field"),
					  strlen(json_text(answer.json, "field"))) == 0,
				  "%s: %s", cases[i].header, answer.body);
		answer = http_call(order->port, "GET", "/orders/1", NULL, cases[i].header, NULL);
		cr_expect_eq(answer.status, cases[i].get, "GET %s: %d %s", cases[i].header,
			     answer.status, answer.body);
		cr_expect_str_eq(http_header(&answer, "ETag"), "\"2\"");
		if (answer.status == 304)
			cr_expect_eq(answer.body_len, 0);
	}
	answer = http_call(order->port, "DELETE", "/orders/1", NULL, "If-None-Match: *", NULL);
	cr_expect_eq(answer.status, 412);
	answer = http_call(order->port, "PATCH", "/orders/1", "{}", "If-Match: \"2\"",
			   "If-None-Match: \"2\"", NULL);
	cr_expect_eq(answer.status, 412);
	cr_expect_str_eq(json_text(answer.json, "field"), "If-None-Match", "the other one holds");
	answer =
		http_call(order->port, "DELETE", "/orders/1", NULL, "If-Match: \"9\", \"2\"", NULL);
	cr_expect_eq(answer.status, 204);
	answer = http_call(order->port, "GET", "/orders/1", NULL, "If-None-Match: *", NULL);
	cr_expect_eq(answer.status, 404);
}

LAB_TEST(order_api, delete_cancels_and_keeps_the_row, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct http_answer answer;

	(void)place(order);
	(void)place(order);
	answer = http_call(order->port, "DELETE", "/orders/1", NULL, NULL);
	cr_expect_eq(answer.status, 204);
	cr_expect_eq(answer.body_len, 0);
	cr_expect_eq(http_call(order->port, "GET", "/orders/1", NULL, NULL).status, 404);
	cr_expect_eq(http_call(order->port, "DELETE", "/orders/1", NULL, NULL).status, 404);
	cr_expect_eq(http_call(order->port, "PATCH", "/orders/1", "{\"qty\":1}", NULL).status, 404);
	cr_expect_eq(http_call(order->port, "DELETE", "/orders/3", NULL, NULL).status, 404);
	cr_expect_eq(http_call(order->port, "PATCH", "/orders/3", "{\"qty\":1}", NULL).status, 404);
	cr_expect_str_eq(sql_text("select string_agg(status, ',' order by id) from order_table"),
			 "ORDER CANCELLED,ORDER PLACED");
	answer = http_call(order->port, "GET", "/orders", NULL, NULL);
	cr_expect_eq(json_array_size(json_object_get(answer.json, "orders")), 1);
}

/* Follows the next links from path and adds up what they bring, in id order. */
static size_t walk(const struct service *order, const char *path, int64_t *last_id, int *pages)
{
	size_t total = 0;

	for (*pages = 0; path && *pages < 20; (*pages)++) {
		struct http_answer answer = http_call(order->port, "GET", path, NULL, NULL);
		const json_t *orders = json_object_get(answer.json, "orders");
		const char *next = json_text(answer.json, "next");
		const char *link = next ? arena_format("<%s>; rel=\"next\"", next) : "";
		const json_t *one;
		size_t i;

		cr_assert_eq(answer.status, 200, "%s: %s", path, answer.body);
		cr_expect_str_eq(http_header(&answer, "Link"), link);
		json_array_foreach(orders, i, one)
		{
			cr_expect_gt(json_number(one, "id"), *last_id);
			*last_id = json_number(one, "id");
		}
		total += json_array_size(orders);
		path = next;
	}
	return total;
}

LAB_TEST(order_api, lists_are_paged_in_id_order, 1)
{
	struct service *order = service_start(ORDER, NULL);
	int64_t last = 0;
	int pages;

	for (int i = 0; i < 111; i++)
		(void)place(order);
	cr_expect_eq(http_call(order->port, "DELETE", "/orders/50", NULL, NULL).status, 204);
	cr_expect_eq(walk(order, "/orders", &last, &pages), 110);
	cr_expect_eq(last, 111);
	cr_expect_geq(pages, 6, "%d pages of 20", pages);
	last = 0;
	cr_expect_eq(walk(order, "/orders?limit=100", &last, &pages), 110);
	cr_expect_eq(pages, 2);
	last = 100;
	cr_expect_eq(walk(order, "/orders?after=100&limit=7", &last, &pages), 11);
	cr_expect_eq(pages, 2);
	last = 111;
	cr_expect_eq(walk(order, "/orders?after=111", &last, &pages), 0);
}

/* --- idempotency --------------------------------------------------------------------------- */

LAB_TEST(order_api, the_same_key_is_the_same_order_over_a_restart, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct tail *tail = tail_open(fixture.topic);
	struct http_answer first, again;

	first = http_call(order->port, "POST", "/orders", TV, "Idempotency-Key: abc", NULL);
	cr_assert_eq(first.status, 201, "%s", first.body);
	again = http_call(order->port, "POST", "/orders", TV, "Idempotency-Key: abc", NULL);
	cr_expect_eq(again.status, 201);
	cr_expect_str_eq(again.body, first.body);
	cr_expect_str_eq(http_header(&again, "Location"), "/orders/1");
	cr_expect_str_eq(http_header(&again, "ETag"), "\"1\"");
	service_stop(order, 15);
	order = service_start(ORDER, NULL);
	again = http_call(order->port, "POST", "/orders", TV, "Idempotency-Key: abc", NULL);
	cr_expect_eq(again.status, 201);
	cr_expect_str_eq(again.body, first.body);
	again = http_call(order->port, "POST", "/orders", TV, "Idempotency-Key: abd", NULL);
	cr_expect_eq(again.status, 201);
	cr_expect_str_neq(again.body, first.body);
	cr_expect_eq(sql_number("select count(*) from order_table"), 2);
	cr_assert(tail_await(tail, 2, 5000));
	service_stop(order, 15);
	cr_expect_eq(tail_read(tail), 2);
}

#define THREADS 20

struct caller {
	pthread_t thread;
	int port;
	struct http_answer answer;
};

static void *call_with_key(void *context)
{
	struct caller *caller = context;

	caller->answer =
		http_call(caller->port, "POST", "/orders", TV, "Idempotency-Key: rush", NULL);
	return NULL;
}

/* All at once: every answer is the same order, and there is one. */
static void rush(const struct service *const *services, size_t count)
{
	struct caller callers[THREADS];

	for (size_t i = 0; i < THREADS; i++) {
		callers[i].port = services[i % count]->port;
		cr_assert_eq(pthread_create(&callers[i].thread, NULL, call_with_key, &callers[i]),
			     0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		(void)pthread_join(callers[i].thread, NULL);
		cr_expect_eq(callers[i].answer.status, 201, "%s%s", callers[i].answer.error,
			     callers[i].answer.body);
		cr_expect_str_eq(callers[i].answer.body, callers[0].answer.body);
	}
	cr_expect_eq(sql_number("select count(*) from order_table"), 1);
	cr_expect_eq(sql_number("select version from orders.orders"), 1);
}

LAB_TEST(order_api, one_key_from_twenty_threads_is_one_order, 1)
{
	const struct service *order = service_start(ORDER, NULL);

	rush(&order, 1);
}

LAB_TEST(order_api, one_key_at_two_replicas_is_one_order, 1)
{
	const struct service *services[] = { service_start(ORDER, NULL),
					     service_start(ORDER, NULL) };
	struct tail *tail = tail_open(fixture.topic);

	rush(services, 2);
	cr_assert(tail_await(tail, 1, 5000));
	cr_assert(wait_until(5000, sql_number("select count(*) from orders.outbox") == 0));
	cr_expect_eq(tail_read(tail), 1);
}

/* True if a session of this database waits for a lock. */
static bool somebody_waits(void)
{
	sql_run("select pg_stat_clear_snapshot()");
	return sql_number("select count(*) from pg_stat_activity where wait_event_type = 'Lock' "
			  "and datname = current_database()") > 0;
}

/* Another replica's order with the key is committed in the middle of our own transaction. */
LAB_TEST(order_api, one_key_in_a_transaction_that_comes_first, 1)
{
	struct caller caller = { .port = service_start(ORDER, NULL)->port };

	sql_run("begin");
	sql_run("insert into orders.orders (id, version, status, customer_id, product_id, "
		"product_name, qty, address, idempotency_key) "
		"values (77, 1, 'ORDER PLACED', 1000, '100', 'TV', 3, 'SEOUL', 'rush')");
	cr_assert_eq(pthread_create(&caller.thread, NULL, call_with_key, &caller), 0);
	cr_expect(wait_until(5000, somebody_waits()));
	sql_run("commit");
	(void)pthread_join(caller.thread, NULL);
	cr_expect_eq(caller.answer.status, 201, "%s%s", caller.answer.error, caller.answer.body);
	cr_expect_str_eq(http_header(&caller.answer, "Location"), "/orders/77");
	cr_expect_eq(sql_number("select count(*) from order_table"), 1);
}

/* Four clients change one order: no version is lost or duplicated, each change is one event. */
static void *patch_ten_times(void *context)
{
	struct caller *caller = context;

	for (int i = 0; i < 10; i++) {
		const char *body = arena_format("{\"address\":\"%p %d\"}", context, i);

		caller->answer = http_call(caller->port, "PATCH", "/orders/1", body, NULL);
		if (caller->answer.status != 200)
			break;
	}
	return NULL;
}

LAB_TEST(order_api, changes_at_two_replicas_make_versions_without_gaps, 1)
{
	const struct service *services[] = { service_start(ORDER, NULL),
					     service_start(ORDER, NULL) };
	struct tail *tail = tail_open(fixture.topic);
	struct caller callers[4];

	(void)place(services[0]);
	for (size_t i = 0; i < 4; i++) {
		callers[i].port = services[i % 2]->port;
		cr_assert_eq(pthread_create(&callers[i].thread, NULL, patch_ten_times, &callers[i]),
			     0);
	}
	for (size_t i = 0; i < 4; i++) {
		(void)pthread_join(callers[i].thread, NULL);
		cr_expect_eq(callers[i].answer.status, 200, "%s", callers[i].answer.body);
	}
	cr_expect_eq(sql_number("select version from orders.orders"), 41);
	cr_assert(tail_await(tail, 41, 5000));
	for (size_t i = 0; i < tail->count; i++)
		cr_expect_eq(json_number(tail->messages[i].json, "version"), (int64_t)i + 1);
}

/* --- what else there is -------------------------------------------------------------------- */

LAB_TEST(order_api, health_readiness_and_metrics, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct http_answer answer = http_call(order->port, "GET", "/healthz", NULL, NULL);

	cr_expect_eq(answer.status, 200);
	answer = http_call(order->port, "GET", "/readyz", NULL, NULL);
	cr_expect_eq(answer.status, 200);
	cr_expect_str_eq(json_text(answer.json, "database"), "up");
	cr_expect_str_eq(json_text(answer.json, "broker"), "up");
	(void)place(order);
	cr_expect(wait_until(5000, service_metric(order, "relay_published_total") == 1.0));
	answer = http_call(order->port, "GET", "/metrics", NULL, NULL);
	cr_expect_eq(answer.status, 200);
	cr_expect_eq(strncmp(http_header(&answer, "Content-Type"), "text/plain; version=0.0.4", 25),
		     0);
	cr_expect_eq(service_metric(order, "relay_active"), 1.0);
}

LAB_TEST(order_api, delivery_api_shows_the_delivery, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct service *delivery = service_start(DELIVERY, NULL);
	struct http_answer answer = http_call(delivery->port, "GET", "/deliveries/1", NULL, NULL);
	const json_t *events;

	cr_expect_eq(answer.status, 404);
	(void)place(order);
	cr_assert(wait_until(
		5000, http_call(delivery->port, "GET", "/deliveries/1", NULL, NULL).status == 200));
	cr_expect_eq(http_call(order->port, "DELETE", "/orders/1", NULL, NULL).status, 204);
	cr_assert(wait_until(5000, sql_number("select count(*) from delivery.history") == 2));
	answer = http_call(delivery->port, "GET", "/deliveries/1", NULL, NULL);
	cr_expect_str_eq(json_text(answer.json, "status"), "DELIVERY CANCELLED");
	cr_expect_eq(json_number(answer.json, "orderId"), 1);
	cr_expect_eq(json_number(answer.json, "version"), 2);
	events = json_object_get(answer.json, "events");
	cr_assert_eq(json_array_size(events), 2);
	cr_expect_str_eq(json_text(json_array_get(events, 0), "event"), "OrderPlaced");
	cr_expect_str_eq(json_text(json_array_get(events, 1), "event"), "OrderCancelled");
	cr_expect_str_eq(json_text(json_array_get(events, 1), "replica"), delivery->name);
	answer = http_call(delivery->port, "GET", "/deliveries", NULL, NULL);
	cr_expect_eq(json_array_size(json_object_get(answer.json, "deliveries")), 1);
	for (const char *const *path = (const char *const[]){ "/deliveries/0", "/deliveries/abc",
							      "/deliveries?limit=0", NULL };
	     *path; path++)
		cr_expect_eq(http_call(delivery->port, "GET", *path, NULL, NULL).status, 400);
	answer = http_call(delivery->port, "POST", "/deliveries", "{}", NULL);
	cr_expect_eq(answer.status, 405);
	cr_expect_str_eq(http_header(&answer, "Allow"), "GET, HEAD, OPTIONS");
}
