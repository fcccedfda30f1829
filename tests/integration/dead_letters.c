/*
 * The program behind make dead-letters and make replay, on the real servers. Each test sees only
 * the letters that came from its own topic (ONLY_TOPIC).
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/order_event.h"
#include "tests/support/program.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/stack.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(dead_letters, .timeout = 600);

#define HISTORY "select count(*) from delivery.history"
#define DLQ     "dlq-kafka.delivery"

/* --- the program --------------------------------------------------------------------------- */

#define SETTINGS_MAX 8

/* Runs it with the settings ("NAME=value", ended by NULL) over the test's own. */
__attribute__((sentinel)) static struct program_run run(const char *action, ...)
{
	const char *settings[SETTINGS_MAX + 1] = { arena_format("ACTION=%s", action),
						   arena_format("ONLY_TOPIC=%s", fixture.topic) };
	size_t n = 2;
	va_list ap;

	va_start(ap, action);
	for (const char *pair; (pair = va_arg(ap, const char *));) {
		cr_assert_lt(n, SETTINGS_MAX);
		settings[n++] = pair;
	}
	va_end(ap);
	return program_run("dead-letters", NULL, settings);
}

#define expect_says(run_, status_, text_)                                                          \
	do {                                                                                       \
		const struct program_run once_ = (run_);                                           \
		const char *says_ = (text_);                                                       \
		cr_expect_eq(once_.status, (status_), "exit status %d\n%s", once_.status,          \
			     once_.output);                                                        \
		cr_expect_not_null(strstr(once_.output, says_), "no '%s' in\n%s", says_,           \
				   once_.output);                                                  \
	} while (0)

/* --- events and letters -------------------------------------------------------------------- */

static void produce_event(const char *type, int64_t id, int version, const char *address)
{
	const struct raw_message message = order_event(type, id, version, address);

	(void)produce(&message);
}

/* LETTER= of a letter. */
static const char *letter_setting(const struct message *letter)
{
	return arena_format("LETTER=%d:%lld", letter->partition, (long long)letter->offset);
}

static const char *status_of(int64_t order_id)
{
	return sql_text("select status from delivery_table where order_id = %lld",
			(long long)order_id);
}

/* All that is on the topic now has been received: an event behind it has been applied. */
static void await_all_read(int64_t order_id)
{
	produce_event("OrderPlaced", order_id, 1, "BEHIND");
	cr_assert(wait_until(60000, *status_of(order_id) != '\0'), "the partition stands still");
}

/* A letter that no delivery-service has made. */
static int64_t put_letter(const char *payload, const char *origin)
{
	return produce(&(struct raw_message){
		.topic = DLQ,
		.partition = -1,
		.key = "1",
		.payload = payload,
		.headers = { { "type", "DeliveryStarted", 0 },
			     { origin ? "x-original-topic" : "x-other", origin ? origin : "x", 0 },
			     { "x-exception-message", "made by a test", 0 } } });
}

/* --- listing ------------------------------------------------------------------------------- */

LAB_TEST(dead_letters, nothing_is_a_clear_answer, 1)
{
	struct program_run list = run("list", NULL);

	expect_says(list, 0, "no dead letters on " DLQ);
	expect_says(list, 0, "no event that Kafka refused");
	expect_says(run("replay", NULL), 0, "no letter waits to be replayed");
	expect_says(run("replay", "OUTBOX=orders", NULL), 0, "orders.outbox_dead is empty");
}

