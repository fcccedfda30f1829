/*
 * The history checker itself, on a small real history: it finds nothing in what the services did,
 * and it finds each tampering with it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/mock_kafka.h"
#include "tests/support/program.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/stack.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(verify_history, .timeout = 600);

/* --- running it ---------------------------------------------------------------------------- */

struct verdict {
	int exit_code;
	const char *text; /* stdout and stderr */
	json_t *json;     /* NULL: the text is none */
};

static struct verdict verdict_of(struct program_run run)
{
	return (struct verdict){ .exit_code = run.status,
				 .text = run.output,
				 .json = arena_json(json_loads(run.output, 0, NULL)) };
}

/* flag NULL: none; settings ("NAME=value") end with NULL. */
static struct verdict verify_with(const char *flag, const char *const *settings)
{
	(void)setenv("WAIT", "30", 1);
	return verdict_of(program_run("verify-history", flag, settings));
}

static struct verdict verify(const char *setting, const char *wait)
{
	return verify_with("--json", (const char *const[]){ setting, wait, NULL });
}

/* How many of that kind it found. */
static int64_t found(const struct verdict *v, const char *kind)
{
	const json_t *violations = json_object_get(v->json, "violations");

	for (size_t i = 0; i < json_array_size(violations); i++) {
		const json_t *violation = json_array_get(violations, i);

		if (strcmp(json_text(violation, "kind"), kind) == 0)
			return json_number(violation, "count");
	}
	return 0;
}

static int64_t counted(const struct verdict *v, const char *name)
{
	return json_number(json_object_get(v->json, "counts"), name);
}

static void expect_clean(const struct verdict *v)
{
	cr_assert_eq(v->exit_code, 0, "%s", v->text);
	cr_assert_not_null(v->json, "%s", v->text);
	cr_expect(json_is_true(json_object_get(v->json, "clean")), "%s", v->text);
}

/* --- a small history ----------------------------------------------------------------------- */

static void call(const struct service *order, FILE *acks, const char *method, int id, int version)
{
	const char *body = version == 1
				   ? "{\"customerId\":2000,\"productId\":\"100\",\"productName\":"
				     "\"RADIO\",\"qty\":3,\"address\":\"PUSAN\"}"
			   : version == 2 ? "{\"address\":\"SEOUL\"}"
					  : NULL;
	const char *path = version == 1 ? "/orders" : arena_format("/orders/%d", id);
	struct http_answer answer = http_call(order->port, method, path, body, NULL);

	cr_assert_eq(answer.status / 100, 2, "%s%s", answer.error, answer.body);
	(void)fprintf(acks, "1732180000123 %s %d %d\n", method, id, version % 3);
}

/* Three orders placed, modified and cancelled; returns the file of what was acknowledged. */
static const char *play(const struct service *order)
{
	const char *path = arena_format("%s/log/%s.acks", stack_run_dir(), fixture.name);
	FILE *acks = fopen(path, "we");

	cr_assert_not_null(acks);
	for (int id = 1; id <= 3; id++) {
		call(order, acks, "POST", id, 1);
		call(order, acks, "PATCH", id, 2);
		call(order, acks, "DELETE", id, 3);
	}
	(void)fclose(acks);
	return path;
}

