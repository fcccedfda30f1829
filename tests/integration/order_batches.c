/*
 * Requests that share a transaction: each gets its own answer, and none is harmed by another.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

#define CALLERS 40

TestSuite(order_batches, .timeout = 600);

struct caller {
	pthread_t thread;
	int port;
	const char *method, *path, *body;
	struct http_answer answer;
};

static void *call(void *context)
{
	struct caller *c = context;

	c->answer = http_call(c->port, c->method, c->path, c->body, NULL);
	return NULL;
}

static const char *order_named(const char *name)
{
	return arena_format(
		"{\"customerId\":1,\"productId\":\"1\",\"productName\":\"%s\",\"qty\":1,"
		"\"address\":\"SEOUL\"}",
		name);
}

static struct caller place(const struct service *order, const char *name)
{
	return (struct caller){
		.port = order->port, .method = "POST", .path = "/orders", .body = order_named(name)
	};
}

/* The writer waits for a lock on the table. */
static bool writer_waits(void)
{
	sql_run("select pg_stat_clear_snapshot()");
	return sql_number("select count(*) from pg_stat_activity where wait_event_type = 'Lock' "
			  "and datname = current_database() "
			  "and application_name = 'order-service writer'") > 0;
}

/* Calls all at the same time, while the table is locked: what comes behind the first waits. */
static void call_together(struct service *order, struct caller *callers, size_t count)
{
	sql_run("begin");
	sql_run("lock table orders.orders in access exclusive mode");
	for (size_t i = 0; i < count; i++) {
		cr_assert_eq(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
		/* The writer has its batch: what comes now is the next one. */
		cr_expect(i > 0 || wait_until(5000, writer_waits()));
	}
	cr_expect(
		wait_until(10000, service_metric(order, "order_queue_depth") == (double)count - 1));
	sql_run("commit");
	for (size_t i = 0; i < count; i++)
		(void)pthread_join(callers[i].thread, NULL);
}

/* Every eighth order is one that the database refuses, for its own reasons and at the given time.
 */
static void refuse_every_eighth(const char *when)
{
	struct service *order = service_start(ORDER, NULL);
	struct caller callers[CALLERS];

	service_allow_errors();
	sql_run("create function refuse() returns trigger language plpgsql as $f$ begin "
		"if new.product_name = 'BAD' then raise check_violation; end if; return null; "
		"end $f$");
	sql_run("create constraint trigger refuse after insert on orders.orders %s "
		"for each row execute function refuse()",
		when);
	for (size_t i = 0; i < CALLERS; i++)
		callers[i] = place(order, i % 8 == 7 ? "BAD" : "GOOD");
	call_together(order, callers, CALLERS);
	for (size_t i = 0; i < CALLERS; i++)
		cr_expect_eq(callers[i].answer.status, i % 8 == 7 ? 500 : 201, "%zu: %s%s", i,
			     callers[i].answer.error, callers[i].answer.body);
	cr_expect_eq(sql_number("select count(*) from orders.orders"), CALLERS - CALLERS / 8);
	cr_expect_eq(http_call(order->port, "POST", "/orders", order_named("GOOD"), NULL).status,
		     201);
}

LAB_TEST(order_batches, a_refused_order_fails_alone, 1)
{
	refuse_every_eighth("");
}

/* A unique key that no later try mends, and that is none of a client's: not its condition either.
 */
LAB_TEST(order_batches, a_conflict_that_stays_is_no_answer_to_a_condition, 1)
{
	struct service *order = service_start(ORDER, NULL);
	struct caller callers[CALLERS];

	sql_run("create unique index on orders.orders (product_name)");
	for (size_t i = 0; i < CALLERS; i++)
		callers[i] = place(order, i % 8 == 7 ? "SAME" : arena_format("GOOD %zu", i));
	call_together(order, callers, CALLERS);
	for (size_t i = 0; i < CALLERS; i++) {
		bool first = i % 8 != 7 || callers[i].answer.status == 201;

		cr_expect_eq(callers[i].answer.status, first ? 201 : 503, "%zu: %s%s", i,
			     callers[i].answer.error, callers[i].answer.body);
	}
	cr_expect_eq(sql_number("select count(*) from orders.orders where product_name = 'SAME'"),
		     1);
	cr_expect_eq(sql_number("select count(*) from orders.orders"), CALLERS - CALLERS / 8 + 1);
}

/* The whole batch is written, and only its commit fails. */
LAB_TEST(order_batches, an_order_refused_at_the_commit_fails_alone, 1)
{
	refuse_every_eighth("deferrable initially deferred");
}