LAB_TEST(dead_letters, bad_messages_are_listed, 1)
{
	struct tail *letters = tail_open_dead_letters(fixture.topic);
	char *large = arena_alloc(4001);
	struct program_run list, one;

	(void)service_start(DELIVERY, NULL);
	(void)produce(&(struct raw_message){ .topic = fixture.topic,
					     .key = "7",
					     .payload = "hi\x1b[31m\xff",
					     .headers = { { "type", "OrderPlaced", 0 } } });
	memset(large, 'x', 4000);
	memcpy(large + 3990, "THE-END", 7);
	(void)produce(&(struct raw_message){
		.topic = fixture.topic,
		.payload = large,
		.headers = { { "type", "OrderModified", 0 }, { "mine", "a value", 0 } } });
	cr_assert(tail_await(letters, 2, 60000));
	list = run("list", NULL);
	expect_says(list, 0, "2 letters, 2 not replayed");
	expect_says(list, 0, arena_format("\n%lld ", (long long)letters->messages[0].offset));
	expect_says(list, 0, arena_format("%s 0:0\n", fixture.topic));
	expect_says(list, 0, "not JSON");
	expect_says(list, 0, "OrderModified");
	expect_says(list, 0, "hi\\x1b[31m\\xff\n");
	cr_expect_null(strchr(list.output, '\x1b'), "a message commands the terminal");
	cr_expect_null(strstr(list.output, "THE-END"), "the list shortens");
	one = run("list", letter_setting(&letters->messages[1]), NULL);
	expect_says(one, 0, "THE-END");
	expect_says(one, 0, "payload, 4000 bytes");
	expect_says(one, 0, "mine                     a value\n");
	expect_says(one, 0, "x-original-offset        1\n");
	expect_says(one, 0, "key       (null)\n");
}

LAB_TEST(dead_letters, wrong_settings_say_what_is_allowed, 1)
{
	expect_says(run("list", "LETTER=x", NULL), 2, "5 or 0:5");
	expect_says(run("list", "LETTER=-1", NULL), 2, "5 or 0:5");
	expect_says(run("list", "LETTER=1:2:3", NULL), 2, "5 or 0:5");
	expect_says(run("list", "LETTER=999999999", NULL), 1, "there is no letter 999999999");
	expect_says(run("replay", "LETTER=9:0", NULL), 1, "there is no letter");
	expect_says(run("list", "OUTBOX=orders", NULL), 2, "make replay");
	expect_says(run("replay", "OUTBOX=orders", "LETTER=1", NULL), 2, "one of them");
	expect_says(run("replay", "OUTBOX=other", NULL), 2, "orders, delivery");
	expect_says(run("list", "KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:1", NULL), 1,
		    "no broker answers on 127.0.0.1:1");
}

/* Its own letters would come to it as events, and become letters again. */
LAB_TEST(dead_letters, a_service_refuses_to_read_its_own_letters, 1)
{
	const char *const settings[] = { "KAFKA_TOPIC=" DLQ, NULL };

	expect_says(program_run("delivery-service", "--check-config", settings), 2,
		    "KAFKA_TOPIC=" DLQ ": must be another topic");
	expect_says(program_run("order-service", "--check-config", settings), 2,
		    "KAFKA_TOPIC=" DLQ ": must be another topic");
	expect_says(program_run("delivery-service", NULL, settings), 2, "another topic");
}

/* --- replaying ----------------------------------------------------------------------------- */

/* The message with which the letter came back to the topic, as it must be. */
static void expect_sent_back(const struct message *m, const struct message *letter)
{
	cr_expect_eq(m->payload_len, letter->payload_len);
	cr_expect_eq(!m->payload, !letter->payload);
	if (m->payload && letter->payload)
		cr_expect_arr_eq(m->payload, letter->payload, letter->payload_len);
	cr_expect_eq(!m->key, !letter->key);
	cr_expect_eq(m->key_len, letter->key_len);
	if (m->key && letter->key)
		cr_expect_arr_eq(m->key, letter->key, letter->key_len);
	for (size_t i = 0; i < letter->header_count; i++) {
		const char *name = letter->headers[i].name;

		if (strcmp(name, "x-exception-message") != 0)
			cr_expect_str_eq(message_header(m, name), letter->headers[i].value, "%s",
					 name);
	}
	cr_expect_str_empty(message_header(m, "x-exception-message"));
	cr_expect_str_eq(message_header(m, "x-replayed-from"),
			 arena_format("%d:%lld", letter->partition, (long long)letter->offset));
	cr_expect_eq(m->header_count, letter->header_count, "one less, one more");
}

