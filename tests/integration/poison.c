/*
 * An event whose data the database refuses: it alone becomes a dead letter, with the database's
 * reason, and those that were to be written with it have their effect.
 */
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/order_event.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(poison, .timeout = 600);

enum { LONG_MS = 60000, ORDERS = 5, POISON = 3 };

#define HISTORY "select count(*) from delivery.history"

static void produce_version(int64_t id, int version)
{
	const struct raw_message message = order_version(id, version, 4);

	(void)produce(&message);
}

static void produce_placed(int64_t first, int64_t last)
{
	for (int64_t id = first; id <= last; id++)
		produce_version(id, 1);
}

/* PostgreSQL refuses the history of these orders ("= 1"), so. */
static void refuse(const char *orders, const char *text, const char *code)
{
	sql_run("create function delivery.refuse() returns trigger language plpgsql as $$ begin "
		"raise exception '%s' using errcode = '%s'; end $$",
		text, code);
	sql_run("create trigger refuse before insert on delivery.history for each row "
		"when (new.order_id %s) execute function delivery.refuse()",
		orders);
}

/* The first event's write waits for the lock, and the others gather behind it: they are a batch
 * with the poison in its middle. */
LAB_TEST(poison, what_the_database_refuses_is_a_dead_letter_and_alone, 1)
{
	struct service *delivery = service_start(DELIVERY, "MAX_CONCURRENCY=10", NULL);
	struct tail *letters = tail_open_dead_letters(fixture.topic);

	/* As a constraint would that the events' parser does not know. */
	refuse(arena_format("= %d", POISON), "no such street", "invalid_parameter_value");
	cr_assert(wait_until(LONG_MS, sql_number("select count(*) from delivery.position") == 1));
	sql_run("begin");
	sql_run("select from delivery.position for update");
	produce_placed(1, 1);
	cr_assert(wait_until(LONG_MS, sql_waiting_sessions() == 1));
	produce_placed(2, ORDERS);
	sql_run("commit");
	cr_assert(wait_until(LONG_MS, sql_number(HISTORY) == ORDERS - 1), "%lld of %d effects",
		  (long long)sql_number(HISTORY), ORDERS - 1);
	cr_expect_eq(sql_number(HISTORY " where order_id = %d", POISON), 0);
	cr_assert(tail_await(letters, 1, LONG_MS), "no dead letter");
	cr_expect(wait_until(LONG_MS, sql_number("select count(*) from delivery.outbox") == 0));
	cr_expect_eq(tail_read(letters), 1, "another one became a dead letter with it");
	cr_expect_not_null(strstr(message_header(&letters->messages[0], "x-exception-message"),
				  "no such street"),
			   "%s", message_header(&letters->messages[0], "x-exception-message"));
	cr_expect_eq(json_number(letters->messages[0].json, "id"), POISON);
	cr_expect(service_metric_reaches(delivery, "delivery_dead_letters_total", 1.0));
}

/* A disk that gives errors is no fault of an event: nothing is refused, and all is written later.
 */
LAB_TEST(poison, a_server_whose_disk_fails_is_waited_for, 1)
{
	struct service *delivery = service_start(DELIVERY, NULL);

	refuse("> 0", "no disk", "io_error");
	produce_placed(1, 3);
	cr_assert(wait_until(LONG_MS, service_logged(delivery, "no disk")));
	sql_run("drop trigger refuse on delivery.history");
	cr_expect(wait_until(LONG_MS, sql_number(HISTORY) == 3), "%lld of 3 effects",
		  (long long)sql_number(HISTORY));
	cr_expect_eq(service_metric(delivery, "delivery_dead_letters_total"), 0.0);
}

/* A parked event that is refused stays parked: what it waited for is not to blame, and no other
 * order waits for it. */
LAB_TEST(poison, a_refused_parked_event_holds_up_nobody, 1)
{
	struct service *delivery = service_start(DELIVERY, "SEQUENCING=enforce", NULL);

	refuse("= 1 and new.version = 3", "no such street", "invalid_parameter_value");
	for (int64_t id = 1; id <= 2; id++) {
		produce_version(id, 1);
		produce_version(id, 3);
	}
	cr_assert(wait_until(LONG_MS, sql_number("select count(*) from delivery.parked") == 2));
	produce_version(1, 2);
	produce_version(2, 2);
	cr_assert(wait_until(LONG_MS, sql_number(HISTORY) == 5), "%lld of 5 effects",
		  (long long)sql_number(HISTORY));
	cr_expect_eq(sql_number("select count(*) from delivery.parked where order_id = 1"), 1);
	cr_assert(wait_until(LONG_MS, service_logged(delivery, "order 1: ")), "it is not named");
	produce_version(2, 4);
	produce_version(1, 4);
	cr_assert(wait_until(LONG_MS, sql_number(HISTORY) == 6), "more of the order holds it up");
	cr_assert(wait_until(LONG_MS, sql_number("select count(*) from delivery.parked") == 2));
	sql_run("drop trigger refuse on delivery.history");
	cr_expect(wait_until(LONG_MS, sql_number(HISTORY) == 8), "it does not come back");
	cr_expect_eq(service_metric(delivery, "delivery_dead_letters_total"), 0.0);
}
