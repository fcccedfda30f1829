/* What became of an order: the customer's judgement, and the lab's. */
#include "tests/unit/unit.h"
#include "tools/demo/replica_view.h"
#include "tools/demo/report.h"

static void see(struct order_facts *facts, const char *type, int64_t version, int32_t partition,
		int64_t offset)
{
	struct seen_event *event = &facts->seen[facts->seen_count++];

	*event =
		(struct seen_event){ .version = version, .partition = partition, .offset = offset };
	(void)snprintf(event->type, sizeof(event->type), "%s", type);
}

static void apply(struct order_facts *facts, const char *type)
{
	(void)snprintf(facts->applied[facts->applied_count++].type, 40, "%s", type);
}

/* The three events came in order; the last two were applied as told. */
static struct order_facts facts_of(bool kept)
{
	struct order_facts facts = { 0 };

	see(&facts, "OrderCancelled", 3, 0, 9);
	see(&facts, "OrderPlaced", 1, 0, 8);
	see(&facts, "OrderModified", 2, 1, 1);
	see(&facts, "DeliveryStarted", 1, 1, 0);
	see(&facts, "DeliveryModified", 2, 1, kept ? 2 : 3);
	see(&facts, "DeliveryCancelled", 3, 1, kept ? 3 : 2);
	apply(&facts, "OrderPlaced");
	apply(&facts, kept ? "OrderModified" : "OrderCancelled");
	apply(&facts, kept ? "OrderCancelled" : "OrderModified");
	(void)snprintf(facts.status, sizeof(facts.status), "DELIVERY %s",
		       kept ? "CANCELLED" : "MODIFIED");
	return facts;
}

Test(demo_report, a_cancelled_delivery_is_right)
{
	struct order_facts facts = facts_of(true);
	struct report report;

	report_make(&facts, REPORT_KEPT, &report);
	cr_expect(report.right && report.as_expected);
	expect_text(report.published, "Placed Modified Cancelled");
	expect_text(report.applied, "Placed Modified Cancelled");
	expect_text(report.announced, "Started Modified Cancelled");
}

Test(demo_report, what_the_lab_shows_may_be_wrong_for_the_customer)
{
	struct order_facts facts = facts_of(false);
	struct report report;

	report_make(&facts, REPORT_LOST, &report);
	cr_expect(report.as_expected && !report.right);
	report_make(&facts, REPORT_KEPT, &report);
	cr_expect(!report.as_expected && !report.right);
}

Test(demo_report, right_for_the_customer_may_be_not_what_the_lab_shows)
{
	struct order_facts facts = facts_of(true);
	struct report report;

	report_make(&facts, REPORT_LOST, &report);
	cr_expect(report.right && !report.as_expected);
}

Test(demo_report, an_answer_in_another_partition_is_marked)
{
	struct order_facts facts = facts_of(true);
	struct report report;

	facts.seen[5].partition = 2;
	report_make(&facts, REPORT_KEPT, &report);
	expect_text(report.announced, "Started Modified Cancelled@2");
	cr_expect_not(report.as_expected);
}

Test(demo_report, nothing_is_no_agreement)
{
	struct order_facts facts = { 0 };
	struct report report;

	report_make(&facts, REPORT_KEPT, &report);
	cr_expect_not(report.as_expected || report.right);
	expect_text(report.announced, "");
}

Test(demo_report, reads_the_order_of_either_event)
{
	static const struct message_header type = { "type", "DeliveryModified", 16 };
	const struct message message = { .at = { 1, 3 },
					 .key = "7",
					 .key_len = 1,
					 .payload = "{\"id\":9,\"orderId\":7,\"version\":2}",
					 .payload_len = 32,
					 .headers = &type,
					 .header_count = 1 };
	struct seen_event event;

	seen_event_read(&event, &message);
	cr_expect(event.order == 7 && event.version == 2 && event.partition == 1);
	expect_text(event.type, "DeliveryModified");
	expect_text(event.key, "7");
	seen_event_read(&event, &(struct message){ .payload = "[", .payload_len = 1 });
	cr_expect(event.order == -1 && event.version == -1);
	expect_text(event.type, "-");
}

Test(demo_report, a_replica_without_partitions_is_idle)
{
	static struct replica_view view;
	json_t *first = json_pack("{s:[{s:i,s:i}], s:i}", "partitions", "partition", 1, "position",
				  14, "inWork", 1);
	json_t *second = json_pack("{s:[], s:i}", "partitions", "inWork", 0);

	replica_view_take(&view, 1, first);
	replica_view_take(&view, 2, second);
	replica_view_take(&view, 3, NULL);
	cr_expect(view.count == 3 && view.partitions[1].replica == 1);
	cr_expect_eq(view.partitions[0].replica, 0);
	cr_expect(view.replicas[1].answers && !view.replicas[2].answers);
	cr_expect_eq(view.replicas[0].in_work, 1);
	json_decref(first);
	json_decref(second);
}