/* One after the other: none may bring a later one's kind along. */
static const struct tampering {
	const char *kind, *sql;
} tamperings[] = {
	{ "differs from order", "update orders.orders set address = 'BUSAN' where id = 3" },
	{ "wrong final row",
	  "update delivery.delivery set status = 'DELIVERY MODIFIED' where order_id = 1" },
	{ "lost event", "update orders.orders set version = 5 where id = 2" },
	{ "applied out of order",
	  "update delivery.history set id = default where order_id = 1 and version = 2" },
	{ "wrong effect",
	  "update delivery.history set event = 'OrderPlaced' where order_id = 3 and version = 3" },
	{ "duplicated effect",
	  "drop index delivery.history_once; insert into delivery.history (order_id, version, "
	  "event, status, \"partition\", \"offset\", replica, received_at) select order_id, "
	  "version, event, status, \"partition\", \"offset\", replica, received_at "
	  "from delivery.history where order_id = 2 and version = 3" },
	{ "effect without event",
	  "update delivery.history set \"offset\" = 1000 where order_id = 2 and version = 1" },
	{ "lost effect", "delete from delivery.history where order_id = 3 and version = 2" },
	{ "still parked", "insert into delivery.parked (order_id, version, event, payload, "
			  "\"partition\", \"offset\", received_at) "
			  "values (1, 4, 'OrderModified', '', 0, 99, now())" },
	{ "not drained", "insert into delivery.outbox (topic) values ('x')" },
	{ "refused by Kafka", "insert into orders.outbox_dead (id, topic, created_at, reason) "
			      "values (1, 'x', now(), 'too large')" },
	{ "lost operation", "delete from orders.orders where id = 3" },
};

/* Returns the verdict with it, which is the next one's before. */
static struct verdict expect_tampering_found(const char *setting, const struct tampering *t,
					     const struct verdict *before)
{
	struct verdict after;

	cr_expect_eq(found(before, t->kind), 0, "%s before", t->kind);
	sql_run("%s", t->sql);
	after = verify(setting, "WAIT=0");
	cr_assert_eq(after.exit_code, 1, "%s: %s", t->kind, after.text);
	cr_expect_gt(found(&after, t->kind), 0, "%s: %s", t->kind, after.text);
	return after;
}

LAB_TEST(verify_history, finds_nothing_but_what_was_tampered_with, 2)
{
	struct service *order = service_start(ORDER, NULL);
	struct service *delivery = service_start(DELIVERY, NULL);
	const char *acks = arena_format("ACKS=%s", play(order));
	struct verdict v = verify(acks, NULL);

	expect_clean(&v);
	cr_expect_eq(counted(&v, "orders"), 3);
	cr_expect_eq(counted(&v, "acknowledged"), 9);
	cr_expect_eq(counted(&v, "order_events"), 9);
	cr_expect_eq(counted(&v, "effects"), 9);
	cr_expect_eq(counted(&v, "delivery_events"), 9);
	service_stop(delivery, SIGTERM);
	service_stop(order, SIGTERM);
	for (size_t i = 0; i < sizeof(tamperings) / sizeof(tamperings[0]); i++)
		v = expect_tampering_found(acks, &tamperings[i], &v);
	v = verify_with(NULL, (const char *const[]){ "WAIT=0", NULL });
	cr_expect_eq(v.exit_code, 1);
	cr_expect_not_null(strstr(v.text, "applied out of order: 1, order 1, version 2:"), "%s",
			   v.text);
	cr_expect_not_null(strstr(v.text, "kinds\n"), "%s", v.text);
}

/* --- what others put on the topic ---------------------------------------------------------- */

static void produce_typed(const char *type, int partition, const char *payload)
{
	(void)produce(&(struct raw_message){ .topic = fixture.topic,
					     .partition = partition,
					     .payload = payload,
					     .headers = { { "type", type, 0 } } });
}

static const char *order_json(const char *type, int id, const char *version)
{
	return arena_format(
		"{\"eventType\":\"%s\",\"id\":%d,%s\"customerId\":1,\"productId\":\"1\","
		"\"productName\":\"TV\",\"qty\":1,\"address\":\"SEOUL\"}",
		type, id, version);
}

