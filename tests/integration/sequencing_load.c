/*
 * SEQUENCING=enforce under load: several replicas have the events of one order at once, in no
 * order, while partitions come and processes go; every order's history still ascends 1, 2, 3 ...
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
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

TestSuite(sequencing_load, .timeout = 600);

#define ENFORCE "SEQUENCING=enforce"
#define HISTORY "select count(*) from delivery.history"
#define PARKED  "select count(*) from delivery.parked"

/* --- what must hold at the end ------------------------------------------------------------- */

/* History per order: 1, 2, 3 ... in the order of the effects, without gaps or doubles. */
static void expect_history_ascends(void)
{
	cr_expect_eq(sql_number("select count(*) from (select version, row_number() over "
				"(partition by order_id order by id) as place "
				"from delivery.history) h where version <> place"),
		     0, "order %s",
		     sql_text("select order_id || ': ' || string_agg(version::text, ' ' order by "
			      "id) from delivery.history group by order_id "
			      "having array_agg(version order by id) <> array_agg(version order by "
			      "version) limit 1"));
}

/* Orders 1 to orders, each of versions 1 to last, have had all their effects, once. */
static void expect_all_applied(int orders, int last)
{
	cr_expect_eq(sql_number(HISTORY), (int64_t)orders * last);
	cr_expect_eq(sql_number(PARKED), 0);
	expect_history_ascends();
	cr_expect_eq(sql_number("select count(*) from delivery.delivery where version = %d and "
				"status = 'DELIVERY CANCELLED' and address = 'V%d'",
				last, last),
		     orders);
	cr_expect_eq(sql_number("select count(*) from delivery.delivery"), orders);
}

/*
 * Delivery* events of an order are in one partition, so the tail has them in topic order. A relay
 * that was killed may have published what its successor publishes again (again): then the first
 * copies are in order.
 */
static void expect_all_told(struct tail *tail, int orders, int last, bool again)
{
	const size_t total = 2 * (size_t)orders * (size_t)last;
	int *told = arena_alloc((size_t)(orders + 1) * sizeof(*told));

	cr_assert(wait_until(20000, sql_number("select count(*) from delivery.outbox") == 0));
	cr_assert(tail_await(tail, total, 10000), "%zu of %zu messages", tail->count, total);
	cr_expect(again || tail->count == total, "%zu messages of %zu", tail->count, total);
	for (size_t i = 0; i < tail->count; i++) {
		const struct message *m = &tail->messages[i];
		int64_t id = json_number(m->json, "orderId");
		int64_t version = json_number(m->json, "version");

		if (strncmp(message_header(m, "type"), "Delivery", 8) != 0)
			continue;
		cr_assert(id >= 1 && id <= orders, "%s", m->payload);
		if (again && version <= told[id])
			continue;
		cr_assert_eq(version, ++told[id], "order %lld: %s", (long long)id, m->payload);
	}
	for (int id = 1; id <= orders; id++)
		cr_assert_eq(told[id], last, "order %d: %d of %d", id, told[id], last);
}

static void await_applied(int64_t total, int64_t timeout_ms)
{
	cr_assert(wait_until(timeout_ms, sql_number(HISTORY) >= total),
		  "%lld of %lld are applied, %lld are parked", (long long)sql_number(HISTORY),
		  (long long)total, (long long)sql_number(PARKED));
}

/* The relay has heard of the topic's growth, too: each partition has had events. */
static void await_events_everywhere(int partitions)
{
	cr_assert(wait_until(60000, sql_number("select count(distinct \"partition\") from "
					       "delivery.history") == partitions),
		  "not all of %d partitions have events", partitions);
}

/* All partitions are worked on, so that both replicas begin at once. */
static void await_partitions(const struct service *a, const struct service *b, double partitions)
{
	cr_assert(wait_until(15000,
			     service_metric(a, "delivery_partitions") > 0 &&
				     service_metric(b, "delivery_partitions") > 0 &&
				     service_metric(a, "delivery_partitions") +
						     service_metric(b, "delivery_partitions") ==
					     partitions),
		  "the replicas do not share the partitions");
}

