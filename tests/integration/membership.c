/*
 * A replica that cannot do a member's work, or that the group does not take: it is not ready, says
 * why, and keeps nobody from its partitions.
 */
#include <signal.h>
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/group.h"
#include "tests/support/http_client.h"
#include "tests/support/mock_kafka.h"
#include "tests/support/order_event.h"
#include "tests/support/pooler.h"
#include "tests/support/service.h"
#include "tests/support/sql.h"
#include "tests/support/topic.h"
#include "tests/support/wait.h"

TestSuite(membership, .timeout = 600);

#define LONG_MS 60000
#define HISTORY "select count(*) from delivery.history"

static bool not_ready_for(const struct service *service, const char *why)
{
	struct http_answer answer = http_call(service->port, "GET", "/readyz", NULL, NULL);

	return answer.status == 503 && strstr(answer.body, why);
}

static bool owns(const struct service *replica, double count)
{
	return service_metric(replica, "delivery_partitions") == count;
}

/* An event of another order in each partition; true when all that were produced have their effect,
 * once. */
static bool two_more_are_delivered(int *produced)
{
	for (int p = 0; p < 2; p++) {
		struct raw_message message = order_version(++*produced, 1, 3);

		message.partition = p;
		(void)produce(&message);
	}
	return wait_until(LONG_MS, sql_number(HISTORY) == *produced) &&
	       sql_number("select count(distinct order_id) from delivery.history") == *produced;
}

/* --- the database is away for one of two ---------------------------------------------------- */

LAB_TEST(membership, who_cannot_reach_the_database_leaves_its_partitions, 2)
{
	int port = pooler_start("session"), produced = 0;
	struct service *cut_off = service_start(
		DELIVERY, arena_format("DATABASE_URL=%s", pooler_url("delivery_service", port)),
		NULL);
	struct service *other = service_start(DELIVERY, NULL);

	cr_assert(wait_until(LONG_MS, owns(cut_off, 1.0) && owns(other, 1.0)));
	cr_assert(two_more_are_delivered(&produced));
	service_allow_errors(); /* it stands still */
	pooler_signal(SIGSTOP);
	cr_assert(wait_until(LONG_MS, owns(other, 2.0)), "it keeps its partition");
	cr_expect(two_more_are_delivered(&produced));
	cr_expect(wait_until(LONG_MS, sql_number("select count(*) from delivery.outbox") == 0));
	cr_expect(wait_until(LONG_MS, not_ready_for(cut_off, "consumer: nothing done for")));
	cr_expect(not_ready_for(cut_off, "the group was left: the database does not answer"));
	cr_expect_eq(service_metric(cut_off, "delivery_group_member"), 0.0);
	cr_expect_eq(service_metric(cut_off, "delivery_group_left_total"), 1.0);
	cr_expect(wait_until(LONG_MS, service_ready(other)));
	pooler_signal(SIGCONT);
	cr_assert(wait_until(LONG_MS, owns(cut_off, 1.0) && owns(other, 1.0)),
		  "it does not come back");
	cr_expect(two_more_are_delivered(&produced));
	cr_expect(wait_until(LONG_MS, service_ready(cut_off)));
	cr_expect_eq(sql_number("select count(distinct replica) from delivery.history"), 2);
	cr_expect_eq(service_metric(cut_off, "delivery_group_member"), 1.0);
}

/* The group gives it what another one left, and it cannot claim that: what it gives back then is
 * not its own. */
LAB_TEST(membership, who_cannot_claim_a_partition_gives_it_back, 2)
{
	int port = pooler_start("session"), produced = 0;
	struct service *cut_off = service_start(
		DELIVERY, arena_format("DATABASE_URL=%s", pooler_url("delivery_service", port)),
		NULL);
	struct service *other = service_start(DELIVERY, NULL);

	cr_assert(wait_until(LONG_MS, owns(cut_off, 1.0) && owns(other, 1.0)));
	service_allow_errors(); /* it stands still */
	pooler_signal(SIGSTOP);
	(void)service_stop(other, SIGTERM);
	cr_assert(wait_until(LONG_MS, service_logs(cut_off, "leaves the group")));
	cr_assert(wait_until(LONG_MS, not_ready_for(cut_off, "the group was left")));
	pooler_signal(SIGCONT);
	cr_assert(wait_until(LONG_MS, owns(cut_off, 2.0)));
	cr_expect(two_more_are_delivered(&produced));
}

