/*
 * A repeat of an order's version is one only if it says the same. Another event with its order and
 * version is an error with a name, a dead letter and a number: not a duplicate in silence.
 */
#include <string.h>

#include "tests/support/fixture.h"
#include "tests/support/order_event.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(conflicts, .timeout = 300);

#define WAIT_MS   60000
#define HISTORY   "select count(*) from delivery.history"
#define CONFLICTS "delivery_events_conflicting_total"
#define LETTERS   "delivery_dead_letters_total"

static void send_event(const char *type, int64_t id, int version, const char *address)
{
	const struct raw_message message = order_event(type, id, version, address);

	(void)produce(&message);
}

/* The last order's event is behind all others of its partition. */
static void await_order(int64_t id)
{
	cr_assert(wait_until(WAIT_MS,
			     sql_number(HISTORY " where order_id = %lld", (long long)id) == 1));
}

static void expect_letter(struct tail *letters, const char *address, const char *reason)
{
	cr_assert(tail_await(letters, 1, WAIT_MS));
	cr_expect_eq(letters->count, 1);
	cr_expect(strstr(letters->messages[0].payload, address), "%s",
		  letters->messages[0].payload);
	cr_expect(strstr(message_header(&letters->messages[0], "x-exception-message"), reason),
		  "%s", message_header(&letters->messages[0], "x-exception-message"));
}

LAB_TEST(conflicts, another_event_of_an_applied_version_is_a_dead_letter, 1)
{
	struct tail *letters = tail_open_dead_letters(fixture.topic);
	struct service *delivery = service_start(DELIVERY, NULL);

	send_event("OrderPlaced", 1, 1, "SEOUL");
	await_order(1);
	send_event("OrderPlaced", 1, 1, "SEOUL");
	send_event("OrderPlaced", 2, 1, "SEOUL");
	await_order(2);
	cr_expect(wait_until(WAIT_MS,
			     service_metric(delivery, "delivery_events_duplicate_total") == 1.0));
	cr_expect_eq(service_metric(delivery, CONFLICTS), 0.0, "a repeat is one");
	service_allow_errors();
	send_event("OrderPlaced", 1, 1, "BUSAN");
	send_event("OrderPlaced", 3, 1, "SEOUL");
	await_order(3);
	expect_letter(letters, "BUSAN", "another event with its order and version");
	cr_expect(wait_until(WAIT_MS, service_metric(delivery, CONFLICTS) == 1.0));
	cr_expect(service_logs(delivery, "ERROR delivery msg=\"conflicting event: its order and "
					 "version came with other content\" order=1 version=1"));
	cr_expect_str_eq(sql_text("select address from delivery.delivery where order_id = 1"),
			 "SEOUL");
}

/* What was applied before there was a content to compare with is a duplicate, as it was. */
LAB_TEST(conflicts, what_is_not_known_is_no_conflict, 1)
{
	struct service *delivery = service_start(DELIVERY, NULL);

	send_event("OrderPlaced", 1, 1, "SEOUL");
	await_order(1);
	sql_run("update delivery.history set content = null");
	send_event("OrderPlaced", 1, 1, "BUSAN");
	send_event("OrderPlaced", 2, 1, "SEOUL");
	await_order(2);
	cr_expect_eq(service_metric(delivery, CONFLICTS), 0.0);
}

/* Version 2 waits for version 1, and another version 2 comes. */
LAB_TEST(conflicts, another_event_of_a_parked_version_is_a_dead_letter, 1)
{
	struct tail *letters = tail_open_dead_letters(fixture.topic);
	struct service *delivery = service_start(DELIVERY, "SEQUENCING=enforce", NULL);

	send_event("OrderModified", 1, 2, "SEOUL");
	cr_assert(wait_until(WAIT_MS, sql_number("select count(*) from delivery.parked") == 1));
	send_event("OrderModified", 1, 2, "SEOUL");
	send_event("OrderModified", 1, 2, "BUSAN");
	send_event("OrderPlaced", 2, 1, "SEOUL");
	await_order(2);
	expect_letter(letters, "BUSAN", "another event with its order and version is parked");
	cr_expect(wait_until(WAIT_MS, service_metric(delivery, LETTERS) == 1.0));
	send_event("OrderPlaced", 1, 1, "SEOUL");
	cr_assert(wait_until(WAIT_MS, sql_number(HISTORY " where order_id = 1") == 2));
	cr_expect_str_eq(sql_text("select address from delivery.delivery where order_id = 1"),
			 "SEOUL");
}