/* --- the parking race ---------------------------------------------------------------------- */

/* The versions of an order one behind the other, but in different partitions, so that two replicas
 * have neighbours in work at the same time: while one parks 2, another applies 1. */
static struct raw_message *orders_backwards(int orders, int last, int partitions)
{
	struct raw_message *all = arena_alloc((size_t)(orders * last) * sizeof(*all)), *next = all;

	for (int id = 1; id <= orders; id++) {
		for (int version = last; version > 0; version--) {
			*next = order_version(id, version, last);
			next++->partition = (id + version) % partitions;
		}
	}
	return all;
}

/* A swap of every message with one that stands up to reach places behind it. The same numbers come
 * at every run. */
static void shuffle(struct raw_message *all, int count, int reach)
{
	unsigned seed = 1;

	for (int i = 0; i < count; i++) {
		int other = i + rand_r(&seed) % reach;
		struct raw_message swapped = all[i];

		if (other >= count)
			continue;
		all[i] = all[other];
		all[other] = swapped;
	}
}

static void start_replicas(struct service *replicas[2], double partitions)
{
	for (int i = 0; i < 2; i++)
		replicas[i] = service_start(DELIVERY, ENFORCE, "DELIVERY_DELAY_MS=1",
					    "MAX_CONCURRENCY=8", NULL);
	await_partitions(replicas[0], replicas[1], partitions);
}

/* Until release_writers, a replica reads and decides, and waits before it writes. */
static void hold_writers(void)
{
	sql_run("begin");
	sql_run("lock table delivery.history, delivery.parked in share mode");
}

/* When both replicas wait: whatever each decided, it did not see the other. */
static void release_writers(void)
{
	cr_assert(wait_until(20000, sql_waiting_sessions() >= 2), "%lld of 2 replicas wait",
		  (long long)sql_waiting_sessions());
	sql_run("commit");
}

/* One replica has the orders' second versions and the other the first ones. */
static void write_at_once(int first_order, int orders, bool swapped)
{
	struct raw_message *both[2];

	for (int v = 1; v <= 2; v++) {
		both[v - 1] = arena_alloc((size_t)orders * sizeof(**both));
		for (int i = 0; i < orders; i++) {
			both[v - 1][i] = order_version(first_order + i, v, 2);
			both[v - 1][i].partition = (v == 2) != swapped;
		}
	}
	hold_writers();
	(void)produce_all(both[1], (size_t)orders);
	(void)produce_all(both[0], (size_t)orders);
	release_writers();
	await_applied(2 * (int64_t)(first_order + orders - 1), 20000);
}

LAB_TEST(sequencing_load, one_parks_what_the_other_precedes, 2)
{
	enum { ROUNDS = 10, ORDERS = 50 };
	struct tail *tail = tail_open(fixture.topic);
	struct service *replicas[2];

	start_replicas(replicas, 2.0);
	for (int i = 0; i < ROUNDS; i++)
		write_at_once(1 + i * ORDERS, ORDERS, i % 2);
	expect_all_applied(ROUNDS * ORDERS, 2);
	expect_all_told(tail, ROUNDS * ORDERS, 2, false);
}

static void play_race(bool shuffled)
{
	enum { ORDERS = 1000, VERSIONS = 3, ALL = ORDERS * VERSIONS };
	struct raw_message *all = orders_backwards(ORDERS, VERSIONS, 3);
	struct tail *tail = tail_open(fixture.topic);
	struct service *replicas[2];

	start_replicas(replicas, 3.0);
	if (shuffled)
		shuffle(all, ALL, 3 * VERSIONS);
	hold_writers();
	(void)produce_all(all, ALL);
	release_writers();
	await_applied(ALL, 20000);
	expect_all_applied(ORDERS, VERSIONS);
	expect_all_told(tail, ORDERS, VERSIONS, false);
}

LAB_TEST(sequencing_load, backwards_over_partitions_and_replicas, 3)
{
	play_race(false);
}

LAB_TEST(sequencing_load, shuffled_over_partitions_and_replicas, 3)
{
	play_race(true);
}

/* --- the lab ------------------------------------------------------------------------------- */