/* The database answers, and refuses the claim: another replica may fare better. */
LAB_TEST(membership, whom_the_database_refuses_a_partition_leaves, 2)
{
	int produced = 0;
	struct service *refused = service_start(DELIVERY, "REPLICA=refused", NULL), *other;

	cr_assert(wait_until(LONG_MS, owns(refused, 2.0)));
	sql_run("create function delivery.refuse() returns trigger language plpgsql as $$ begin "
		"raise exception 'not for you'; end $$");
	sql_run("create trigger refuse before update on delivery.position for each row "
		"when (new.owner = 'refused' and new.claim <> old.claim) "
		"execute function delivery.refuse()");
	service_allow_errors(); /* it stands still */
	other = service_start(DELIVERY, NULL);
	cr_assert(wait_until(LONG_MS, owns(refused, 1.0) && owns(other, 1.0)));
	(void)service_stop(other, SIGTERM);
	cr_assert(wait_until(LONG_MS, service_logs(refused, "a partition could not be claimed")),
		  "it keeps what it cannot claim");
	other = service_start(DELIVERY, NULL);
	cr_expect(two_more_are_delivered(&produced));
	sql_run("drop trigger refuse on delivery.position");
	cr_assert(wait_until(2 * LONG_MS, owns(refused, 1.0) && owns(other, 1.0)));
	cr_expect(two_more_are_delivered(&produced));
}

/* --- the group does not take it ------------------------------------------------------------- */

/* Such as a Spring service that was given the same group. */
LAB_TEST(membership, who_meets_a_group_of_another_protocol_is_not_ready, 2)
{
	struct service *delivery;
	int produced = 0;

	group_join_foreign();
	service_allow_errors(); /* it stands still */
	delivery = service_launch(DELIVERY, NULL);
	cr_assert(wait_until(LONG_MS, not_ready_for(delivery, "the group refuses this replica")),
		  "it is ready");
	cr_expect(not_ready_for(delivery, "Inconsistent group protocol"));
	cr_expect_eq(service_metric(delivery, "delivery_group_member"), 0.0);
	cr_expect(service_logs(delivery, "a part stands still"));
	group_leave_foreign();
	cr_assert(wait_until(LONG_MS, service_ready(delivery)));
	cr_expect(two_more_are_delivered(&produced));
	cr_expect_eq(service_metric(delivery, "delivery_group_member"), 1.0);
}

/* No access control list names it. */
LAB_TEST(membership, who_may_not_use_the_group_is_not_ready, 2)
{
	enum { REFUSALS = 5000 };
	static rd_kafka_resp_err_t refusals[REFUSALS];
	rd_kafka_mock_cluster_t *kafka = mock_kafka_open(1, 2);
	struct service *delivery;

	for (int i = 0; i < REFUSALS; i++)
		refusals[i] = RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
	rd_kafka_mock_push_request_errors_array(kafka, MOCK_FIND_COORDINATOR, REFUSALS, refusals);
	service_allow_errors(); /* it stands still */
	delivery = service_launch(DELIVERY, NULL);
	cr_assert(wait_until(LONG_MS, not_ready_for(delivery, "the group refuses this replica")));
	cr_expect(not_ready_for(delivery, "Group authorization failed"));
	rd_kafka_mock_clear_request_errors(kafka, MOCK_FIND_COORDINATOR);
	cr_expect(wait_until(LONG_MS, owns(delivery, 2.0) && service_ready(delivery)));
}

/* A coordinator that hangs, such as one of brokers that have no majority. */
LAB_TEST(membership, whom_the_group_does_not_answer_is_not_ready, 2)
{
	rd_kafka_mock_cluster_t *kafka = mock_kafka_open(1, 2);
	struct service *delivery;

	cr_assert_eq(rd_kafka_mock_broker_push_request_error_rtts(
			     kafka, 1, MOCK_JOIN_GROUP, 1, RD_KAFKA_RESP_ERR_NO_ERROR, 600000),
		     0);
	service_allow_errors(); /* it stands still */
	delivery = service_launch(DELIVERY, NULL);
	cr_assert(wait_until(LONG_MS, not_ready_for(delivery, "the group has not taken")));
	cr_expect(service_logs(delivery, "a part stands still"));
}

/* --- a broker that hangs --------------------------------------------------------------------- */

/* It takes a fetch and never answers, as over a connection that a firewall has forgotten. By
 * librdkafka's own settings the next one would go out after a minute. */
LAB_TEST(membership, a_fetch_without_answer_is_sent_again_soon, 1)
{
	rd_kafka_mock_cluster_t *kafka = mock_kafka_open(1, 1);
	struct raw_message message = order_version(1, 1, 3);
	struct service *delivery = service_start(DELIVERY, NULL);
	size_t errors = 1;

	cr_assert(wait_until(LONG_MS, owns(delivery, 1.0)));
	cr_assert_eq(rd_kafka_mock_broker_push_request_error_rtts(
			     kafka, 1, MOCK_FETCH, 1, RD_KAFKA_RESP_ERR_NO_ERROR, 600000),
		     0);
	cr_assert(wait_until(LONG_MS,
			     (rd_kafka_mock_broker_error_stack_cnt(kafka, 1, MOCK_FETCH, &errors),
			      errors == 0)));
	(void)produce(&message);
	cr_expect(wait_for(40000, sql_number(HISTORY) == 1), "the answer is waited for");
}