/* The order was unknown when its change came; both versions of the test: see below. */
static void replay_an_unknown_orders_change(int placed, int modified)
{
	struct tail *letters = tail_open_dead_letters(fixture.topic);
	struct tail *tail = tail_open(fixture.topic);

	(void)service_start(DELIVERY, NULL);
	produce_event("OrderModified", 77, modified, "BUSAN");
	cr_assert(tail_await(letters, 1, 60000));
	produce_event("OrderPlaced", 77, placed, "SEOUL");
	cr_assert(wait_until(60000, strcmp(status_of(77), "DELIVERY STARTED") == 0));
	expect_says(run("replay", NULL), 0, "replayed: 1");
	cr_assert(wait_until(60000, strcmp(status_of(77), "DELIVERY MODIFIED") == 0));
	cr_expect_str_eq(sql_text("select address from delivery_table where order_id = 77"),
			 "BUSAN");
	(void)tail_read(tail);
	cr_assert_not_null(tail_find(tail, "OrderModified", 77, 1));
	expect_sent_back(tail_find(tail, "OrderModified", 77, 1), &letters->messages[0]);
	expect_says(run("list", NULL), 0, "1 letter, 0 not replayed");
	/* A second time: nothing to do, and by force no effect. */
	expect_says(run("replay", NULL), 0, "no letter waits to be replayed");
	expect_says(run("replay", letter_setting(&letters->messages[0]), NULL), 0, "OrderModified");
	await_all_read(4711);
	(void)tail_read(tail);
	cr_expect_not_null(tail_find(tail, "OrderModified", 77, 2), "it was sent again");
	cr_expect_eq(sql_number(HISTORY " where order_id = 77"), 2, "a second effect");
	cr_expect_eq(tail_read(letters), 1, "a new letter");
}

LAB_TEST(dead_letters, a_replayed_event_is_applied_once, 1)
{
	replay_an_unknown_orders_change(1, 2);
}

/* Known again by its first place on the topic. */
LAB_TEST(dead_letters, a_replayed_event_without_version_is_applied_once, 1)
{
	replay_an_unknown_orders_change(0, 0);
}

/* What is still bad comes back behind, byte by byte; its first origin stays its identity. */
LAB_TEST(dead_letters, what_fails_again_comes_back_as_it_was, 3)
{
	static const char bytes[] = "\xff\xfe\0\n\x01\x80 end";
	const struct raw_message bad[] = {
		{ .key = "\xff\x01", .payload = bytes, .payload_len = sizeof(bytes) - 1 },
		{ .partition = 2, .payload = NULL },
		{ .partition = 2, .key = "", .payload = arena_alloc(1) },
	};
	const size_t count = sizeof(bad) / sizeof(bad[0]);
	struct tail *letters = tail_open_dead_letters(fixture.topic);
	struct tail *tail = tail_open(fixture.topic);

	(void)service_start(DELIVERY, NULL);
	for (size_t i = 0; i < count; i++) {
		struct raw_message message = bad[i];

		message.topic = fixture.topic;
		message.headers[0] = (struct header){ "type", "OrderPlaced", 0 };
		(void)produce(&message);
		cr_assert(tail_await(letters, i + 1, 60000)); /* one by one: their order is known */
	}
	expect_says(run("replay", NULL), 0, "replayed: 3");
	cr_assert(tail_await(letters, 2 * count, 60000), "%zu letters", letters->count);
	cr_expect_eq(tail_read(tail), 2 * count);
	for (size_t i = 0; i < tail->count; i++) {
		const struct message *m = &tail->messages[i];

		for (size_t j = 0; j < count && *message_header(m, "x-replayed-from"); j++) {
			const struct message *letter = &letters->messages[j];

			if (strcmp(message_header(m, "x-replayed-from"),
				   arena_format("0:%lld", (long long)letter->offset)) != 0)
				continue;
			expect_sent_back(m, letter);
			cr_expect(letter->key || m->partition == 2,
				  "without a key: the partition it came from");
		}
	}
	for (size_t i = count; i < letters->count; i++) {
		const struct message *again = &letters->messages[i], *first = NULL;

		for (size_t j = 0; j < count; j++) {
			if (strcmp(message_header(again, "x-replayed-from"),
				   arena_format("0:%lld",
						(long long)letters->messages[j].offset)) == 0)
				first = &letters->messages[j];
		}
		cr_assert_not_null(first);
		cr_expect_eq(again->payload_len, first->payload_len);
		cr_expect_eq(!again->payload, !first->payload);
		if (first->payload && again->payload)
			cr_expect_arr_eq(again->payload, first->payload, first->payload_len);
		cr_expect_eq(!again->key, !first->key);
		cr_expect_str_eq(again->key ? again->key : "", first->key ? first->key : "");
		cr_expect_str_eq(message_header(again, "x-original-offset"),
				 message_header(first, "x-original-offset"));
		cr_expect_str_neq(message_header(again, "x-exception-message"), "");
	}
	expect_says(run("list", NULL), 0, "6 letters, 3 not replayed");
}

