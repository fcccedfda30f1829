/*
 * The events on the topic, byte for byte, as a plain consumer sees them.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(wire_format, .timeout = 600);

static void post(const struct service *order, const char *name)
{
	const char *body =
		arena_format("{\"customerId\":\"2000\",\"productId\":\"100\",\"productName\":"
			     "\"%s\",\"qty\":\"3\",\"address\":\"PUSAN\"}",
			     name);
	struct http_answer answer = http_call(order->port, "POST", "/orders", body, NULL);

	cr_assert_eq(answer.status, 201, "%s%s", answer.error, answer.body);
}

/* Three headers and no more, as text. */
static void expect_headers(const struct message *m, const char *type)
{
	cr_expect_eq(m->header_count, 3);
	cr_expect_str_eq(message_header(m, "type"), type);
	cr_expect_str_eq(message_header(m, "contentType"), "application/json");
	cr_expect_str_eq(message_header(m, "spring_json_header_types"),
			 "{\"type\":\"java.lang.String\",\"contentType\":\"java.lang.String\"}");
}

/* The payload, with its own timestamp (which must be of this minute) in place of @. */
static void expect_payload(const struct message *m, const char *expected)
{
	const char *at = strchr(expected, '@'), *own = strstr(m->payload, "\"timestamp\":");
	long long timestamp = own ? strtoll(own + strlen("\"timestamp\":"), NULL, 10) : 0;
	const char *text =
		arena_format("%.*s%lld%s", (int)(at - expected), expected, timestamp, at + 1);

	cr_expect_eq(m->payload_len, strlen(m->payload), "a NUL in the payload");
	cr_expect_str_eq(m->payload, text);
	cr_expect_lt(llabs(timestamp / 1000 - (long long)time(NULL)), 60);
}

LAB_TEST(wire_format, order_events_are_the_contracts_bytes, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct tail *tail = tail_open(fixture.topic);
	const struct message *m;

	post(order, "TV");
	post(order, "RADIO");
	cr_expect_eq(http_call(order->port, "PATCH", "/orders/2", "{\"address\":\"SEOUL\"}", NULL)
			     .status,
		     200);
	cr_expect_eq(http_call(order->port, "DELETE", "/orders/2", NULL, NULL).status, 204);
	cr_assert(tail_await(tail, 4, 5000));
	m = tail->messages;
	for (int i = 0; i < 4; i++) {
		cr_expect_eq(m[i].offset, i);
		cr_expect_str_eq(m[i].key ? m[i].key : "none", i == 0 ? "1" : "2");
		cr_expect_eq(m[i].key_len, 1);
	}
	expect_headers(&m[1], "OrderPlaced");
	expect_payload(&m[1],
		       "{\"eventType\":\"OrderPlaced\",\"timestamp\":@,\"id\":2,\"version\":1,"
		       "\"customerId\":2000,\"productId\":\"100\",\"productName\":\"RADIO\","
		       "\"qty\":3,\"address\":\"PUSAN\"}");
	expect_headers(&m[2], "OrderModified");
	expect_payload(&m[2],
		       "{\"eventType\":\"OrderModified\",\"timestamp\":@,\"id\":2,\"version\":2,"
		       "\"customerId\":2000,\"productId\":\"100\",\"productName\":\"RADIO\","
		       "\"qty\":3,\"address\":\"SEOUL\"}");
	expect_headers(&m[3], "OrderCancelled");
	expect_payload(&m[3],
		       "{\"eventType\":\"OrderCancelled\",\"timestamp\":@,\"id\":2,\"version\":3,"
		       "\"customerId\":2000,\"productId\":\"100\",\"productName\":\"RADIO\","
		       "\"qty\":3,\"address\":\"SEOUL\"}");
	service_stop(order, SIGTERM);
	cr_expect_eq(tail_read(tail), 4);
}

