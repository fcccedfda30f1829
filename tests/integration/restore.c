/*
 * A database that has forgotten orders whose events are on the topic: restored from a dump, by an
 * operator's usual tools. No order id may come again: a new order would get an old one's delivery.
 */
#include <pthread.h>
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/order_event.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/stack.h"
#include "tests/support/topic.h"
#include "tests/support/transaction.h"
#include "tests/support/wait.h"

#define TV                                                                                         \
	"{\"customerId\":1000,\"productId\":\"100\",\"productName\":\"TV\",\"qty\":3,\"address\":" \
	"\"SEOUL\"}"
#define TOGETHER 6

TestSuite(restore, .timeout = 300);

static const char *dump_path(void)
{
	return arena_format("%s/%s.dump", stack_run_dir(), fixture.name);
}

/* Asked again until it is taken: the service may have to find out what database it is. */
static int64_t place(const struct service *order)
{
	struct http_answer answer = { 0 };

	cr_assert(wait_until(60000, (answer = http_call(order->port, "POST", "/orders", TV, NULL))
						    .status == 201),
		  "%d %s%s", answer.status, answer.error, answer.body);
	return json_number(answer.json, "id");
}

struct caller {
	pthread_t thread;
	const struct service *order;
	int status;
};

static void *call(void *context)
{
	struct caller *c = context;

	c->status = http_call(c->order->port, "POST", "/orders", TV, NULL).status;
	return NULL;
}

