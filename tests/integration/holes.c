/*
 * Offsets without a message: what Kafka deleted before it was read is said loudly, and what was
 * never there to be read (control records, aborted transactions) is not. Either way the position
 * goes past it, and the lag becomes 0.
 */
#include <signal.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/order_event.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/transaction.h"
#include "tests/support/wait.h"

TestSuite(holes, .timeout = 300);

#define WAIT_MS  60000
#define HISTORY  "select count(*) from delivery.history"
#define POSITION "select next_offset from delivery.position"
#define LAG      "delivery_partition_lag{partition=\"0\"}"
#define LOST     "delivery_offsets_lost_total"

static struct raw_message placed(int64_t id)
{
	struct raw_message message = order_version(id, 1, 3);

	message.partition = 0;
	return message;
}

static int64_t produce_placed(int64_t id)
{
	const struct raw_message message = placed(id);

	return produce(&message);
}

/* It has no relay's messages any more between those of the test: all that it did is published. */
static void await_drained(const struct service *delivery, int64_t effects)
{
	cr_assert(wait_until(WAIT_MS, sql_number(HISTORY) == effects), "%lld of %lld",
		  (long long)sql_number(HISTORY), (long long)effects);
	cr_assert(wait_until(WAIT_MS, sql_number("select count(*) from delivery.outbox") == 0));
	cr_assert(wait_until(WAIT_MS, service_metric(delivery, LAG) == 0.0), "the lag is %g",
		  service_metric(delivery, LAG));
}

/* Three orders are delivered, and nobody consumes any more; returns where the log ends. */
static int64_t deliver_three_and_stop(void)
{
	struct service *delivery = service_start(DELIVERY, NULL);

	for (int64_t id = 1; id <= 3; id++)
		(void)produce_placed(id);
	await_drained(delivery, 3);
	(void)service_stop(delivery, SIGTERM);
	return sql_number(POSITION);
}

/* Two events are deleted unread, a third one is left. */
LAB_TEST(holes, what_was_deleted_unread_is_said, 1)
{
	int64_t end = deliver_three_and_stop();
	struct service *delivery;

	cr_assert_eq(produce_placed(4), end);
	(void)produce_placed(5);
	(void)produce_placed(6);
	topic_cut(fixture.topic, 0, end + 2);
	service_allow_errors();
	delivery = service_start(DELIVERY, NULL);
	await_drained(delivery, 4);
	cr_expect_eq(sql_number(HISTORY " where order_id = 6"), 1);
	cr_expect(
		service_logs(delivery,
			     arena_format("ERROR delivery msg=\"Kafka deleted messages before they "
					  "were read\" partition=0 from=%lld to=%lld count=2",
					  (long long)end, (long long)end + 1)),
		"the loss has no name");
	cr_expect_eq(service_metric(delivery, LOST), 2.0);
	(void)service_stop(delivery, SIGTERM);
	delivery = service_start(DELIVERY, NULL);
	await_drained(delivery, 4);
	cr_expect_eq(service_metric(delivery, LOST), 0.0, "it is told once");
}

/* All of them, and nothing comes any more. */
LAB_TEST(holes, a_partition_whose_rest_was_deleted_is_not_behind, 1)
{
	int64_t end = deliver_three_and_stop();
	struct service *delivery;

	(void)produce_placed(4);
	(void)produce_placed(5);
	topic_cut(fixture.topic, 0, end + 2);
	service_allow_errors();
	delivery = service_start(DELIVERY, NULL);
	await_drained(delivery, 3);
	cr_expect(service_logs(delivery, "Kafka deleted messages before they were read"));
	cr_expect_eq(service_metric(delivery, LOST), 2.0);
	cr_expect(wait_until(WAIT_MS, sql_number(POSITION) == end + 2));
}

/* A running owner, too: it cannot read while its partition is full. */
LAB_TEST(holes, what_is_deleted_while_it_waits_is_said, 1)
{
	struct service *delivery = service_start(DELIVERY, NULL);
	int64_t end;

	(void)produce_placed(1);
	await_drained(delivery, 1);
	service_signal(delivery, SIGSTOP);
	end = produce_placed(2);
	(void)produce_placed(3);
	(void)produce_placed(4);
	topic_cut(fixture.topic, 0, end + 2);
	service_allow_errors();
	service_signal(delivery, SIGCONT);
	/* A fetch that was under way may have brought the first ones. */
	cr_assert(wait_until(WAIT_MS, sql_number(HISTORY " where order_id = 4") == 1));
	cr_expect(wait_until(WAIT_MS,
			     sql_number(HISTORY) + (int64_t)service_metric(delivery, LOST) == 4),
		  "%lld effects, %g lost", (long long)sql_number(HISTORY),
		  service_metric(delivery, LOST));
}

/* The log of a partition that nobody has read before is older than this installation. */
LAB_TEST(holes, what_was_deleted_before_the_first_read_is_a_warning, 1)
{
	struct service *delivery;

	(void)produce_placed(1);
	(void)produce_placed(2);
	topic_cut(fixture.topic, 0, 1);
	delivery = service_start(DELIVERY, NULL);
	await_drained(delivery, 1);
	cr_expect(service_logs(delivery, "WARN delivery msg=\"the log began later than the first "
					 "read of it\" partition=0 from=0 to=0 count=1"));
	cr_expect_eq(service_metric(delivery, LOST), 0.0);
}

/* Control records and aborted events stand between, before and behind what is applied. */
static void deliver_transactions(bool last_commits)
{
	struct service *delivery = service_start(DELIVERY, NULL);
	int64_t position;

	produce_transaction((struct raw_message[]){ placed(1), placed(2) }, 2, false);
	produce_transaction((struct raw_message[]){ placed(3) }, 1, true);
	await_drained(delivery, 1);
	produce_transaction((struct raw_message[]){ placed(4), placed(5) }, 2, true);
	produce_transaction((struct raw_message[]){ placed(6) }, 1, last_commits);
	await_drained(delivery, last_commits ? 4 : 3);
	/* 6 events, 4 control records, and the Delivery* events. */
	position = 6 + 4 + (last_commits ? 4 : 3);
	cr_expect(wait_until(WAIT_MS, sql_number(POSITION) == position), "%lld of %lld",
		  (long long)sql_number(POSITION), (long long)position);
	cr_expect_eq(service_metric(delivery, LOST), 0.0, "what was never to be read is not lost");
	cr_expect_not(service_logged(delivery, "deleted messages"));
	cr_expect_not(service_logged(delivery, "consume error"));
}

LAB_TEST(holes, control_records_are_no_loss, 1)
{
	deliver_transactions(true);
}

LAB_TEST(holes, an_aborted_transaction_is_no_loss, 1)
{
	deliver_transactions(false);
}

/* Nothing but an aborted transaction: no message ever comes. */
LAB_TEST(holes, a_lag_of_an_aborted_transaction_alone_becomes_0, 1)
{
	struct service *delivery = service_start(DELIVERY, NULL);

	produce_transaction((struct raw_message[]){ placed(1), placed(2) }, 2, false);
	await_drained(delivery, 0);
	cr_expect(wait_until(WAIT_MS, sql_number(POSITION) == 3), "the position is %lld",
		  (long long)sql_number(POSITION));
}
