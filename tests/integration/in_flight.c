/*
 * What a service tells of itself: how it was set, and what it is at.
 */
#include <string.h>

#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/order_event.h"
#include "tests/support/service.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(in_flight, .timeout = 300);

/* GET /in-flight, as it is now. */
static const json_t *look(const struct service *delivery)
{
	const struct http_answer answer =
		http_call(delivery->port, "GET", "/in-flight", NULL, NULL);

	cr_assert_eq(answer.status, 200);
	return answer.json;
}

static size_t events_in_work(const struct service *delivery)
{
	return json_array_size(json_object_get(look(delivery), "events"));
}

/* Of the first partition; what is done is committed a little later. */
static int64_t position(const struct service *delivery)
{
	return json_number(json_array_get(json_object_get(look(delivery), "partitions"), 0),
			   "position");
}

/* Two orders are changed: one is in work, the other waits behind it. */
LAB_TEST(in_flight, an_event_in_work_is_told_with_its_time, 1)
{
	struct service *delivery = service_start(DELIVERY, "DELIVERY_DELAY_MS=60000", NULL);
	const struct raw_message messages[] = { order_version(7, 1, 3), order_version(7, 2, 3),
						order_version(8, 1, 2) };
	const json_t *view, *event, *partition;

	(void)produce_all(messages, 3);
	cr_assert(wait_until(60000, events_in_work(delivery) == 1 &&
					    json_number(look(delivery), "held") == 2 &&
					    position(delivery) == 1));
	view = look(delivery);
	event = json_array_get(json_object_get(view, "events"), 0);
	cr_expect_eq(json_number(event, "orderId"), 7);
	cr_expect_eq(json_number(event, "version"), 2);
	cr_expect_str_eq(json_text(event, "event"), "OrderModified");
	cr_expect_eq(json_number(event, "partition"), 0);
	cr_expect_eq(json_number(event, "offset"), 1);
	cr_expect_lt(strcmp(json_text(event, "since"), json_text(event, "due")), 0);
	cr_expect_eq(json_number(view, "inWork"), 1);
	cr_expect_eq(json_number(view, "partitionsOwned"), 1);
	partition = json_array_get(json_object_get(view, "partitions"), 0);
	cr_expect_eq(json_number(partition, "partition"), 0);
	cr_expect_eq(json_number(partition, "position"), 1);
	cr_expect_geq(json_number(partition, "epoch"), 1);
}

LAB_TEST(in_flight, settings_are_told_and_secrets_are_not, 1)
{
	struct service *delivery = service_start(DELIVERY, "SEQUENCING=enforce",
						 "KAFKA_CONF=client.rack=hidden", NULL);
	const struct http_answer answer = http_call(delivery->port, "GET", "/about", NULL, NULL);
	const json_t *settings = json_object_get(answer.json, "settings");

	cr_assert_eq(answer.status, 200);
	cr_expect_str_eq(json_text(answer.json, "service"), "delivery-service");
	cr_expect_str_eq(json_text(settings, "SEQUENCING"), "enforce");
	cr_expect_null(json_object_get(settings, "DATABASE_URL"));
	cr_expect_null(json_object_get(settings, "KAFKA_CONF"));
	cr_expect_null(strstr(answer.body, "hidden"));
}
