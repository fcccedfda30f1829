/*
 * relay_topics and relay_patience: which topics wait, and how long a relay holds the lease while
 * Kafka takes nothing from it.
 */
#include "common/outbox/relay_topics.h"

#include "common/outbox/relay_patience.h"
#include "tests/unit/unit.h"

TestSuite(relay_topics, .init = unit_deadline);

static struct relay_topics topics;
static struct relay_ledger ledger;

static void add(const char *topic, enum relay_verdict verdict)
{
	int number = relay_topics_find(&topics, topic);

	relay_ledger_report(&ledger, relay_ledger_add(&ledger, 1, number), verdict, 3);
}

static void judge(int64_t now)
{
	relay_topics_judge(&topics, &ledger, now, 1);
	relay_ledger_reset(&ledger);
}

static bool held(const char *topic, int64_t now)
{
	return relay_topics_is_held(&topics.topics[relay_topics_find(&topics, topic)], now);
}

Test(relay_topics, one_that_fails_waits_and_the_others_go_on)
{
	add("a", RELAY_ACKED);
	add("b", RELAY_RETRY);
	add("c", RELAY_REFUSED);
	judge(1000);
	cr_expect(!held("a", 1000));
	cr_expect(held("b", 1000));
	cr_expect(!held("c", 1000));
	expect_text(relay_topics_failing(&topics)->name, "b");
	cr_expect_eq(relay_topics_failing(&topics)->reason, 3);
	cr_expect_eq(relay_topics_count_failing(&topics), 1);
}

Test(relay_topics, the_wait_ends_and_grows)
{
	int64_t first, later;

	add("b", RELAY_RETRY);
	judge(1000);
	first = relay_topics_wait_ms(&topics, 1000, 5000);
	cr_expect(first > 0 && first <= 50, "%d", (int)first);
	cr_expect(!held("b", 1000 + first));
	cr_expect_eq(relay_topics_wait_ms(&topics, 1000 + first, 5000), 5000);
	for (int i = 0; i < 10; i++) {
		add("b", RELAY_RETRY);
		judge(2000);
	}
	later = relay_topics_wait_ms(&topics, 2000, 5000);
	cr_expect(later >= 500 && later <= 1000, "%d", (int)later);
	cr_expect_eq(relay_topics_wait_ms(&topics, 2000, 100), 100);
}

Test(relay_topics, one_that_is_taken_goes_on)
{
	add("b", RELAY_RETRY);
	judge(1000);
	relay_topics_begin(&topics);
	add("b", RELAY_ACKED);
	judge(2000);
	cr_expect_null(relay_topics_failing(&topics));
	cr_expect(!held("b", 2000));
}

Test(relay_topics, in_part_is_not_taken)
{
	add("b", RELAY_ACKED);
	add("b", RELAY_RETRY);
	judge(1000);
	cr_expect(held("b", 1000));
}

Test(relay_topics, a_batch_forgets_those_that_do_not_fail)
{
	char name[RELAY_TOPIC_NAME_MAX + 1];

	for (int batch = 0; batch < 3; batch++) {
		relay_topics_begin(&topics);
		add("failing", RELAY_RETRY);
		for (int i = 1; i < RELAY_TOPICS_MAX; i++) {
			(void)snprintf(name, sizeof(name), "%d.%d", batch, i);
			cr_assert_geq(relay_topics_find(&topics, name), 0);
		}
		cr_expect_eq(relay_topics_find(&topics, "one too many"), -1);
		judge(1000);
		cr_expect_eq(relay_topics_find(&topics, "failing"), 0);
	}
	relay_topics_clear(&topics);
	cr_expect_null(relay_topics_failing(&topics));
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	cr_expect_eq(relay_topics_find(&topics, name), -1);
	add(name, RELAY_RETRY);
	judge(1000);
	cr_expect_null(relay_topics_failing(&topics));
}

Test(relay_topics, patience_ends_and_grows_while_nobody_fares_better)
{
	struct relay_patience p = { 0 };

	cr_expect(!relay_patience_is_over(&p, 1000000));
	relay_patience_begin(&p, 1000);
	relay_patience_begin(&p, 5000);
	cr_expect(!relay_patience_is_over(&p, 999 + RELAY_PATIENCE_MIN_MS));
	cr_expect(relay_patience_is_over(&p, 1000 + RELAY_PATIENCE_MIN_MS));
	for (int64_t limit = 2 * RELAY_PATIENCE_MIN_MS; limit < 10 * RELAY_PATIENCE_MAX_MS;
	     limit *= 2) {
		int64_t bound = limit < RELAY_PATIENCE_MAX_MS ? limit : RELAY_PATIENCE_MAX_MS;

		relay_patience_lost(&p);
		cr_expect(!relay_patience_is_over(&p, 1000000));
		relay_patience_begin(&p, 1000);
		cr_expect(!relay_patience_is_over(&p, 999 + bound));
		cr_expect(relay_patience_is_over(&p, 1000 + bound));
	}
	relay_patience_rest(&p);
	cr_expect(!relay_patience_is_over(&p, 1000000));
	relay_patience_renew(&p);
	relay_patience_begin(&p, 1000);
	cr_expect(relay_patience_is_over(&p, 1000 + RELAY_PATIENCE_MIN_MS));
}