/* Events without a version, copies, dead letters and junk are no violations. */
LAB_TEST(verify_history, understands_what_others_publish, 2)
{
	struct verdict v;

	(void)service_start(DELIVERY, NULL);
	for (int copy = 0; copy < 2; copy++) {
		produce_typed("OrderPlaced", 0, order_json("OrderPlaced", 5, "\"version\":1,"));
		produce_typed("OrderPlaced", 1, order_json("OrderPlaced", 6, ""));
		produce_typed("OrderModified", 1, order_json("OrderModified", 6, ""));
	}
	produce_typed("OrderPlaced", 0, "not JSON");
	produce_typed("OrderModified", 0, order_json("OrderModified", 77, "\"version\":2,"));
	produce_typed("PaymentReceived", 0, "{}");
	v = verify("WAIT=30", NULL);
	expect_clean(&v);
	cr_expect_eq(counted(&v, "order_events"), 6);
	cr_expect_eq(counted(&v, "order_events_repeated"), 1);
	cr_expect_eq(counted(&v, "effects"), 5);
	cr_expect_eq(counted(&v, "delivery_events"), 5);
	cr_expect_eq(counted(&v, "dead_letters"), 2);
	cr_expect_eq(counted(&v, "unreadable"), 1);
	cr_expect_eq(counted(&v, "other_messages"), 1);
}

/* LETTER= of the first one whose payload has the text. */
static const char *letter_about(const struct tail *letters, const char *text)
{
	for (size_t i = 0; i < letters->count; i++) {
		const struct message *m = &letters->messages[i];

		if (strstr(m->payload, text))
			return arena_format("LETTER=%d:%lld", m->partition, (long long)m->offset);
	}
	cr_assert_fail("no letter about %s", text);
	return NULL;
}

/* Sends all letters back; one (LETTER=) although it was. */
static void replay(const char *letter)
{
	struct program_run run =
		program_run("dead-letters", NULL,
			    (const char *const[]){ "ACTION=replay",
						   arena_format("ONLY_TOPIC=%s", fixture.topic),
						   letter, NULL });

	cr_assert_eq(run.status, 0, "%s", run.output);
}

/* A letter names the first place of its message, wherever the copy that failed is. */
LAB_TEST(verify_history, understands_replays, 2)
{
	struct tail *letters = tail_open_dead_letters(fixture.topic);
	struct verdict v;

	(void)service_start(DELIVERY, NULL);
	produce_typed("OrderPlaced", 0, "not JSON");
	produce_typed("OrderModified", 1, order_json("OrderModified", 77, ""));
	produce_typed("OrderModified", 1, order_json("OrderModified", 78, "\"version\":2,"));
	cr_assert(tail_await(letters, 3, 60000));
	replay(NULL);
	cr_assert(tail_await(letters, 6, 60000), "they fail again");
	v = verify("WAIT=30", NULL);
	expect_clean(&v);
	cr_expect_eq(counted(&v, "dead_letters"), 3);
	cr_expect_eq(counted(&v, "unreadable"), 1);
	cr_expect_eq(counted(&v, "order_events_repeated"), 3);
	/* With the order there, the first replay has the effect, and the second none. */
	produce_typed("OrderPlaced", 1, order_json("OrderPlaced", 77, ""));
	replay(NULL);
	cr_assert(wait_until(60000, sql_number("select count(*) from delivery.history") == 2));
	replay(letter_about(letters, "77"));
	v = verify("WAIT=30", NULL);
	expect_clean(&v);
	cr_expect_eq(counted(&v, "effects"), 2);
	/* The original and all of its replays may have one effect together. */
	sql_run("insert into delivery.history (order_id, version, event, status, \"partition\", "
		"\"offset\", replica, received_at) select order_id, version, event, status, "
		"1, 0, replica, received_at from delivery.history where event = 'OrderModified'");
	v = verify("WAIT=0", NULL);
	cr_expect_eq(v.exit_code, 1);
	cr_expect_eq(found(&v, "duplicated effect"), 1, "%s", v.text);
	cr_expect_eq(found(&v, "effect without event"), 0, "%s", v.text);
}