/* Headers that one of a message's own text cannot be: all of them come back. */
static const struct header odd_headers[] = {
	{ "type", "OrderPlaced", 0 }, { "again", "first", 0 },       { "none", NULL, 0 },
	{ "again", "second", 0 },     { "binary", "\xff\0\x01", 3 }, { "empty", "", 0 },
	{ "again", NULL, 0 },         { "nul", "a\0b", 3 },
};
#define ODD_HEADERS (sizeof(odd_headers) / sizeof(odd_headers[0]))

static void expect_odd_headers(const struct message *m)
{
	cr_assert_geq(m->header_count, ODD_HEADERS);
	for (size_t i = 0; i < ODD_HEADERS; i++) {
		const struct header *header = &m->headers[i], *sent = &odd_headers[i];
		size_t len = sent->len || !sent->value ? sent->len : strlen(sent->value);

		cr_assert_str_eq(header->name, sent->name);
		cr_expect_eq(!header->value, !sent->value, "%zu %s", i, sent->name);
		cr_assert_eq(header->len, len, "%zu %s", i, sent->name);
		if (header->value && sent->value)
			cr_expect_arr_eq(header->value, sent->value, len, "%s", sent->name);
	}
}

/* As it came: names that come again, null values, bytes that are no text, in their order. */
LAB_TEST(dead_letters, headers_stay_byte_for_byte, 1)
{
	struct tail *letters = tail_open_dead_letters(fixture.topic);
	struct tail *tail = tail_open(fixture.topic);
	struct raw_message message = { .topic = fixture.topic, .payload = "not JSON" };

	memcpy(message.headers, odd_headers, sizeof(odd_headers));
	(void)service_start(DELIVERY, NULL);
	(void)produce(&message);
	cr_assert(tail_await(letters, 1, 60000));
	expect_odd_headers(&letters->messages[0]);
	expect_says(run("replay", NULL), 0, "replayed: 1");
	cr_assert(tail_await(letters, 2, 60000), "it fails again");
	cr_assert_eq(tail_read(tail), 2);
	expect_odd_headers(&tail->messages[1]);
	expect_odd_headers(&letters->messages[1]);
	cr_expect_str_eq(message_header(&letters->messages[1], "x-original-offset"), "0");
}

/* What an older delivery-service left in the outbox: an object. */
LAB_TEST(dead_letters, both_forms_of_headers_in_the_outbox_are_published, 1)
{
	struct tail *tail = tail_open(fixture.topic);

	(void)service_start(DELIVERY, NULL);
	sql_run("insert into delivery.outbox (topic, type, headers, payload) values "
		"('%1$s', null, '{\"a\":\"1\",\"b\":\"2\"}', 'x'), "
		"('%1$s', 'DeliveryStarted', "
		" '[[\"a\",\"1\"],[\"a\",{\"hex\":\"ff\"}],[\"b\",null]]', 'x')",
		fixture.topic);
	cr_assert(tail_await(tail, 2, 60000));
	cr_assert_eq(tail->messages[0].header_count, 2);
	cr_expect_str_eq(message_header(&tail->messages[0], "a"), "1");
	cr_expect_str_eq(message_header(&tail->messages[0], "b"), "2");
	cr_assert_eq(tail->messages[1].header_count, 6, "three standard ones before them");
	cr_expect_str_eq(tail->messages[1].headers[3].value, "1");
	cr_expect_str_eq(tail->messages[1].headers[4].value, "\xff");
	cr_expect_null(tail->messages[1].headers[5].value);
}

