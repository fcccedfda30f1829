/*
 * The ordering lab, end to end, with a short delay: who keeps the order of an order's events and
 * who loses it, twenty times out of twenty.
 */
#include <signal.h>
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(ordering, .timeout = 300);

#define ROUNDS 20
#define DELAY  "DELIVERY_DELAY_MS=300"
/* More than a busy machine needs from one call to the effect of the next. */
#define LONGER "DELIVERY_DELAY_MS=1500"

struct lab {
	struct service *order;
	struct tail *tail;
};

static int64_t history_of(int64_t id)
{
	return sql_number("select count(*) from delivery.history where order_id = %lld",
			  (long long)id);
}

static const char *status_of(int64_t id)
{
	return sql_text("select status from delivery_table where order_id = %lld", (long long)id);
}

/* An order is placed, and its delivery has started. */
static int64_t place(const struct lab *lab)
{
	struct http_answer answer = http_call(lab->order->port, "POST", "/orders",
					      "{\"customerId\":\"2000\",\"productId\":\"100\","
					      "\"productName\":\"RADIO\",\"qty\":\"3\","
					      "\"address\":\"PUSAN\"}",
					      NULL);
	int64_t id = json_number(answer.json, "id");

	cr_assert_eq(answer.status, 201, "%s%s", answer.error, answer.body);
	cr_assert(wait_until(10000, history_of(id) == 1), "order %lld: no delivery", (long long)id);
	return id;
}

/* whose: "Order" or "Delivery" */
static bool has_event_in(const struct tail *tail, int partition, const char *whose)
{
	for (size_t i = 0; i < tail->count; i++) {
		if (tail->messages[i].partition == partition &&
		    strncmp(message_header(&tail->messages[i], "type"), whose, strlen(whose)) == 0)
			return true;
	}
	return false;
}

/* An order is placed; once its delivery has started, it is changed and cancelled, as fast as a
 * client can. Returns when all three events have had their effect. */
static int64_t play(const struct lab *lab)
{
	int64_t id = place(lab);
	const char *path = arena_format("/orders/%lld", (long long)id);
	struct http_answer answer;

	answer = http_call(lab->order->port, "PATCH", path, "{\"address\":\"SEOUL\"}", NULL);
	cr_assert_eq(answer.status, 200, "%s%s", answer.error, answer.body);
	answer = http_call(lab->order->port, "DELETE", path, NULL, NULL);
	cr_assert_eq(answer.status, 204, "%s%s", answer.error, answer.body);
	cr_assert(wait_until(10000, history_of(id) == 3), "order %lld: %lld of 3 effects",
		  (long long)id, (long long)history_of(id));
	cr_assert(wait_until(5000, (tail_read(lab->tail),
				    tail_find(lab->tail, "DeliveryModified", id, 0) &&
					    tail_find(lab->tail, "DeliveryCancelled", id, 0))),
		  "order %lld: not all is published", (long long)id);
	return id;
}

/* The order service published in order; delivery's two events are in one partition (its key is the
 * order), so their offsets tell which came first. */
static void expect_order(const struct lab *lab, int64_t id, bool kept)
{
	const struct message *modified = tail_find(lab->tail, "DeliveryModified", id, 0);
	const struct message *cancelled = tail_find(lab->tail, "DeliveryCancelled", id, 0);

	cr_expect_str_eq(status_of(id), kept ? "DELIVERY CANCELLED" : "DELIVERY MODIFIED",
			 "order %lld", (long long)id);
	cr_assert_eq(modified->partition, cancelled->partition);
	cr_expect_eq(modified->offset < cancelled->offset, kept,
		     "order %lld: modified at %lld, cancelled at %lld", (long long)id,
		     (long long)modified->offset, (long long)cancelled->offset);
	cr_expect_str_eq(sql_text("select string_agg(event, ' ' order by id) from delivery.history "
				  "where order_id = %lld",
				  (long long)id),
			 kept ? "OrderPlaced OrderModified OrderCancelled"
			      : "OrderPlaced OrderCancelled OrderModified",
			 "order %lld", (long long)id);
	cr_expect_null(tail_find(lab->tail, "DeliveryModified", id, 1));
	cr_expect_null(tail_find(lab->tail, "DeliveryCancelled", id, 1));
}

static void play_rounds(const struct lab *lab, bool kept)
{
	for (int i = 0; i < ROUNDS; i++)
		expect_order(lab, play(lab), kept);
}

static struct lab open_lab(const char *event_key)
{
	return (struct lab){ .order = service_start(ORDER, event_key, NULL),
			     .tail = tail_open(fixture.topic) };
}

/* The original lab's second step, live: a second partition and a second replica, one partition
 * each. */
static void scale_live(const struct service *first, const char *delay)
{
	struct service *second;

	topic_alter(fixture.topic, 2);
	second = service_start(DELIVERY, delay, NULL);
	cr_assert(wait_until(15000, service_metric(first, "delivery_partitions") == 1.0 &&
					    service_metric(second, "delivery_partitions") == 1.0),
		  "the replicas do not share the partitions");
}

/* Both services' producers have noticed the new partition when an event of each is in it. */
static void await_both_partitions(const struct lab *lab)
{
	cr_assert(wait_until(60000, (place(lab), (void)tail_read(lab->tail),
				     has_event_in(lab->tail, 1, "Order") &&
					     has_event_in(lab->tail, 1, "Delivery"))),
		  "no event in the new partition");
}

LAB_TEST(ordering, one_partition_keeps_the_order, 1)
{
	struct lab lab = open_lab("EVENT_KEY=order-id");

	(void)service_start(DELIVERY, DELAY, NULL);
	play_rounds(&lab, true);
	cr_expect_eq(tail_read(lab.tail), ROUNDS * 6);
}

/* Without keys one partition still keeps it; two, altered live, lose it every time. */
LAB_TEST(ordering, unkeyed_loses_the_order_on_two_partitions, 1)
{
	struct lab lab = open_lab("EVENT_KEY=none");
	struct service *first = service_start(DELIVERY, LONGER, NULL);

	expect_order(&lab, play(&lab), true);
	scale_live(first, LONGER);
	await_both_partitions(&lab);
	play_rounds(&lab, false);
}

/* The keyed lab on the same stack: the same calls, altered live, and the order is kept. */
LAB_TEST(ordering, keyed_keeps_the_order_on_two_partitions, 1)
{
	struct lab lab = open_lab("EVENT_KEY=order-id");
	struct service *first = service_start(DELIVERY, DELAY, NULL);

	expect_order(&lab, play(&lab), true);
	scale_live(first, DELAY);
	await_both_partitions(&lab);
	play_rounds(&lab, true);
	cr_expect_gt(sql_number("select count(distinct \"partition\") from delivery.history"), 1,
		     "both partitions carried orders");
}
