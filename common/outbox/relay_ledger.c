#include "common/outbox/relay_ledger.h"

#include <assert.h>

void relay_ledger_reset(struct relay_ledger *ledger)
{
	ledger->count = 0;
	ledger->outstanding = ledger->acked = ledger->refused = ledger->retry = 0;
	ledger->retry_reason = 0;
}

struct relay_row *relay_ledger_add(struct relay_ledger *ledger, int64_t id, int topic)
{
	struct relay_row *row = &ledger->rows[ledger->count];

	assert(ledger->count < RELAY_BATCH_MAX);
	*row = (struct relay_row){ .id = id, .verdict = RELAY_OUTSTANDING, .topic = topic };
	ledger->count++;
	ledger->outstanding++;
	return row;
}

void relay_ledger_report(struct relay_ledger *ledger, struct relay_row *row,
			 enum relay_verdict verdict, int reason)
{
	if (row->verdict != RELAY_OUTSTANDING)
		return;
	row->verdict = verdict;
	row->reason = reason;
	ledger->outstanding--;
	if (verdict == RELAY_ACKED) {
		ledger->acked++;
	} else if (verdict == RELAY_REFUSED) {
		ledger->refused++;
	} else {
		ledger->retry++;
		if (reason)
			ledger->retry_reason = reason;
	}
}

void relay_ledger_abandon(struct relay_ledger *ledger, int reason)
{
	for (size_t i = 0; i < ledger->count; i++)
		relay_ledger_report(ledger, &ledger->rows[i], RELAY_RETRY, reason);
}

void relay_ledger_acknowledge(struct relay_ledger *ledger)
{
	for (size_t i = 0; i < ledger->count; i++)
		relay_ledger_report(ledger, &ledger->rows[i], RELAY_ACKED, 0);
}

bool relay_ledger_settled(const struct relay_ledger *ledger)
{
	return ledger->outstanding == 0;
}