/* A position can only tell how far, not which. */
LAB_TEST(dead_letters, one_letter_moves_the_position_if_it_is_next, 1)
{
	struct tail *tail = tail_open(fixture.topic);
	const char *first = arena_format("LETTER=%lld", (long long)put_letter("a", fixture.topic));
	const char *second = arena_format("LETTER=%lld", (long long)put_letter("b", fixture.topic));

	expect_says(run("replay", second, NULL), 0, "still counts as not replayed");
	expect_says(run("list", NULL), 0, "2 letters, 2 not replayed");
	expect_says(run("replay", first, NULL), 0, "DeliveryStarted");
	expect_says(run("list", NULL), 0, "2 letters, 1 not replayed");
	expect_says(run("replay", NULL), 0, "replayed: 1");
	expect_says(run("list", NULL), 0, "2 letters, 0 not replayed");
	cr_assert_eq(tail_read(tail), 3);
	cr_expect_str_eq(tail->messages[0].payload, "b");
	cr_expect_str_eq(tail->messages[1].payload, "a");
	cr_expect_str_eq(tail->messages[2].payload, "b");
}

/* From a partition, without a key: it goes there, and nowhere else. */
static void put_letter_of_partition(const char *payload, const char *partition)
{
	(void)produce(&(struct raw_message){
		.topic = DLQ,
		.partition = -1,
		.payload = payload,
		.headers = { { "type", "DeliveryStarted", 0 },
			     { "x-original-topic", fixture.topic, 0 },
			     { "x-original-partition", partition, 0 },
			     { "x-exception-message", "made by a test", 0 } } });
}

/* The reason of the last letter of that payload's size. */
static const char *last_reason(const struct tail *letters, size_t size)
{
	for (size_t i = letters->count; i > 0; i--) {
		if (letters->messages[i - 1].payload_len == size)
			return message_header(&letters->messages[i - 1], "x-exception-message");
	}
	return "";
}

#define LARGE 1500000 /* more than a topic takes that is not the DLQ */

/* What Kafka refuses holds up nothing: it is kept behind the others with the reason, and goes when
 * the reason is gone. */
LAB_TEST(dead_letters, a_refused_letter_is_kept_and_the_rest_goes_on, 1)
{
	struct tail *tail = tail_open(fixture.topic);
	struct tail *letters = tail_open_dead_letters(fixture.topic);
	char *large = arena_alloc(LARGE + 1);
	struct program_run first;

	memset(large, 'x', LARGE);
	(void)put_letter("a", fixture.topic);
	(void)put_letter(large, fixture.topic);
	put_letter_of_partition("of seven", "7");
	(void)put_letter("c", fixture.topic);
	first = run("replay", NULL);
	expect_says(first, 1, "Message size too large; kept as letter ");
	expect_says(first, 1, "came from partition 7");
	expect_says(first, 1, "replayed: 2;");
	expect_says(first, 1, "refused: 2, kept at the end");
	cr_assert_eq(tail_read(tail), 2, "one behind it does not wait");
	cr_expect_str_eq(tail->messages[1].payload, "c");
	expect_says(run("list", NULL), 0, "6 letters, 2 not replayed");
	(void)tail_read(letters);
	cr_expect_not_null(strstr(last_reason(letters, LARGE), "too large"));
	cr_expect_not_null(strstr(last_reason(letters, strlen("of seven")), "partition 7"));
	topic_alter(fixture.topic, 8);
	expect_says(run("replay", NULL), 1, "replayed: 1;");
	cr_assert_eq(tail_read(tail), 3);
	cr_expect_str_eq(tail->messages[2].payload, "of seven");
	cr_expect_eq(tail->messages[2].partition, 7);
	expect_says(run("list", NULL), 0, "7 letters, 1 not replayed");
}

