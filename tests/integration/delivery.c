/*
 * What delivery does with everything that a topic may carry.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/order_event.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(delivery, .timeout = 600);

#define HISTORY "select count(*) from delivery.history"

static const char *event_json(const char *type, int64_t id, int version, const char *address)
{
	return order_event(type, id, version, address).payload;
}

static int64_t produce_event(const char *type, int64_t id, int version, const char *address)
{
	const struct raw_message message = order_event(type, id, version, address);

	return produce(&message);
}

static const char *status_of(int64_t order_id)
{
	return sql_text("select status from delivery_table where order_id = %lld",
			(long long)order_id);
}

/* A good event behind the bad ones: it is applied at once, or the partition stands still. */
static void expect_partition_goes_on(void)
{
	(void)produce_event("OrderPlaced", 4711, 1, "BEHIND");
	cr_expect(wait_until(5000, strcmp(status_of(4711), "DELIVERY STARTED") == 0),
		  "the partition stands still");
}

static const struct message *letter_at(struct tail *letters, int64_t offset)
{
	const char *text = arena_format("%lld", (long long)offset);

	for (size_t i = 0; i < letters->count; i++) {
		if (strcmp(message_header(&letters->messages[i], "x-original-offset"), text) == 0)
			return &letters->messages[i];
	}
	return NULL;
}

LAB_TEST(delivery, bad_messages_become_dead_letters, 1)
{
	char *large = arena_alloc(900 * 1024 + 1);
	const char *good = event_json("OrderPlaced", 1, 1, "SEOUL");
	const struct {
		const char *what;
		struct raw_message message;
		const char *reason; /* part of it */
	} bad[] = {
		{ "not JSON", { .payload = "hello" }, "not JSON" },
		{ "half of JSON", { .payload = "{\"eventType\":\"OrderPlaced\"" }, "not JSON" },
		{ "an empty payload", { .payload = arena_alloc(1), .key = "1" }, "not JSON" },
		{ "bad UTF-8", { .payload = "{\"eventType\":\"\xff\"}" }, "not JSON" },
		{ "an array", { .payload = "[]" }, "not a JSON object" },
		{ "a null payload", { .payload = NULL, .key = "1" }, "null payload" },
		{ "no fields", { .payload = "{}" }, "eventType" },
		{ "no id", { .payload = "{\"eventType\":\"OrderPlaced\",\"qty\":3}" }, "id" },
		{ "a negative id", { .payload = event_json("OrderPlaced", -1, 1, "x") }, "id" },
		{ "another type",
		  { .payload = event_json("OrderModified", 1, 1, "x") },
		  "eventType" },
		{ "a negative version",
		  { .payload = event_json("OrderPlaced", 1, -1, "x") },
		  "version" },
		{ "a NUL in a text",
		  { .payload = event_json("OrderPlaced", 1, 1, "a\\u0000b") },
		  "JSON" },
		{ "900 KB", { .payload = large, .key = "1" }, "bytes" },
		{ "no header", { .payload = good, .headers = { { "x", "y", 0 } } }, "type" },
	};
	const size_t count = sizeof(bad) / sizeof(bad[0]);
	int64_t *offsets = arena_alloc(count * sizeof(*offsets));
	struct tail *letters = tail_open_dead_letters(fixture.topic);
	struct service *delivery = service_start(DELIVERY, NULL);

	memset(large, 'x', 900 * 1024);
	for (size_t i = 0; i < count; i++) {
		struct raw_message message = bad[i].message;

		message.topic = fixture.topic;
		if (!message.headers[0].name)
			message.headers[0] = (struct header){ "type", "OrderPlaced", 0 };
		offsets[i] = produce(&message);
	}
	expect_partition_goes_on();
	cr_assert(tail_await(letters, count, 10000), "%zu letters of %zu", letters->count, count);
	cr_expect_eq(letters->count, count);
	for (size_t i = 0; i < count; i++) {
		const struct message *m = letter_at(letters, offsets[i]);
		const char *payload = bad[i].message.payload;

		cr_assert_not_null(m, "%s: no dead letter", bad[i].what);
		cr_expect_not_null(strstr(message_header(m, "x-exception-message"), bad[i].reason),
				   "%s: reason %s", bad[i].what,
				   message_header(m, "x-exception-message"));
		cr_expect_str_eq(message_header(m, "x-original-partition"), "0");
		cr_expect_gt(strtoll(message_header(m, "x-original-timestamp"), NULL, 10), 0);
		cr_expect_eq(m->payload_len, payload ? strlen(payload) : 0, "%s", bad[i].what);
		cr_expect(payload ? m->payload && strcmp(m->payload, payload) == 0 : !m->payload,
			  "%s: the payload is not the original", bad[i].what);
		cr_expect_eq(!m->key, !bad[i].message.key, "%s: key", bad[i].what);
	}
	cr_expect_str_eq(message_header(letter_at(letters, offsets[0]), "type"), "OrderPlaced",
			 "the original's own headers come along");
	cr_expect(service_metric_reaches(delivery, "delivery_dead_letters_total", (double)count));
	cr_expect(wait_until(60000,
			     service_log_count(delivery, "msg=\"dead letter\"") == (int)count));
	cr_expect(service_logs(delivery, arena_format("msg=\"dead letter\" partition=0 offset=%lld",
						      (long long)offsets[0])));
	cr_expect_eq(sql_number(HISTORY), 1);
}

