/*
 * Reading orders page by page while others place them: whoever goes on from the last order of a
 * page misses none that is committed later.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/wait.h"

#define ORDER_NAMED                                                                                \
	"{\"customerId\":1,\"productId\":\"1\",\"productName\":\"%s\",\"qty\":1,\"address\":"      \
	"\"SEOUL\"}"
#define ORDERS_MAX 64

TestSuite(order_pages, .timeout = 600);

struct caller {
	pthread_t thread;
	int port;
	const char *name;
	struct http_answer answer;
	_Atomic bool answered;
};

static void *call(void *context)
{
	struct caller *c = context;

	c->answer = http_call(c->port, "POST", "/orders", arena_format(ORDER_NAMED, c->name), NULL);
	atomic_store(&c->answered, true);
	return NULL;
}

static void begin(struct caller *c, const struct service *order, const char *name)
{
	c->port = order->port;
	c->name = name;
	atomic_init(&c->answered, false);
	cr_assert_eq(pthread_create(&c->thread, NULL, call, c), 0);
}

static int64_t placed_id(struct caller *c)
{
	(void)pthread_join(c->thread, NULL);
	cr_assert_eq(c->answer.status, 201, "%s%s", c->answer.error, c->answer.body);
	return json_number(c->answer.json, "id");
}

static int64_t place(const struct service *order)
{
	struct caller c;

	begin(&c, order, "TV");
	return placed_id(&c);
}

/* A reader, and what it has seen. */
struct reader {
	const struct service *service;
	int64_t ids[ORDERS_MAX];
	size_t count;
};

/* From the last order that it has seen on, to the end. */
static void read_on(struct reader *r)
{
	size_t before;

	do {
		int64_t after = r->count ? r->ids[r->count - 1] : 0;
		struct http_answer answer = http_call(
			r->service->port, "GET",
			arena_format("/orders?limit=3&after=%lld", (long long)after), NULL, NULL);
		const json_t *one;
		size_t i;

		cr_assert_eq(answer.status, 200, "%s%s", answer.error, answer.body);
		before = r->count;
		json_array_foreach(json_object_get(answer.json, "orders"), i, one)
		{
			cr_assert_lt(r->count, ORDERS_MAX);
			r->ids[r->count++] = json_number(one, "id");
		}
	} while (r->count > before);
}

static size_t times_seen(const struct reader *r, int64_t id)
{
	size_t n = 0;

	for (size_t i = 0; i < r->count; i++)
		n += r->ids[i] == id;
	return n;
}

static bool writers_wait(int64_t count)
{
	return sql_waiting_sessions() >= count;
}

/* Orders that come together while the table is locked: the replica draws ids ahead then. */
static void place_together(const struct service *order, struct caller *callers, size_t count)
{
	sql_run("begin");
	sql_run("lock table orders.orders in access exclusive mode");
	for (size_t i = 0; i < count; i++) {
		begin(&callers[i], order, "TV");
		cr_expect(i > 0 || wait_until(60000, writers_wait(1)));
	}
	cr_expect(
		wait_until(60000, service_metric(order, "order_queue_depth") == (double)count - 1));
	sql_run("commit");
	for (size_t i = 0; i < count; i++)
		(void)placed_id(&callers[i]);
}

LAB_TEST(order_pages, an_order_with_an_id_that_was_drawn_ahead_is_not_skipped, 1)
{
	const struct service *one = service_start(ORDER, NULL), *two = service_start(ORDER, NULL);
	struct reader reader = { .service = two };
	struct caller callers[6];
	int64_t greater, smaller;

	place_together(one, callers, 6);
	greater = place(two);
	read_on(&reader);
	cr_expect_eq(reader.count, 7);
	smaller = place(one);
	cr_assert_lt(smaller, greater, "it was drawn before");
	read_on(&reader);
	cr_expect_eq(reader.count, 8);
	cr_expect_eq(times_seen(&reader, smaller), 1, "order %lld was skipped behind %lld",
		     (long long)smaller, (long long)greater);
	for (int64_t i = 0; i < 8; i++)
		cr_expect_eq(times_seen(&reader, reader.ids[i]), 1);
}

/* A commit that takes long: the order is written, and nobody sees it yet. Somebody else's order is
 * placed at the same time, before or after it. */
LAB_TEST(order_pages, an_order_whose_commit_comes_late_is_not_skipped, 1)
{
	const struct service *one = service_start(ORDER, NULL), *two = service_start(ORDER, NULL);
	struct reader reader = { .service = two };
	struct caller late, early;

	sql_run("create function hold() returns trigger language plpgsql as $f$ begin "
		"if new.product_name = 'LATE' then perform pg_advisory_xact_lock(77); end if; "
		"return null; end $f$");
	sql_run("create constraint trigger hold after insert on orders.orders "
		"deferrable initially deferred for each row execute function hold()");
	(void)place(one);
	sql_run("select pg_advisory_lock(77)");
	begin(&late, one, "LATE");
	cr_assert(wait_until(60000, writers_wait(1)));
	begin(&early, two, "EARLY");
	cr_assert(wait_until(60000, atomic_load(&early.answered) || writers_wait(2)));
	read_on(&reader);
	sql_run("select pg_advisory_unlock(77)");
	cr_assert(wait_until(60000, atomic_load(&early.answered) && atomic_load(&late.answered)));
	read_on(&reader);
	cr_expect_eq(reader.count, 3);
	cr_expect_eq(times_seen(&reader, placed_id(&early)), 1);
	cr_expect_eq(times_seen(&reader, placed_id(&late)), 1, "the late one was skipped");
}
