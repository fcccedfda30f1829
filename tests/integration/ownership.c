/*
 * Who may write what: a partition's owner of now, and of two replicas that have the same order (in
 * different partitions) the one that has seen what the other did.
 */
#include <signal.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/order_event.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(ownership, .timeout = 600);

#define HISTORY "select count(*) from delivery.history"

static void produce_version(int64_t id, int version, int partition)
{
	struct raw_message message = order_version(id, version, 3);

	message.partition = partition;
	(void)produce(&message);
}

static void await_partitions(const struct service *replica, double count)
{
	cr_assert(wait_until(15000, service_metric(replica, "delivery_partitions") == count),
		  "%s has %g partitions of %g", replica->name,
		  service_metric(replica, "delivery_partitions"), count);
}

/* Sessions that wait for the test's locks. */
static void await_waiting(int64_t count)
{
	cr_assert(wait_until(10000, sql_waiting_sessions() == count), "%lld of %lld replicas wait",
		  (long long)sql_waiting_sessions(), (long long)count);
}

/* --- epochs -------------------------------------------------------------------------------- */

static const char *positions(void)
{
	return sql_text("select string_agg(owner || ' ' || epoch, ', ' order by epoch, owner) "
			"from delivery.position");
}

/* Or the fence would let the former owner through. */
LAB_TEST(ownership, each_assignment_raises_the_epoch, 2)
{
	struct service *first = service_start(DELIVERY, NULL), *second;

	await_partitions(first, 2.0);
	cr_expect_str_eq(positions(), "delivery-1 1, delivery-1 1");
	second = service_start(DELIVERY, NULL);
	await_partitions(second, 1.0);
	cr_expect_str_eq(positions(), "delivery-1 1, delivery-2 2");
	(void)service_stop(second, SIGTERM);
	await_partitions(first, 2.0);
	cr_expect_str_eq(positions(), "delivery-1 1, delivery-1 3");
}

/* --- a partition that goes ----------------------------------------------------------------- */

/* The first replica's history fails, so that what it has worked is waiting to be written. */
static void refuse_history_of_the_first(void)
{
	sql_run("create function delivery.refuse() returns trigger language plpgsql as $$ begin "
		"raise exception 'not yet' using errcode = 'lock_not_available'; end $$");
	sql_run("create trigger refuse before insert on delivery.history for each row "
		"when (new.replica = 'delivery-1') execute function delivery.refuse()");
}

/* One event is worked and waits to be written, one is in work, in each of two partitions. What is
 * of the one that goes is forgotten: its new owner does all of it, the former one none. */
LAB_TEST(ownership, work_goes_with_its_partition, 2)
{
	struct service *first, *second;
	const char *replicas;

	first = service_start(DELIVERY, "DELIVERY_DELAY_MS=600000", "MAX_CONCURRENCY=2", NULL);
	await_partitions(first, 2.0);
	refuse_history_of_the_first();
	for (int p = 0; p < 2; p++)
		produce_version(p + 1, 1, p);
	cr_assert(wait_until(5000, service_logged(first, "not yet")));
	for (int p = 0; p < 2; p++)
		produce_version(p + 1, 2, p);
	cr_assert(wait_until(5000, service_metric(first, "delivery_events_in_work") == 2.0));
	second = service_start(DELIVERY, NULL);
	await_partitions(second, 1.0);
	cr_assert(wait_until(5000, sql_number(HISTORY) == 2), "the new owner has done %lld of 2",
		  (long long)sql_number(HISTORY));
	cr_expect(wait_until(2000, service_metric(first, "delivery_events_in_work") == 1.0),
		  "the former owner works on");
	sql_run("drop trigger refuse on delivery.history");
	cr_assert(wait_until(5000, sql_number(HISTORY) == 3), "what stays is not written");
	replicas = sql_text("select string_agg(replica, ' ' order by replica) from "
			    "delivery.history");
	cr_expect_str_eq(replicas, "delivery-1 delivery-2 delivery-2");
	cr_expect_eq(service_metric(first, "delivery_events_duplicate_total"), 0.0,
		     "it wrote what was no longer its own");
}

/*
 * The group takes a partition while its events are being written: it goes when that is committed,
 * so its new owner begins right behind it. The lock makes sure of the order: what is to be written
 * waits for it with the first round trip, the revocation waits for that, and is next.
 */
LAB_TEST(ownership, a_write_under_way_ends_before_its_partition_goes, 2)
{
	struct service *first =
		service_start(DELIVERY, "LOG_LEVEL=debug", "KAFKA_CONF=debug=cgrp", NULL);
	struct service *second;

	await_partitions(first, 2.0);
	sql_run("begin");
	sql_run("select from delivery.position for update");
	for (int p = 0; p < 2; p++)
		produce_version(p + 1, 1, p);
	await_waiting(1);
	sql_end_waiting_sessions(); /* the second try is about both partitions */
	await_waiting(1);
	second = service_launch(DELIVERY, NULL);
	cr_assert(wait_until(10000, service_logged(first, "delegating incremental revoke")),
		  "the group takes no partition");
	sql_run("commit");
	await_partitions(second, 1.0);
	for (int p = 0; p < 2; p++)
		produce_version(p + 1, 2, p);
	cr_assert(wait_until(10000, sql_number(HISTORY) == 4), "%lld of 4 effects",
		  (long long)sql_number(HISTORY));
	cr_expect_eq(sql_number("select count(distinct replica) from delivery.history"), 2);
	cr_expect_eq(service_metric(first, "delivery_events_duplicate_total"), 0.0);
	cr_expect_eq(service_metric(second, "delivery_events_duplicate_total"), 0.0,
		     "the new owner did again what was done");
}

/* --- one order at two replicas ------------------------------------------------------------- */

/* Neither can write until both have read the order, and so has each decided on what it was. */
static void change_at_once(int64_t id, int swapped)
{
	produce_version(id, 1, 0);
	cr_assert(wait_until(10000,
			     sql_number(HISTORY " where order_id = %lld", (long long)id) == 1));
	sql_run("begin");
	sql_run("lock table delivery.delivery in share mode");
	produce_version(id, 2, swapped);
	produce_version(id, 3, !swapped);
	await_waiting(2);
	sql_run("commit");
	cr_assert(wait_until(10000,
			     sql_number(HISTORY " where order_id = %lld", (long long)id) == 3));
}

/* Without keys, and nobody puts them in sequence: the delivery is what the last effect made it, and
 * no change is overwritten by one that had not seen it. */
LAB_TEST(ownership, two_replicas_change_one_order, 2)
{
	enum { ROUNDS = 6 };
	struct service *replicas[2];

	for (int i = 0; i < 2; i++)
		replicas[i] = service_start(DELIVERY, NULL);
	await_partitions(replicas[0], 1.0);
	await_partitions(replicas[1], 1.0);
	for (int i = 0; i < ROUNDS; i++)
		change_at_once(i + 1, i % 2);
	cr_expect_eq(sql_number("select count(*) from delivery.delivery d join lateral (select "
				"status, version from delivery.history h where h.order_id = "
				"d.order_id order by id desc limit 1) h on true "
				"where d.version = 3 and d.status = h.status and d.address = "
				"'V' || h.version"),
		     ROUNDS, "%s",
		     sql_text("select string_agg(d.order_id || ': ' || d.status || ' ' || "
			      "d.version || ' ' || address || ', history ' || (select "
			      "string_agg(version::text, ' ' order by id) from delivery.history h "
			      "where h.order_id = d.order_id), '; ') from delivery.delivery d"));
	cr_expect_eq(sql_number("select count(distinct replica) from delivery.history"), 2);
}
