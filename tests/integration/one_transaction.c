/*
 * What an event does is one transaction, and so is what a request does. Seen from the outside:
 * while one of the tables cannot be written, nothing of it is to be seen in any other; and if the
 * session or the process ends at that moment, nothing is lost and nothing is duplicated.
 */
#include <pthread.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/order_event.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(one_transaction, .timeout = 600);

#define HISTORY "select count(*) from delivery.history"

/* Until "commit", a table can be read only. */
static void hold(const char *table)
{
	sql_run("begin");
	sql_run("lock table %s in share mode", table);
}

static void await_held(const char *table)
{
	cr_assert(wait_until(10000, sql_waiting_sessions() == 1), "nobody wants to write %s",
		  table);
}

static void expect_state(const char *state, const char *expected, const char *when)
{
	cr_expect_str_eq(state, expected, "%s: %s, and not %s", when, state, expected);
}

/* --- delivery-service ---------------------------------------------------------------------- */

/* Nothing but its transaction keeps an event without a version from a second effect. */
static int64_t produce_plain(const char *type, const char *address)
{
	const struct raw_message message = order_event(type, 1, 0, address);

	return produce(&message);
}

/* All that an event writes, as it is for others to see. */
static const char *delivery_state(void)
{
	return sql_text("select next_offset || ' ' || (select status || ' ' || address from "
			"delivery.delivery) || ' ' || (select count(*) from delivery.history) || "
			"' ' || (select count(*) from delivery.applied_plain) || ' ' || (select "
			"count(*) from delivery.outbox) from delivery.position");
}

/* The order's events and their answers are done, the relay has nothing to do, and the positions
 * stand still. */
static void wait_until_steady(struct tail *tail, size_t messages)
{
	cr_assert(tail_await(tail, messages, 20000), "%zu of %zu messages", tail->count, messages);
	cr_assert(wait_until(5000, sql_number("select count(*) from delivery.outbox") == 0));
	cr_assert(wait_until(5000, sql_number("select next_offset from delivery.position") ==
					   (int64_t)messages),
		  "the position is %s", delivery_state());
}

LAB_TEST(one_transaction, an_event_writes_all_or_nothing, 1)
{
	static const char *const tables[] = { "delivery.position", "delivery.delivery",
					      "delivery.history", "delivery.applied_plain",
					      "delivery.outbox" };
	enum { TABLES = sizeof(tables) / sizeof(tables[0]) };
	struct tail *tail = tail_open(fixture.topic);
	const char *before;

	(void)service_start(DELIVERY, NULL);
	(void)produce_plain("OrderPlaced", "A");
	for (size_t i = 0; i < TABLES; i++) {
		wait_until_steady(tail, 2 * i + 2);
		before = delivery_state();
		hold(tables[i]);
		(void)produce_plain("OrderModified", tables[i]);
		await_held(tables[i]);
		expect_state(delivery_state(), before, arena_format("without %s", tables[i]));
		sql_end_waiting_sessions();
		expect_state(delivery_state(), before,
			     arena_format("rolled back without %s", tables[i]));
		sql_run("commit");
	}
	wait_until_steady(tail, 2 * TABLES + 2);
	cr_expect_eq(sql_number(HISTORY), 1 + TABLES);
	cr_expect_eq(tail_count(tail, "DeliveryModified"), TABLES);
}

/* The last table to be written is held, and the process ends: the successor does it all again. */
LAB_TEST(one_transaction, a_kill_before_the_commit_leaves_nothing_done, 1)
{
	struct service *delivery = service_start(DELIVERY, NULL);
	struct tail *tail = tail_open(fixture.topic);
	const char *before;

	(void)produce_plain("OrderPlaced", "A");
	wait_until_steady(tail, 2);
	before = delivery_state();
	hold("delivery.outbox");
	(void)produce_plain("OrderModified", "B");
	await_held("delivery.outbox");
	service_kill(delivery);
	sql_end_waiting_sessions();
	sql_run("commit");
	expect_state(delivery_state(), before, "after the kill");
	(void)service_start(DELIVERY, NULL);
	wait_until_steady(tail, 4);
	cr_expect_eq(sql_number(HISTORY), 2);
	cr_expect_eq(tail_count(tail, "DeliveryModified"), 1);
}

/* --- order-service ------------------------------------------------------------------------- */

struct request {
	pthread_t thread;
	const struct service *order;
	int qty;
	struct http_answer answer;
};

static void *change_main(void *arg)
{
	struct request *r = arg;

	r->answer = http_call(r->order->port, "PATCH", "/orders/1",
			      arena_format("{\"qty\":%d}", r->qty), NULL);
	return NULL;
}

static const char *order_state(void)
{
	return sql_text("select version || ' ' || qty || ' ' || (select count(*) from "
			"orders.outbox) from orders.orders");
}

/* The writer's session ends while it waits for the table: nothing has happened, and the answer
 * does not say that it has. */
static void change_in_vain(const struct service *order, const char *table)
{
	struct request request = { .order = order, .qty = 1000 };
	const char *before = order_state();

	hold(table);
	cr_assert_eq(pthread_create(&request.thread, NULL, change_main, &request), 0);
	await_held(table);
	expect_state(order_state(), before, arena_format("without %s", table));
	sql_end_waiting_sessions();
	(void)pthread_join(request.thread, NULL);
	cr_expect_eq(request.answer.status, 503, "%s%s", request.answer.error, request.answer.body);
	expect_state(order_state(), before, arena_format("rolled back without %s", table));
	sql_run("commit");
}

/* Its event is on the topic when this returns. The writer is connected again: a session that had to
 * prepare its statements first would wait there for the table that is held next. */
static void change(const struct service *order, struct tail *tail, int version)
{
	struct request request = { .order = order, .qty = version };

	(void)change_main(&request);
	cr_assert_eq(json_number(request.answer.json, "version"), version, "%s%s",
		     request.answer.error, request.answer.body);
	cr_assert(tail_await(tail, (size_t)version, 5000));
	cr_assert(wait_until(5000, sql_number("select count(*) from orders.outbox") == 0));
}

LAB_TEST(one_transaction, a_request_writes_all_or_nothing, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct tail *tail = tail_open(fixture.topic);
	struct http_answer answer =
		http_call(order->port, "POST", "/orders",
			  "{\"customerId\":1,\"productId\":\"1\",\"productName\":\"TV\",\"qty\":1,"
			  "\"address\":\"SEOUL\"}",
			  NULL);

	cr_assert_eq(answer.status, 201, "%s%s", answer.error, answer.body);
	change(order, tail, 2);
	change_in_vain(order, "orders.orders");
	change(order, tail, 3);
	change_in_vain(order, "orders.outbox");
	change(order, tail, 4);
	cr_expect_eq(tail_read(tail), 4, "an event of what never was");
	for (int i = 0; i < 4; i++)
		cr_expect_eq(json_number(tail->messages[i].json, "qty"), i + 1);
}