LAB_TEST(verify_history, finds_what_is_on_the_topic_only, 1)
{
	struct verdict v;

	produce_typed("OrderPlaced", 0, order_json("OrderPlaced", 5, "\"version\":1,"));
	produce_typed("DeliveryStarted", 0, "{\"orderId\":5,\"version\":1}");
	v = verify("WAIT=0", NULL);
	cr_expect_eq(v.exit_code, 1, "%s", v.text);
	cr_expect_eq(found(&v, "not drained"), 1, "%s", v.text);
	cr_expect_eq(found(&v, "announced without effect"), 0, "not yet in the tables: %s", v.text);
	cr_expect_eq(found(&v, "lost effect"), 0, "nobody has come to it: %s", v.text);
	sql_run("insert into delivery.position (topic, \"partition\", next_offset, epoch, owner) "
		"values ('%s', 0, 2, 1, 'x')",
		fixture.topic);
	v = verify("WAIT=0", NULL);
	cr_expect_eq(found(&v, "not drained"), 0, "%s", v.text);
	cr_expect_eq(found(&v, "lost effect"), 1, "%s", v.text);
	cr_expect_eq(found(&v, "announced without effect"), 1, "%s", v.text);
}

/* Order id, placed and applied, and what is announced of it. */
static void announce(int id, const char *address, const char *status)
{
	produce_typed("OrderPlaced", 0, order_json("OrderPlaced", id, "\"version\":1,"));
	sql_run("insert into delivery.history (order_id, version, event, status, \"partition\", "
		"\"offset\", replica, received_at) values "
		"(%d, 1, 'OrderPlaced', 'DELIVERY STARTED', 0, %d, 'x', now())",
		id, 2 * (id - 1));
	produce_typed("DeliveryStarted", 0,
		      arena_format("{\"eventType\":\"DeliveryStarted\",\"id\":1,\"orderId\":%d,"
				   "\"version\":1,\"customerId\":1,\"productId\":\"1\","
				   "\"productName\":\"TV\",\"qty\":1,\"address\":\"%s\","
				   "\"status\":\"%s\"}",
				   id, address, status));
}

LAB_TEST(verify_history, compares_what_is_announced, 1)
{
	struct verdict v;

	announce(1, "SEOUL", "DELIVERY STARTED");
	announce(2, "PUSAN", "DELIVERY STARTED");
	announce(3, "SEOUL", "DELIVERY MODIFIED");
	v = verify("WAIT=0", NULL);
	cr_expect_eq(found(&v, "wrong announcement"), 2, "%s", v.text);
	cr_expect_eq(found(&v, "effect without event"), 0, "%s", v.text);
}

/* --- a server that hangs ------------------------------------------------------------------- */

static bool signal_checkers_session(int sig)
{
	pid_t session =
		(pid_t)sql_number("select pid from pg_stat_activity where application_name = "
				  "'verify-history' and datname = current_database()");

	return session > 0 && kill(session, sig) == 0;
}

/* In a process of its own, since the checker runs meanwhile. The session goes on in any case. */
static pid_t stop_checkers_session(void)
{
	const pid_t test = getpid();
	pid_t child = fork();

	if (child != 0)
		return child;
	if (wait_until(60000, signal_checkers_session(SIGSTOP))) {
		(void)wait_within(120000, getppid() != test);
		(void)signal_checkers_session(SIGCONT);
	}
	_exit(0);
}

LAB_TEST(verify_history, does_not_wait_for_a_server_that_hangs, 1)
{
	pid_t stopper = stop_checkers_session();
	struct verdict v;

	cr_assert_gt(stopper, 0);
	produce_typed("OrderPlaced", 0, order_json("OrderPlaced", 5, ""));
	v = verify("WAIT=180", NULL);
	(void)kill(stopper, SIGKILL);
	(void)waitpid(stopper, NULL, 0);
	(void)signal_checkers_session(SIGCONT);
	cr_expect_eq(v.exit_code, 2, "%s", v.text);
	cr_expect_not_null(strstr(v.text, "does not answer for 60 s"), "%s", v.text);
}

/* --- a topic whose beginning is gone ------------------------------------------------------- */

static void cut_all(int64_t offset_0, int64_t offset_1)
{
	topic_cut(fixture.topic, 0, offset_0);
	topic_cut(fixture.topic, 1, offset_1);
}

