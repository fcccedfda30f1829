/* The relay's batch: each row one verdict, in any order, and when the batch is settled. */
#include "common/outbox/relay_ledger.h"
#include "tests/unit/unit.h"

TestSuite(relay_ledger, .init = unit_deadline);

static struct relay_ledger ledger;

static void expect_counts(size_t outstanding, size_t acked, size_t refused, size_t retry)
{
	cr_expect_eq(ledger.outstanding, outstanding, "%zu outstanding", ledger.outstanding);
	cr_expect_eq(ledger.acked, acked, "%zu acked", ledger.acked);
	cr_expect_eq(ledger.refused, refused, "%zu refused", ledger.refused);
	cr_expect_eq(ledger.retry, retry, "%zu to retry", ledger.retry);
	cr_expect_eq(relay_ledger_settled(&ledger), outstanding == 0);
}

Test(relay_ledger, empty_is_settled)
{
	relay_ledger_reset(&ledger);
	cr_expect_eq(ledger.count, 0);
	expect_counts(0, 0, 0, 0);
}

Test(relay_ledger, verdicts_in_any_order)
{
	struct relay_row *rows[4];

	relay_ledger_reset(&ledger);
	for (int i = 0; i < 4; i++) {
		rows[i] = relay_ledger_add(&ledger, 100 + i, 0);
		cr_expect_eq(rows[i]->id, 100 + i);
		cr_expect_eq(rows[i]->verdict, RELAY_OUTSTANDING);
	}
	expect_counts(4, 0, 0, 0);
	relay_ledger_report(&ledger, rows[3], RELAY_ACKED, 0);
	expect_counts(3, 1, 0, 0);
	relay_ledger_report(&ledger, rows[0], RELAY_REFUSED, 10);
	expect_counts(2, 1, 1, 0);
	relay_ledger_report(&ledger, rows[2], RELAY_RETRY, -195);
	expect_counts(1, 1, 1, 1);
	relay_ledger_report(&ledger, rows[1], RELAY_ACKED, 0);
	expect_counts(0, 2, 1, 1);

	cr_expect_eq(ledger.count, 4);
	cr_expect_eq(rows[0]->verdict, RELAY_REFUSED);
	cr_expect_eq(rows[0]->reason, 10);
	cr_expect_eq(rows[1]->verdict, RELAY_ACKED);
	cr_expect_eq(rows[2]->verdict, RELAY_RETRY);
	cr_expect_eq(rows[2]->reason, -195);
	cr_expect_eq(ledger.retry_reason, -195);
}

Test(relay_ledger, rows_stay_in_outbox_order)
{
	static const int64_t ids[] = { 7, 3, 9, 1 };

	relay_ledger_reset(&ledger);
	for (size_t i = 0; i < COUNT_OF(ids); i++)
		(void)relay_ledger_add(&ledger, ids[i], 0);
	for (size_t i = 0; i < COUNT_OF(ids); i++)
		cr_expect_eq(ledger.rows[i].id, ids[i]);
}

Test(relay_ledger, a_second_verdict_is_ignored)
{
	static const enum relay_verdict verdicts[] = { RELAY_ACKED, RELAY_REFUSED, RELAY_RETRY };

	for (size_t first = 0; first < COUNT_OF(verdicts); first++) {
		for (size_t second = 0; second < COUNT_OF(verdicts); second++) {
			struct relay_row *row;

			relay_ledger_reset(&ledger);
			row = relay_ledger_add(&ledger, 1, 0);
			(void)relay_ledger_add(&ledger, 2, 0);
			relay_ledger_report(&ledger, row, verdicts[first], 5);
			relay_ledger_report(&ledger, row, verdicts[second], 6);
			cr_expect_eq(row->verdict, verdicts[first]);
			cr_expect_eq(row->reason, 5);
			expect_counts(1, first == 0, first == 1, first == 2);
			cr_expect(first != 2 || ledger.retry_reason == 5);
		}
	}
}

Test(relay_ledger, the_latest_retry_gives_the_reason)
{
	struct relay_row *rows[3];

	relay_ledger_reset(&ledger);
	for (int i = 0; i < 3; i++)
		rows[i] = relay_ledger_add(&ledger, i, 0);
	relay_ledger_report(&ledger, rows[2], RELAY_RETRY, 1);
	relay_ledger_report(&ledger, rows[0], RELAY_RETRY, 2);
	relay_ledger_report(&ledger, rows[1], RELAY_REFUSED, 3);
	cr_expect_eq(ledger.retry_reason, 2);
}

Test(relay_ledger, abandon_takes_only_what_is_outstanding)
{
	struct relay_row *rows[4];

	relay_ledger_reset(&ledger);
	for (int i = 0; i < 4; i++)
		rows[i] = relay_ledger_add(&ledger, i, 0);
	relay_ledger_report(&ledger, rows[1], RELAY_ACKED, 0);
	relay_ledger_report(&ledger, rows[2], RELAY_REFUSED, 10);
	relay_ledger_abandon(&ledger, -150);
	expect_counts(0, 1, 1, 2);
	cr_expect_eq(rows[0]->verdict, RELAY_RETRY);
	cr_expect_eq(rows[0]->reason, -150);
	cr_expect_eq(rows[1]->verdict, RELAY_ACKED);
	cr_expect_eq(rows[2]->verdict, RELAY_REFUSED);
	cr_expect_eq(rows[3]->verdict, RELAY_RETRY);
	cr_expect_eq(ledger.retry_reason, -150);
	relay_ledger_report(&ledger, rows[0], RELAY_ACKED, 0); /* a report that comes too late */
	expect_counts(0, 1, 1, 2);
}

Test(relay_ledger, reset_starts_a_new_batch)
{
	relay_ledger_reset(&ledger);
	relay_ledger_report(&ledger, relay_ledger_add(&ledger, 1, 0), RELAY_REFUSED, 10);
	(void)relay_ledger_add(&ledger, 2, 0);
	relay_ledger_reset(&ledger);
	cr_expect_eq(ledger.count, 0);
	expect_counts(0, 0, 0, 0);
	cr_expect_eq(relay_ledger_add(&ledger, 3, 0)->verdict, RELAY_OUTSTANDING);
	cr_expect_eq(ledger.rows[0].reason, 0);
	expect_counts(1, 0, 0, 0);
}

/* Reports come in a shuffled order; addresses given out at the start still are the rows. */
Test(relay_ledger, a_full_batch)
{
	static struct relay_row *rows[RELAY_BATCH_MAX];
	size_t counts[4] = { 0 };
	uint64_t seed = 3;

	relay_ledger_reset(&ledger);
	for (unsigned i = 0; i < RELAY_BATCH_MAX; i++)
		rows[i] = relay_ledger_add(&ledger, i, 0);
	for (unsigned i = RELAY_BATCH_MAX; i > 0; i--) {
		unsigned at = random_below(&seed, i);
		enum relay_verdict verdict = (enum relay_verdict)(1 + random_below(&seed, 3));
		struct relay_row *row = rows[at];

		cr_assert_not(relay_ledger_settled(&ledger));
		relay_ledger_report(&ledger, row, verdict, 0);
		counts[verdict]++;
		rows[at] = rows[i - 1];
	}
	expect_counts(0, counts[RELAY_ACKED], counts[RELAY_REFUSED], counts[RELAY_RETRY]);
	for (unsigned i = 0; i < RELAY_BATCH_MAX; i++)
		cr_assert_eq(ledger.rows[i].id, i);
}