#define CLIENTS          3
#define ORDERS_OF_CLIENT 30

/* A client: places its orders, changes them one after the other until it is told to stop, and
 * cancels them. */
struct client {
	pthread_t thread;
	int port;
	int64_t ids[ORDERS_OF_CLIENT];
	int refused; /* calls that were not answered as they should be */
	const _Atomic bool *stop;
	_Atomic int calls;
};

static struct http_answer call(struct client *c, int expected, const char *method, int64_t id,
			       const char *body)
{
	const char *path = id ? arena_format("/orders/%lld", (long long)id) : "/orders";
	struct http_answer answer = http_call(c->port, method, path, body, NULL);

	c->refused += answer.status != expected;
	atomic_fetch_add(&c->calls, 1);
	return answer;
}

static void *client_main(void *arg)
{
	struct client *c = arg;

	for (int i = 0; i < ORDERS_OF_CLIENT; i++)
		c->ids[i] = json_number(call(c, 201, "POST", 0,
					     "{\"customerId\":2000,\"productId\":\"100\","
					     "\"productName\":\"RADIO\",\"qty\":1,"
					     "\"address\":\"PUSAN\"}")
						.json,
					"id");
	for (int n = 2; !atomic_load(c->stop); n++) {
		for (int i = 0; i < ORDERS_OF_CLIENT; i++)
			(void)call(c, 200, "PATCH", c->ids[i], arena_format("{\"qty\":%d}", n));
	}
	for (int i = 0; i < ORDERS_OF_CLIENT; i += 2)
		(void)call(c, 204, "DELETE", c->ids[i], NULL);
	return NULL;
}

static int calls_of(const struct client *clients)
{
	int calls = 0;

	for (int i = 0; i < CLIENTS; i++)
		calls += atomic_load(&clients[i].calls);
	return calls;
}

/* The stream goes on: the clients have made that many calls more. */
static void await_calls(const struct client *clients, int more)
{
	const int until = calls_of(clients) + more;

	cr_assert(wait_until(10000, calls_of(clients) >= until), "the clients stand still");
}

/* Every order's delivery is as the order is. */
static void expect_deliveries_match_orders(void)
{
	cr_expect_eq(sql_number(
			     "select count(*) from orders.orders o left join delivery.delivery d "
			     "on d.order_id = o.id and d.version = o.version and d.qty = o.qty "
			     "and d.status = case o.status "
			     "when 'ORDER MODIFIED' then 'DELIVERY MODIFIED' "
			     "when 'ORDER CANCELLED' then 'DELIVERY CANCELLED' end "
			     "where d.id is null"),
		     0);
	expect_history_ascends();
	cr_expect_eq(sql_number(PARKED), 0);
}

/* The topic grows twice under the stream: a key's events change their partition. */
static void play_growing_topic(const char *event_key)
{
	struct service *order = service_start(ORDER, event_key, NULL), *replicas[2];
	struct client *clients = arena_alloc(CLIENTS * sizeof(*clients));
	_Atomic bool stop = false;

	for (int i = 0; i < 2; i++)
		replicas[i] = service_start(DELIVERY, ENFORCE, "DELIVERY_DELAY_MS=2",
					    "MAX_CONCURRENCY=8", NULL);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i].port = order->port;
		clients[i].stop = &stop;
		cr_assert_eq(pthread_create(&clients[i].thread, NULL, client_main, &clients[i]), 0);
	}
	await_calls(clients, CLIENTS * ORDERS_OF_CLIENT);
	topic_alter(fixture.topic, 2);
	await_partitions(replicas[0], replicas[1], 2.0);
	await_events_everywhere(2);
	topic_alter(fixture.topic, 5);
	await_partitions(replicas[0], replicas[1], 5.0);
	await_events_everywhere(5);
	await_calls(clients, 500);
	atomic_store(&stop, true);
	for (int i = 0; i < CLIENTS; i++) {
		(void)pthread_join(clients[i].thread, NULL);
		cr_expect_eq(clients[i].refused, 0, "%d refused calls", clients[i].refused);
	}
	await_applied(sql_number("select sum(version) from orders.orders"), 20000);
	expect_deliveries_match_orders();
}