/* tail has read on while the topic was whole. */
static int64_t end_of(struct tail *tail, int partition)
{
	int64_t end = 0;

	(void)tail_read(tail);
	for (size_t i = 0; i < tail->count; i++) {
		if (tail->messages[i].partition == partition)
			end = tail->messages[i].offset + 1;
	}
	return end;
}

static void expect_hole(const struct verdict *v, int partition, int64_t count)
{
	const json_t *holes = json_object_get(v->json, "holes");

	for (size_t i = 0; i < json_array_size(holes); i++) {
		const json_t *hole = json_array_get(holes, i);

		if (json_number(hole, "partition") != partition)
			continue;
		cr_expect_str_eq(json_text(hole, "topic"), fixture.topic);
		cr_expect_eq(json_number(hole, "from"), 0);
		cr_expect_eq(json_number(hole, "to"), count - 1);
		cr_expect_eq(json_number(hole, "count"), count);
		return;
	}
	cr_expect_fail("no hole in partition %d: %s", partition, v->text);
}

/* Retention, or kafka-delete-records: what is left is judged, what is gone is named. */
LAB_TEST(verify_history, judges_what_is_left_of_a_topic, 2)
{
	struct service *order = service_start(ORDER, NULL);
	struct service *delivery = service_start(DELIVERY, NULL);
	struct tail *tail = tail_open(fixture.topic);
	int64_t end_0, end_1, unread;
	struct verdict v;

	(void)play(order);
	v = verify("WAIT=30", NULL);
	expect_clean(&v);
	end_0 = end_of(tail, 0);
	end_1 = end_of(tail, 1);
	cut_all(end_0 - 1, end_1);
	v = verify("WAIT=30", NULL);
	cr_expect_eq(v.exit_code, 3, "%s", v.text);
	cr_expect(json_is_false(json_object_get(v.json, "whole")), "%s", v.text);
	cr_expect(json_is_false(json_object_get(v.json, "clean")), "%s", v.text);
	cr_expect_eq(json_number(v.json, "total"), 0, "%s", v.text);
	expect_hole(&v, 0, end_0 - 1);
	expect_hole(&v, 1, end_1);
	v = verify_with(NULL, (const char *const[]){ "WAIT=0", NULL });
	cr_expect_eq(v.exit_code, 3, "%s", v.text);
	cr_expect_not_null(strstr(v.text, arena_format("%s, partition 1: the offsets 0 to %lld are "
						       "gone, %lld messages at most",
						       fixture.topic, (long long)end_1 - 1,
						       (long long)end_1)),
			   "%s", v.text);
	cr_expect_not_null(strstr(v.text, "not judged, since"), "%s", v.text);
	cr_expect_not_null(strstr(v.text, "what is gone was not judged"), "%s", v.text);
	/* What went before delivery-service came to it is a loss. */
	service_stop(delivery, SIGTERM);
	cr_assert_eq(http_call(order->port, "POST", "/orders",
			       "{\"customerId\":2000,\"productId\":\"100\",\"productName\":"
			       "\"RADIO\",\"qty\":3,\"address\":\"PUSAN\"}",
			       NULL)
			     .status,
		     201);
	cr_assert(wait_until(60000, sql_number("select count(*) from orders.outbox") == 0));
	unread = end_of(tail, 0) - end_0 + end_of(tail, 1) - end_1;
	cr_assert_eq(unread, 1);
	cut_all(end_of(tail, 0), end_of(tail, 1));
	v = verify("WAIT=0", NULL);
	cr_expect_eq(v.exit_code, 1, "%s", v.text);
	cr_expect_eq(found(&v, "deleted unread"), unread, "%s", v.text);
	cr_expect_eq(found(&v, "differs from order"), 1, "%s", v.text);
	cr_expect_eq(found(&v, "lost event"), 0, "%s", v.text);
}