/* The reason must arrive whatever strange headers the original had. */
LAB_TEST(delivery, strange_headers_do_not_hide_the_reason, 1)
{
	static const struct header strange[] = {
		{ "nul", "a\0b", 3 },      { "bytes", "\xff\xfe", 2 }, { "null", NULL, 0 },
		{ "quotes", "\"\\\n", 0 }, { "", "empty name", 0 },
	};
	const size_t count = sizeof(strange) / sizeof(strange[0]);
	struct tail *letters = tail_open_dead_letters(fixture.topic);

	(void)service_start(DELIVERY, NULL);
	for (size_t i = 0; i < count; i++)
		(void)produce(&(struct raw_message){
			.topic = fixture.topic,
			.payload = "x",
			.headers = { { "type", "OrderPlaced", 0 }, strange[i] } });
	expect_partition_goes_on();
	cr_assert(tail_await(letters, count, 5000), "%zu letters of %zu have their origin",
		  letters->count, count);
	for (size_t i = 0; i < count; i++)
		cr_expect_str_neq(message_header(&letters->messages[i], "x-exception-message"), "");
}

LAB_TEST(delivery, an_unknown_order_is_a_dead_letter, 1)
{
	struct tail *letters = tail_open_dead_letters(fixture.topic);
	struct tail *tail = tail_open(fixture.topic);

	(void)service_start(DELIVERY, NULL);
	(void)produce_event("OrderModified", 77, 2, "x");
	(void)produce_event("OrderCancelled", 77, 3, "x");
	expect_partition_goes_on();
	cr_assert(tail_await(letters, 2, 5000));
	for (size_t i = 0; i < 2; i++)
		cr_expect_str_eq(message_header(&letters->messages[i], "x-exception-message"),
				 "unknown order");
	cr_expect_str_eq(letters->messages[0].key, "77");
	cr_expect_str_eq(status_of(77), "");
	cr_assert(wait_until(5000, (tail_read(tail), tail_find(tail, "DeliveryStarted", 4711, 0))));
	cr_expect_eq(tail->count, 4, "no event about what had no effect");
}

/* As a Java service writes it: quoted headers, numeric strings, no version, unknown fields. */
LAB_TEST(delivery, events_from_spring_are_applied, 1)
{
	struct tail *tail = tail_open(fixture.topic);
	const struct message *m;

	(void)service_start(DELIVERY, NULL);
	(void)produce(&(struct raw_message){
		.topic = fixture.topic,
		.key = "5",
		.payload = "{\"eventType\":\"OrderPlaced\",\"timestamp\":\"1732180000123\",\"id\":"
			   "\"5\","
			   "\"customerId\":\"1000\",\"productId\":100,\"productName\":\"TV\","
			   "\"qty\":\"3\","
			   "\"address\":\"SEOUL\",\"colour\":{\"a\":[1,2.5,null]}}",
		.headers = { { "type", "\"OrderPlaced\"", 0 },
			     { "contentType", "\"application/json\"", 0 },
			     { "other", "\"x\"", 0 } } });
	(void)produce(&(struct raw_message){ .topic = fixture.topic,
					     .key = "5",
					     .payload = event_json("OrderModified", 5, 0, "BUSAN"),
					     .headers = { { "type", "\"OrderModified\"", 0 } } });
	cr_assert(wait_until(5000, sql_number(HISTORY) == 2));
	cr_expect_str_eq(
		sql_text("select order_id || ' ' || customer_id || ' ' || product_id || ' ' || "
			 "product_name || ' ' || qty || ' ' || address || ' ' || status "
			 "from delivery_table"),
		"5 2000 100 RADIO 3 BUSAN DELIVERY MODIFIED");
	cr_assert(wait_until(5000, (tail_read(tail), tail_find(tail, "DeliveryModified", 5, 0))));
	m = tail_find(tail, "DeliveryStarted", 5, 0);
	cr_assert_not_null(m);
	cr_expect_null(json_object_get(m->json, "version"), "answered without a version: %s",
		       m->payload);
	cr_expect_eq(json_number(m->json, "customerId"), 1000);
	cr_expect_eq(json_number(m->json, "qty"), 3);
	cr_expect_str_eq(json_text(m->json, "productId"), "100");
}