LAB_TEST(sequencing_load, keyed_while_the_topic_grows, 1)
{
	play_growing_topic("EVENT_KEY=order-id");
}

LAB_TEST(sequencing_load, unkeyed_while_the_topic_grows, 1)
{
	play_growing_topic("EVENT_KEY=none");
}

/* --- a long chain -------------------------------------------------------------------------- */

#define CHAIN 12000 /* several times what one transaction takes */

/* Versions 2 to CHAIN + 1 wait for the first. */
static void park_chain(void)
{
	struct raw_message *all = arena_alloc(CHAIN * sizeof(*all));

	for (int i = 0; i < CHAIN; i++)
		all[i] = order_version(1, i + 2, CHAIN + 1);
	(void)produce_all(all, CHAIN);
	cr_assert(wait_until(20000, sql_number(PARKED) == CHAIN), "%lld are parked",
		  (long long)sql_number(PARKED));
}

static void produce_first(void)
{
	const struct raw_message first = order_version(1, 1, CHAIN + 1);

	(void)produce(&first);
}

LAB_TEST(sequencing_load, a_long_chain_is_applied_in_bounded_transactions, 1)
{
	struct tail *tail = tail_open(fixture.topic);

	(void)service_start(DELIVERY, ENFORCE, NULL);
	park_chain();
	produce_first();
	await_applied(CHAIN + 1, 20000);
	expect_all_applied(1, CHAIN + 1);
	cr_expect_geq(sql_number("select count(distinct xmin::text) from delivery.history"), 3,
		      "one transaction had too much of it");
	expect_all_told(tail, 1, CHAIN + 1, false);
}

/* The second transaction is held up by a row of ours, so that the kill comes between. */
LAB_TEST(sequencing_load, a_long_chain_survives_a_kill, 1)
{
	struct tail *tail = tail_open(fixture.topic);
	struct service *delivery = service_start(DELIVERY, ENFORCE, NULL);

	park_chain();
	sql_run("begin");
	sql_run("insert into delivery.history (order_id, version, event, status, \"partition\", "
		"\"offset\", replica, received_at) values (1, %d, '', '', 0, 0, '', now())",
		CHAIN);
	produce_first();
	cr_assert(wait_until(20000, sql_number(HISTORY) > 1), "nothing is applied");
	cr_expect_lt(sql_number(HISTORY), CHAIN);
	service_kill(delivery);
	sql_run("rollback");
	(void)service_start(DELIVERY, ENFORCE, NULL);
	await_applied(CHAIN + 1, 30000);
	expect_all_applied(1, CHAIN + 1);
	expect_all_told(tail, 1, CHAIN + 1, true);
}

/* --- crashes ------------------------------------------------------------------------------- */

static struct service *launch_busy(void)
{
	return service_launch(DELIVERY, ENFORCE, "DELIVERY_DELAY_MS=5", NULL);
}

/* Both at once, and later one of their successors. */
LAB_TEST(sequencing_load, replicas_are_killed_again_and_again, 4)
{
	enum { ORDERS = 300, VERSIONS = 6, ALL = ORDERS * VERSIONS };
	struct raw_message *all = orders_backwards(ORDERS, VERSIONS, 4);
	struct tail *tail = tail_open(fixture.topic);
	struct service *replicas[2] = { launch_busy(), launch_busy() };

	await_partitions(replicas[0], replicas[1], 4.0);
	shuffle(all, ALL, 30 * VERSIONS);
	(void)produce_all(all, ALL);
	await_applied(ALL / 20, 20000);
	for (int i = 0; i < 2; i++)
		service_kill(replicas[i]);
	cr_expect_gt(sql_number(PARKED), 0);
	for (int i = 0; i < 2; i++)
		replicas[i] = launch_busy();
	await_applied(ALL / 4, 30000);
	service_kill(replicas[0]);
	cr_expect_lt(sql_number(HISTORY), ALL, "all was done before the last kill");
	(void)launch_busy();
	await_applied(ALL, 40000);
	expect_all_applied(ORDERS, VERSIONS);
	expect_all_told(tail, ORDERS, VERSIONS, true);
}