LAB_TEST(wire_format, text_stays_utf8, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct tail *tail = tail_open(fixture.topic);

	post(order, "\xed\x85\x94\xeb\xa0\x88\xeb\xb9\x84\xec\xa0\x84 \xf0\x9f\x93\xba \\\"/\\\\ "
		    "\\u007f\\n");
	cr_assert(tail_await(tail, 1, 5000));
	cr_expect_str_eq(
		json_text(tail->messages[0].json, "productName"),
		"\xed\x85\x94\xeb\xa0\x88\xeb\xb9\x84\xec\xa0\x84 \xf0\x9f\x93\xba \"/\\ \x7f\n");
	cr_expect_not_null(strstr(tail->messages[0].payload, "\xed\x85\x94\xeb\xa0\x88"),
			   "as UTF-8 and not as \\u escapes");
}

LAB_TEST(wire_format, delivery_events_are_the_contracts_bytes, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct tail *tail = tail_open(fixture.topic);
	const struct message *m;

	(void)service_start(DELIVERY, NULL);
	/* A delivery's id is its own: here it differs from the order's. */
	sql_run("select setval('delivery.delivery_id_seq', 6)");
	post(order, "RADIO");
	cr_assert(wait_until(10000, sql_number("select count(*) from delivery.history") == 1));
	cr_expect_eq(http_call(order->port, "PATCH", "/orders/1", "{\"address\":\"SEOUL\"}", NULL)
			     .status,
		     200);
	cr_expect_eq(http_call(order->port, "DELETE", "/orders/1", NULL, NULL).status, 204);
	cr_assert(wait_until(5000, (tail_read(tail), tail_find(tail, "DeliveryCancelled", 1, 0))));
	cr_expect_eq(tail->count, 6);
	m = tail_find(tail, "DeliveryStarted", 1, 0);
	cr_assert_not_null(m);
	expect_headers(m, "DeliveryStarted");
	cr_expect_str_eq(m->key, "1");
	expect_payload(
		m, "{\"eventType\":\"DeliveryStarted\",\"timestamp\":@,\"id\":7,\"orderId\":1,"
		   "\"version\":1,\"customerId\":2000,\"productId\":\"100\",\"productName\":"
		   "\"RADIO\",\"qty\":3,\"address\":\"PUSAN\",\"status\":\"DELIVERY STARTED\"}");
	m = tail_find(tail, "DeliveryModified", 1, 0);
	cr_assert_not_null(m);
	expect_headers(m, "DeliveryModified");
	expect_payload(
		m, "{\"eventType\":\"DeliveryModified\",\"timestamp\":@,\"id\":7,\"orderId\":1,"
		   "\"version\":2,\"customerId\":2000,\"productId\":\"100\",\"productName\":"
		   "\"RADIO\",\"qty\":3,\"address\":\"SEOUL\",\"status\":\"DELIVERY MODIFIED\"}");
	m = tail_find(tail, "DeliveryCancelled", 1, 0);
	expect_headers(m, "DeliveryCancelled");
	expect_payload(
		m, "{\"eventType\":\"DeliveryCancelled\",\"timestamp\":@,\"id\":7,\"orderId\":1,"
		   "\"version\":3,\"customerId\":2000,\"productId\":\"100\",\"productName\":"
		   "\"RADIO\",\"qty\":3,\"address\":\"SEOUL\",\"status\":\"DELIVERY CANCELLED\"}");
}

/*
 * murmur2 of the keys "1" to "20", positive, modulo 5: by an implementation in another language,
 * checked against the hashes that Kafka's own UtilsTest lists ("21": -973932308, "foobar":
 * -790332482, "abc": 479470107, ...).
 */