LAB_TEST(delivery, duplicates_have_no_second_effect, 1)
{
	struct service *delivery = service_start(DELIVERY, NULL);
	struct tail *tail = tail_open(fixture.topic);

	for (int i = 0; i < 3; i++) {
		(void)produce_event("OrderPlaced", 1, 1, "A");
		(void)produce_event("OrderModified", 1, 2, "B");
		(void)produce_event("OrderPlaced", 1, 1, "A");
		(void)produce_event("OrderCancelled", 1, 3, "C");
		(void)produce_event("OrderModified", 1, 2, "B");
	}
	expect_partition_goes_on();
	cr_expect_eq(sql_number(HISTORY " where order_id = 1"), 3);
	cr_expect_str_eq(sql_text("select status || ' ' || address from delivery_table "
				  "where order_id = 1"),
			 "DELIVERY CANCELLED C");
	cr_assert(tail_await(tail, 16 + 4, 5000));
	service_stop(delivery, SIGTERM);
	cr_expect_eq(tail_read(tail), 16 + 4);
	cr_expect_eq(tail_count(tail, "DeliveryStarted"), 2);
	cr_expect_eq(tail_count(tail, "DeliveryModified"), 1);
	cr_expect_eq(tail_count(tail, "DeliveryCancelled"), 1);
}

/* Also when the first copy was worked by a process before, and another partition has the second. */
LAB_TEST(delivery, duplicates_in_another_partition_after_a_restart, 2)
{
	struct service *delivery = service_start(DELIVERY, NULL);
	struct raw_message copy = { .topic = fixture.topic,
				    .payload = event_json("OrderPlaced", 1, 1, "A"),
				    .headers = { { "type", "OrderPlaced", 0 } } };

	(void)produce(&copy);
	cr_assert(wait_until(5000, sql_number(HISTORY) == 1));
	service_kill(delivery);
	copy.partition = 1;
	(void)produce(&copy);
	delivery = service_start(DELIVERY, NULL);
	cr_expect(wait_until(20000,
			     service_metric(delivery, "delivery_events_duplicate_total") == 1.0));
	cr_expect_eq(sql_number(HISTORY), 1);
}

