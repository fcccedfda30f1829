/* Which rows a transaction published, as text and back. */
#include <stdlib.h>
#include <string.h>

#include "common/outbox/relay_committed.h"
#include "tests/unit/unit.h"

TestSuite(relay_committed, .init = unit_deadline);

static struct relay_ledger ledger;
static struct relay_committed committed;

static struct relay_row *add(int64_t id, int64_t created_us)
{
	struct relay_row *row = relay_ledger_add(&ledger, id, 0);

	row->created_us = created_us;
	return row;
}

Test(relay_committed, names_runs_of_rows)
{
	char *text;

	relay_ledger_reset(&ledger);
	(void)add(5, 100);
	(void)add(6, 100);
	relay_ledger_report(&ledger, add(7, 100), RELAY_REFUSED, 1);
	(void)add(8, 100);
	(void)add(9, 200);
	text = relay_committed_encode(&ledger);
	cr_expect_str_eq(text, "{\"v\":1,\"runs\":[[5,2,100],[8,1,100],[9,1,200]]}");
	cr_assert(relay_committed_decode(&committed, text));
	cr_assert_eq(committed.count, 4);
	cr_expect_eq(committed.rows[1].id, 6);
	cr_expect_eq(committed.rows[1].created_us, 100);
	cr_expect_eq(committed.rows[3].id, 9);
	cr_expect_eq(committed.rows[3].created_us, 200);
	free(text);
}

Test(relay_committed, has_room_for_a_batch)
{
	char *text;

	relay_ledger_reset(&ledger);
	for (int i = 0; i < RELAY_BATCH_MAX; i++)
		(void)add(3 * i, i);
	text = relay_committed_encode(&ledger);
	cr_assert(relay_committed_decode(&committed, text));
	cr_expect_eq(committed.count, RELAY_BATCH_MAX);
	cr_expect_eq(committed.rows[RELAY_BATCH_MAX - 1].id, 3 * (RELAY_BATCH_MAX - 1));
	free(text);
}

Test(relay_committed, what_it_does_not_know_is_refused)
{
	static const char *const texts[] = {
		"",
		"{}",
		"{\"v\":2,\"runs\":[]}",
		"{\"v\":1,\"runs\":{}}",
		"{\"v\":1,\"runs\":[[1,2]]}",
		"{\"v\":1,\"runs\":[[1,2,3,4]]}",
		"{\"v\":1,\"runs\":[[1,-1,3]]}",
		"{\"v\":1,\"runs\":[[1,10001,3]]}",
		"{\"v\":1,\"runs\":[[1,10000,3],[19000,1,3]]}",
		"{\"v\":1,\"runs\":[[9223372036854775807,2,3]]}",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		cr_expect_not(relay_committed_decode(&committed, texts[i]), "%s", texts[i]);
	cr_expect(relay_committed_decode(&committed, "{\"v\":1,\"runs\":[]}"));
}