LAB_TEST(wire_format, keys_go_where_java_puts_them, 5)
{
	static const int partitions[20] = { 4, 3, 3, 3, 0, 3, 4, 2, 3, 1,
					    3, 3, 2, 0, 3, 1, 3, 2, 0, 2 };
	struct service *order = service_start(ORDER, NULL);
	struct tail *tail = tail_open(fixture.topic);

	for (int i = 0; i < 20; i++)
		post(order, "TV");
	cr_assert(tail_await(tail, 20, 5000));
	for (int id = 1; id <= 20; id++) {
		const struct message *m = tail_find(tail, "OrderPlaced", id, 0);

		cr_assert_not_null(m, "order %d", id);
		cr_expect_str_eq(m->key, arena_format("%d", id));
		cr_expect_eq(m->partition, partitions[id - 1], "order %d is in partition %d", id,
			     m->partition);
	}
}

/* Event n of the producer is in partition n modulo their number, whatever it is about. */
static void expect_round_robin(const struct tail *tail, size_t first, size_t count, int partitions,
			       int start)
{
	for (size_t n = 0; n < count; n++) {
		const struct message *m = tail_find(tail, "OrderPlaced", (int64_t)(first + n), 0);

		cr_assert_not_null(m, "order %zu", first + n);
		cr_expect_null(m->key);
		cr_expect_eq(m->partition, (start + (int)n) % partitions,
			     "order %zu is in partition %d", first + n, m->partition);
	}
}

LAB_TEST(wire_format, unkeyed_is_strict_round_robin, 3)
{
	struct service *order = service_start(ORDER, "EVENT_KEY=none", NULL);
	struct tail *tail = tail_open(fixture.topic);

	for (int i = 0; i < 30; i++)
		post(order, "TV");
	cr_assert(tail_await(tail, 30, 5000));
	expect_round_robin(tail, 1, 30, 3, tail_find(tail, "OrderPlaced", 1, 0)->partition);
	/* A producer that restarts does the same again. */
	service_stop(order, SIGTERM);
	order = service_start(ORDER, "EVENT_KEY=none", NULL);
	for (int i = 0; i < 6; i++)
		post(order, "TV");
	cr_assert(tail_await(tail, 36, 5000));
	expect_round_robin(tail, 31, 6, 3, tail_find(tail, "OrderPlaced", 1, 0)->partition);
}

/* Batches, too: what was committed while the relay was away goes out one by one, in order. */
LAB_TEST(wire_format, unkeyed_backlog_is_strict_round_robin, 3)
{
	struct service *order = service_start(ORDER, "EVENT_KEY=none", NULL);
	struct tail *tail = tail_open(fixture.topic);
	int start;

	/* Holds the relay's next read. */
	sql_run("begin");
	sql_run("lock table orders.outbox_lease in access exclusive mode");
	for (int i = 0; i < 40; i++)
		post(order, "TV");
	sql_run("commit");
	cr_assert(tail_await(tail, 40, 10000));
	start = tail_find(tail, "OrderPlaced", 1, 0)->partition;
	expect_round_robin(tail, 1, 40, 3, start);
}

/* Altered live: new partitions get events within seconds, keyed and unkeyed alike. */
LAB_TEST(wire_format, new_partitions_are_used, 1)
{
	struct service *order = service_start(ORDER, "EVENT_KEY=none", NULL);
	struct tail *tail = tail_open(fixture.topic);
	size_t before;

	post(order, "TV");
	cr_assert(tail_await(tail, 1, 5000));
	topic_alter(fixture.topic, 2);
	cr_assert(wait_until(5000, (post(order, "TV"), tail_read(tail),
				    tail->messages[tail->count - 1].partition == 1)),
		  "no event in the new partition");
	cr_assert(wait_until(5000, sql_number("select count(*) from orders.outbox") == 0));
	before = tail_read(tail);
	for (int i = 0; i < 10; i++)
		post(order, "TV");
	cr_assert(tail_await(tail, before + 10, 5000));
	expect_round_robin(tail, before + 1, 10, 2,
			   tail_find(tail, "OrderPlaced", (int64_t)before + 1, 0)->partition);
}