LAB_TEST(delivery, other_types_are_skipped_unread, 1)
{
	struct tail *letters = tail_open_dead_letters(fixture.topic);
	struct service *delivery = service_start(DELIVERY, NULL);
	static const char *const types[] = { "DeliveryStarted",
					     "DeliveryCancelled",
					     "\"DeliveryStarted\"",
					     "PaymentReceived",
					     "orderplaced",
					     "OrderPlacedX",
					     "" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		(void)produce(&(struct raw_message){ .topic = fixture.topic,
						     .payload = "not even JSON",
						     .headers = { { "type", types[i], 0 } } });
	expect_partition_goes_on();
	cr_expect_eq(sql_number(HISTORY), 1);
	cr_expect_geq(service_metric(delivery, "delivery_events_skipped_total"), 7.0);
	cr_expect_eq(service_metric(delivery, "delivery_dead_letters_total"), 0.0);
	cr_expect_eq(tail_read(letters), 0);
	/* Positions move past what is skipped, so that a successor does not read it again. */
	cr_expect(wait_until(5000, sql_number("select next_offset from delivery.position") >= 9));
}

/* The new partition's first events were there before any consumer knew of it. */
LAB_TEST(delivery, a_new_partition_is_read_from_its_beginning, 1)
{
	struct service *delivery = service_start(DELIVERY, NULL);

	(void)produce_event("OrderPlaced", 1, 1, "A");
	cr_assert(wait_until(5000, sql_number(HISTORY) == 1));
	topic_alter(fixture.topic, 3);
	/* The last partition first: before its event there is none whose DeliveryStarted could lie
	 * there. */
	for (int partition = 2; partition >= 0; partition--)
		(void)produce(&(struct raw_message){
			.topic = fixture.topic,
			.partition = partition,
			.payload = event_json("OrderPlaced", 100 + partition, 1, "A"),
			.headers = { { "type", "OrderPlaced", 0 } } });
	cr_assert(wait_until(10000, sql_number(HISTORY) == 4), "%lld of 4",
		  (long long)sql_number(HISTORY));
	cr_expect_eq(sql_number(HISTORY " where \"partition\" = 2 and \"offset\" = 0"), 1);
	cr_expect_eq(service_metric(delivery, "delivery_partitions"), 3.0);
}

/* Retention has taken the oldest events; whoever comes now begins with those that are left. */
LAB_TEST(delivery, a_log_that_begins_late_is_read_from_there, 1)
{
	for (int64_t order_id = 1; order_id <= 5; order_id++)
		(void)produce_event("OrderPlaced", order_id, 1, "SEOUL");
	topic_cut(fixture.topic, 0, 3);
	(void)service_start(DELIVERY, NULL);
	cr_assert(wait_until(10000, strcmp(status_of(5), "DELIVERY STARTED") == 0));
	cr_expect_eq(sql_number("select count(*) from delivery.history"), 2);
	cr_expect_eq(sql_number("select min(\"offset\") from delivery.history"), 3);
	cr_expect_geq(sql_number("select next_offset from delivery.position"), 5);
}

/* Everything committed is on the topic as one Delivery* event each, in effect order per order. */
LAB_TEST(delivery, effects_and_events_match_one_to_one, 3)
{
	struct tail *tail = tail_open(fixture.topic);
	size_t seen = 0;

	(void)service_start(DELIVERY, "REPLICA=a", NULL);
	for (int64_t id = 1; id <= 20; id++) {
		(void)produce_event("OrderPlaced", id, 1, "A");
		(void)produce_event("OrderModified", id, 2, "B");
		(void)produce_event("OrderCancelled", id, 3, "C");
	}
	cr_assert(wait_until(10000, sql_number(HISTORY) == 60));
	cr_assert(tail_await(tail, 120, 5000));
	for (int64_t id = 1; id <= 20; id++) {
		int64_t version = 0;

		for (size_t i = 0; i < tail->count; i++) {
			const json_t *json = tail->messages[i].json;

			if (json_number(json, "orderId") != id)
				continue;
			cr_expect_eq(json_number(json, "version"), ++version);
			seen++;
		}
		cr_expect_eq(version, 3);
	}
	cr_expect_eq(seen, 60);
	cr_expect(wait_until(5000, sql_number("select count(*) from delivery.outbox") == 0));
}

/* The replica that joins takes its share; the one that leaves gives its own back at once. */
LAB_TEST(delivery, partitions_move_between_replicas, 2)
{
	struct service *first = service_start(DELIVERY, NULL), *second;

	cr_assert(wait_until(10000, service_metric(first, "delivery_partitions") == 2.0));
	second = service_start(DELIVERY, NULL);
	cr_assert(wait_until(10000, service_metric(first, "delivery_partitions") == 1.0 &&
					    service_metric(second, "delivery_partitions") == 1.0));
	service_stop(first, SIGINT);
	cr_assert(wait_until(5000, service_metric(second, "delivery_partitions") == 2.0));
	for (int p = 0; p < 2; p++)
		(void)produce(
			&(struct raw_message){ .topic = fixture.topic,
					       .partition = p,
					       .payload = event_json("OrderPlaced", p + 1, 1, "A"),
					       .headers = { { "type", "OrderPlaced", 0 } } });
	cr_expect(wait_until(5000, sql_number(HISTORY) == 2));
	cr_expect_eq(sql_number(HISTORY " where replica = '%s'", second->name), 2);
}

/*
 * The session ends when the first round trip of a write is answered and the second one not sent:
 * on a new session the effect would be committed without the position, and without the fence.
 */
LAB_TEST(delivery, a_session_lost_between_two_round_trips, 1)
{
	struct service *delivery = service_start(DELIVERY, NULL);
	int64_t pid;

	(void)produce_event("OrderPlaced", 1, 1, "SEOUL");
	cr_assert(wait_until(5000, sql_number(HISTORY) == 1));
	sql_run("begin");
	sql_run("select from delivery.position for update");
	(void)produce_event("OrderPlaced", 2, 1, "SEOUL");
	cr_assert(wait_until(5000, (pid = sql_number("select pid from pg_stat_activity where "
						     "pg_backend_pid() = "
						     "any(pg_blocking_pids(pid))")) > 0));
	service_signal(delivery, SIGSTOP);
	sql_run("commit");
	cr_assert(wait_until(5000, sql_number("select count(*) from pg_stat_activity where "
					      "pid = %lld and state = 'idle in transaction'",
					      (long long)pid) == 1));
	sql_run("select pg_terminate_backend(%lld, 5000)", (long long)pid);
	service_signal(delivery, SIGCONT);
	cr_assert(wait_until(10000, sql_number(HISTORY) == 2));
	/* Both orders' events, and the Delivery* event of each, which the relay brings. */
	cr_expect(wait_until(10000, sql_number("select next_offset from delivery.position") == 4));
	cr_expect(service_logs(delivery, "the connection was lost in a transaction"));
}