/* Orders that come together, while the table is locked: the service draws ids ahead then. */
static void place_together(const struct service *order)
{
	struct caller callers[TOGETHER];

	sql_run("begin");
	sql_run("lock table orders.orders in access exclusive mode");
	for (size_t i = 0; i < TOGETHER; i++) {
		callers[i].order = order;
		cr_assert_eq(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
		cr_expect(i > 0 || wait_until(60000, sql_waiting_sessions() > 0));
	}
	cr_expect(wait_until(60000, service_metric(order, "order_queue_depth") == TOGETHER - 1));
	sql_run("commit");
	for (size_t i = 0; i < TOGETHER; i++) {
		(void)pthread_join(callers[i].thread, NULL);
		cr_expect_eq(callers[i].status, 201);
	}
}

static bool all_published(void)
{
	return sql_number("select count(*) from orders.outbox") == 0;
}

/* Every order on the topic was placed once. */
static void expect_no_id_twice(size_t orders)
{
	struct tail *tail = tail_open(fixture.topic);

	cr_assert(wait_until(60000, all_published()));
	cr_assert(tail_await(tail, orders, 60000), "%zu of %zu events", tail->count, orders);
	for (size_t i = 0; i < tail->count; i++) {
		int64_t id = json_number(tail->messages[i].json, "id");

		cr_expect_null(tail_find(tail, "OrderPlaced", id, 1), "order %lld was placed twice",
			       (long long)id);
	}
	cr_expect_eq(tail_read(tail), orders);
}

LAB_TEST(restore, no_id_comes_again_after_a_restore, 2)
{
	struct service *order = service_start(ORDER, NULL);

	for (int i = 0; i < 3; i++)
		(void)place(order);
	cr_assert(wait_until(60000, all_published()));
	sql_database_dump(dump_path());
	for (int i = 0; i < 5; i++)
		(void)place(order);
	cr_assert(wait_until(60000, all_published()));
	service_stop(order, 15);
	sql_database_restore(dump_path());
	cr_assert_eq(sql_number("select count(*) from orders.orders"), 3);
	order = service_start(ORDER, NULL);
	cr_expect_gt(place(order), 8);
	cr_expect_eq(service_metric(order, "order_ids_known"), 1);
	cr_expect_eq(service_metric(order, "order_ids_moved_total"), 1);
	cr_expect(service_logs(order, "order ids go on past what the topic has used"));
	for (int i = 0; i < 5; i++)
		(void)place(order);
	expect_no_id_twice(14);
	service_stop(order, 15);
	/* It is known now. */
	order = service_start(ORDER, NULL);
	(void)place(order);
	cr_expect_eq(service_metric(order, "order_ids_moved_total"), 0);
	cr_expect_not(service_logged(order, "unknown database"));
}

/* A relay that died within a transaction leaves it open for seconds, and others publish behind it.
 */
LAB_TEST(restore, ids_behind_an_open_transaction_are_used, 1)
{
	const struct raw_message events[] = { order_event("OrderPlaced", 30000, 1, "SEOUL") };
	struct open_transaction *transaction = transaction_open(events, 1);
	struct service *order = service_start(ORDER, NULL);

	cr_expect_gt(place(order), 30000);
	transaction_end(transaction, true);
}

/* pg_restore --clean: the database stays the same, its tables do not. */
LAB_TEST(restore, no_id_comes_again_after_a_restore_over_it, 1)
{
	struct service *order = service_start(ORDER, NULL);

	(void)place(order);
	cr_assert(wait_until(60000, all_published()));
	sql_database_dump(dump_path());
	for (int i = 0; i < 4; i++)
		(void)place(order);
	cr_assert(wait_until(60000, all_published()));
	service_stop(order, 15);
	sql_database_restore_over(dump_path());
	cr_assert_eq(sql_number("select count(*) from orders.orders"), 1);
	order = service_start(ORDER, NULL);
	cr_expect_gt(place(order), 5);
	expect_no_id_twice(6);
}

/* The services run on: two of them, with ids that they drew ahead of the restore. */
LAB_TEST(restore, ids_that_were_drawn_ahead_are_dropped, 1)
{
	const struct service *one, *two;
	int64_t first, second;

	service_allow_errors();
	one = service_start(ORDER, NULL);
	two = service_start(ORDER, NULL);
	(void)place(one);
	cr_assert(wait_until(60000, all_published()));
	sql_database_dump(dump_path());
	place_together(one);
	place_together(two);
	cr_assert(wait_until(60000, all_published()));
	sql_database_restore(dump_path());
	first = place(one);
	second = place(two);
	cr_expect_gt(first, 1000, "past what both had drawn: %lld", (long long)first);
	cr_expect_gt(second, 1000, "past what both had drawn: %lld", (long long)second);
	expect_no_id_twice(1 + 2 * TOGETHER + 2);
	cr_expect(wait_until(60000, service_ready(one) && service_ready(two)));
}

static int older_states_told(const struct service *one, const struct service *two)
{
	return service_log_count(one, "the database went back to an older state") +
	       service_log_count(two, "the database went back to an older state");
}

/* An older copy of the database's files: cluster, timeline and tables are the same. One replica has
 * placed the orders, the other one has only seen that they were. */
LAB_TEST(restore, a_database_that_went_back_without_a_sign_is_found, 1)
{
	struct service *one, *two;

	service_allow_errors();
	one = service_start(ORDER, NULL);
	two = service_start(ORDER, NULL);
	for (int i = 0; i < 8; i++)
		(void)place(one);
	cr_assert(wait_until(60000, all_published()));
	cr_assert(wait_until(60000, service_metric(two, "order_ids_highest") == 8));
	sql_run("begin");
	sql_run("lock table orders.orders in access exclusive mode");
	sql_run("delete from orders.orders where id > 3");
	sql_run("select setval('orders.orders_id_seq', 3)");
	sql_run("select pg_terminate_backend(pid, 30000) from pg_stat_activity "
		"where usename = 'order_service' and datname = current_database()");
	sql_run("commit");
	cr_expect_gt(place(two), 8);
	cr_expect_gt(place(one), 8);
	expect_no_id_twice(10);
	cr_expect(wait_until(60000, service_ready(one) && service_ready(two)));
	cr_expect(wait_until(60000, older_states_told(one, two) >= 1));
}

/* As above, and in the older state the ids were drawn already, so the sequence tells nothing. */
LAB_TEST(restore, a_lost_order_with_an_id_that_was_drawn_ahead_is_missed, 1)
{
	struct service *one, *two;

	service_allow_errors();
	one = service_start(ORDER, NULL);
	two = service_start(ORDER, NULL);
	place_together(one);
	cr_assert(wait_until(60000, all_published()));
	cr_assert(wait_until(60000, service_metric(two, "order_ids_highest") == TOGETHER));
	cr_assert_gt(sql_number("select last_value from orders.orders_id_seq"), TOGETHER);
	sql_run("begin");
	sql_run("lock table orders.orders in access exclusive mode");
	sql_run("delete from orders.orders where id > 3");
	sql_run("select pg_terminate_backend(pid, 30000) from pg_stat_activity "
		"where usename = 'order_service' and datname = current_database()");
	sql_run("commit");
	cr_expect_gt(place(two), TOGETHER);
	cr_expect_gt(place(one), TOGETHER);
	expect_no_id_twice(TOGETHER + 2);
	cr_expect(wait_until(60000, service_ready(one) && service_ready(two)));
	cr_expect(wait_until(60000, older_states_told(one, two) == 1),
		  "the first one says it, and makes the database known to the other one");
}

/* The database is new, the topic is not. Foreign messages are nobody's orders. */
LAB_TEST(restore, a_new_database_on_a_used_topic_goes_on_behind_it, 1)
{
	static const char *const payloads[] = {
		"{\"eventType\":\"OrderModified\",\"id\":41,\"version\":2}",
		"{\"eventType\":\"DeliveryStarted\",\"id\":7,\"orderId\":42}",
		"{\"eventType\":\"Weather\",\"id\":90000}",
		"{\"eventType\":\"OrderPlaced\",\"id\":9223372036854775807}",
		"not json",
	};
	const struct service *order;

	for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++)
		(void)produce(&(struct raw_message){
			.topic = fixture.topic, .partition = 0, .payload = payloads[i] });
	order = service_start(ORDER, NULL);
	cr_expect_gt(place(order), 42);
	cr_expect_lt(sql_number("select max(id) from orders.orders"), 90000);
}

/* What retention has deleted is nobody's either; the rest is read. */
LAB_TEST(restore, a_topic_without_its_beginning_is_read, 1)
{
	static const char payload[] = "{\"eventType\":\"OrderPlaced\",\"id\":42,\"version\":1}";
	const struct service *order;

	for (int i = 0; i < 3; i++)
		(void)produce(&(struct raw_message){
			.topic = fixture.topic, .partition = 0, .payload = payload });
	topic_cut(fixture.topic, 0, 2);
	order = service_start(ORDER, NULL);
	cr_expect_gt(place(order), 42);
}