LAB_TEST(dead_letters, a_letter_of_a_topic_that_is_gone_holds_up_nothing, 1)
{
	const char *topic = arena_format("gone-%s", fixture.topic);
	struct tail *tail = tail_open(fixture.topic);
	int64_t gone = put_letter("gone", topic), here;
	struct program_run all;

	here = put_letter("here", fixture.topic);
	all = run("replay", "LETTER=", arena_format("ONLY_TOPIC=%s", topic), NULL);
	expect_says(all, 1, arena_format("topic %s: ", topic));
	expect_says(all, 1, "letters not replayed: 1");
	expect_says(run("replay", arena_format("LETTER=%lld", (long long)gone),
			"ONLY_TOPIC=", NULL),
		    1, arena_format("topic %s: ", topic));
	expect_says(run("replay", arena_format("LETTER=%lld", (long long)here), NULL), 0,
		    fixture.topic);
	cr_expect_eq(tail_read(tail), 1);
}

LAB_TEST(dead_letters, a_letter_without_origin_needs_a_topic, 1)
{
	struct tail *tail = tail_open(fixture.topic);
	const char *letter = arena_format("LETTER=%lld", (long long)put_letter("a", NULL));

	expect_says(run("replay", letter, "ONLY_TOPIC=", NULL), 2, "TOPIC=");
	expect_says(run("replay", letter, "ONLY_TOPIC=", "TOPIC=no-such-topic", NULL), 1,
		    "topic no-such-topic: ");
	cr_expect_eq(tail_read(tail), 0);
	expect_says(run("replay", letter, "ONLY_TOPIC=", arena_format("TOPIC=%s", fixture.topic),
			NULL),
		    0, fixture.topic);
	cr_expect_eq(tail_read(tail), 1);
}

/* --- what Kafka refused -------------------------------------------------------------------- */

#define REFUSED "select max(id) from orders.outbox_dead"

/* The relay moves what Kafka refuses to outbox_dead; put back, and refused again, it is kept again.
 */
LAB_TEST(dead_letters, refused_events_are_listed_and_kept_if_refused_again, 1)
{
	int64_t id;

	service_allow_errors(); /* an event refused permanently is one */
	(void)service_start(ORDER, NULL);
	sql_run("insert into orders.outbox (topic, key, type, payload) values "
		"('%s', '9', 'OrderPlaced', convert_to(repeat('x', 1500000), 'UTF8'))",
		fixture.topic);
	cr_assert(wait_until(60000, sql_number(REFUSED) > 0));
	id = sql_number(REFUSED);
	expect_says(run("list", NULL), 0, "Broker: Message size too large");
	expect_says(run("list", NULL), 0, arena_format(" %lld ", (long long)id));
	expect_says(run("replay", "OUTBOX=orders", NULL), 0, "1 event put back");
	cr_expect(wait_until(60000, sql_number(REFUSED) > id));
	cr_expect_eq(sql_number("select octet_length(payload) from orders.outbox_dead"), 1500000);
	cr_expect_eq(sql_number("select count(*) from orders.outbox"), 0);
}

LAB_TEST(dead_letters, refused_events_are_put_back_in_order, 1)
{
	struct tail *tail = tail_open(fixture.topic);

	(void)service_start(DELIVERY, NULL);
	sql_run("insert into delivery.outbox_dead "
		"(id, topic, key, type, headers, payload, created_at, reason) values "
		"(1000003, '%1$s', '\\xff01', null, '{\"h\":\"3\"}', '\\xff00', now(), 'x'), "
		"(1000001, '%1$s', null, 'DeliveryStarted', null, null, now(), 'x'), "
		"(1000002, '%1$s', '2', null, '{\"h\":\"2\"}', '', now(), 'x')",
		fixture.topic);
	expect_says(run("replay", "OUTBOX=delivery", NULL), 0, "3 events put back");
	cr_assert(tail_await(tail, 3, 60000));
	cr_expect_str_eq(message_header(&tail->messages[0], "type"), "DeliveryStarted");
	cr_expect_null(tail->messages[0].payload);
	cr_expect_str_eq(message_header(&tail->messages[1], "h"), "2");
	cr_expect_str_eq(message_header(&tail->messages[2], "h"), "3");
	cr_assert_eq(tail->messages[2].key_len, 2);
	cr_expect_arr_eq(tail->messages[2].key, "\xff\x01", 2);
	cr_expect_eq(tail->messages[2].payload_len, 2);
	cr_expect_eq(sql_number("select count(*) from delivery.outbox_dead"), 0);
	expect_says(run("replay", "OUTBOX=delivery", NULL), 0, "is empty");
}