/* As the scripts make them: without it Kafka deletes after seven days, delivered or not. */
LAB_TEST(verify_history, the_topics_keep_everything, 1)
{
	cr_expect_str_eq(topic_setting("kafka.scaling", "retention.ms"), "-1");
	cr_expect_str_eq(topic_setting("kafka.scaling", "retention.bytes"), "-1");
	cr_expect_str_eq(topic_setting("dlq-kafka.delivery", "retention.ms"), "-1");
	cr_expect_str_eq(topic_setting("dlq-kafka.delivery", "max.message.bytes"), "2097152");
}

/* --- a database restored to an older state ------------------------------------------------- */

/* Ids are given out again: said in plain words. */
LAB_TEST(verify_history, says_that_a_database_was_restored, 1)
{
	struct verdict v;

	(void)service_start(DELIVERY, NULL);
	produce_typed("OrderPlaced", 0, order_json("OrderPlaced", 5, "\"version\":1,"));
	produce_typed("OrderPlaced", 0,
		      order_json("OrderPlaced", 5, "\"version\":1,\"timestamp\":7,"));
	produce_typed("OrderModified", 0, order_json("OrderModified", 5, "\"version\":2,"));
	produce_typed("OrderModified", 0,
		      order_json("OrderModified", 5, "\"version\":2,\"timestamp\":7,"));
	v = verify("WAIT=30", NULL);
	cr_expect_eq(v.exit_code, 1, "%s", v.text);
	cr_expect_eq(found(&v, "conflicting events"), 2, "%s", v.text);
	cr_expect_eq(json_number(json_object_get(v.json, "looks_restored"),
				 "order ids given out twice"),
		     1, "%s", v.text);
	v = verify_with(NULL, (const char *const[]){ "WAIT=0", NULL });
	cr_expect_not_null(strstr(v.text, "looks restored to an older state"), "%s", v.text);
	cr_expect_not_null(strstr(v.text, "order ids given out twice: 1, the first: order 5"), "%s",
			   v.text);
	cr_expect_not_null(strstr(v.text, "versions with two contents: 1, the first: order 5, "
					  "version 2"),
			   "%s", v.text);
}

/* --- trouble ------------------------------------------------------------------------------- */

static void expect_trouble(const char *setting, const char *part)
{
	struct verdict v = verify_with(NULL, (const char *const[]){ setting, "WAIT=0", NULL });

	cr_expect_eq(v.exit_code, 2, "%s: %s", setting, v.text);
	cr_expect_not_null(strstr(v.text, part), "%s: %s", setting, v.text);
}

LAB_TEST(verify_history, says_what_it_cannot_read, 1)
{
	const char *acks = arena_format("%s/log/%s.acks", stack_run_dir(), fixture.name);
	FILE *file = fopen(acks, "we");

	cr_assert_not_null(file);
	(void)fputs("1732180000123 POST 1 1\n1732180000123 PUT 1 1\n", file);
	(void)fclose(file);
	expect_trouble("ACKS=/nowhere/acks", "No such file");
	expect_trouble(arena_format("ACKS=%s", acks), "line 2");
	expect_trouble("KAFKA_TOPIC=there.is.none", "no topic there.is.none");
	expect_trouble("KAFKA_CONF=nonsense=1", "nonsense");
	expect_trouble("DATABASE_URL=postgresql://lab@127.0.0.1:1/lab", "make up");
	expect_trouble("KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:1", "Kafka at 127.0.0.1:1");
	cr_expect_eq(verify_with("--nonsense", (const char *const[]){ NULL }).exit_code, 2);
}

/* As while a leader is elected, or a broker comes back. */
LAB_TEST(verify_history, asks_again_for_a_partition_between_two_leaders, 1)
{
	rd_kafka_mock_cluster_t *kafka = mock_kafka_open(1, 2);
	struct verdict v;

	rd_kafka_mock_push_request_errors(kafka, MOCK_LIST_OFFSETS, 3,
					  RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
					  RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
					  RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
	v = verify_with(NULL, (const char *const[]){ "WAIT=0", NULL });
	cr_expect_eq(v.exit_code, 0, "%s", v.text);
}
