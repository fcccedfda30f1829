/*
 * What became of each outbox row that the relay sent to Kafka. Pure.
 *
 * A batch goes through one cycle: rows are added in outbox order, each gets exactly one verdict
 * (in any order, from the delivery reports), and when none is outstanding the batch is settled:
 * acked rows may be deleted, refused rows go to the dead letters, rows to be retried simply stay
 * in the outbox and come again with the next batch, in their order.
 *
 * Threads: one owner.
 */
#ifndef COMMON_OUTBOX_RELAY_LEDGER_H
#define COMMON_OUTBOX_RELAY_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RELAY_BATCH_MAX 10000

enum relay_verdict {
	RELAY_OUTSTANDING = 0, /* sent, no report yet */
	RELAY_ACKED,
	RELAY_REFUSED, /* permanently: no retry would help */
	RELAY_RETRY,
};

struct relay_row {
	int64_t id;
	int64_t created_us; /* when it was inserted, as the database has it; 0: not known */
	enum relay_verdict verdict;
	int topic;  /* see relay_topics.h */
	int reason; /* Kafka's error code, for RELAY_REFUSED and RELAY_RETRY; 0: another row's fault
		     */
};

struct relay_ledger {
	struct relay_row rows[RELAY_BATCH_MAX];
	size_t count;
	size_t outstanding, acked, refused, retry; /* rows by verdict */
	int retry_reason;                          /* of the latest RELAY_RETRY that has one */
};

void relay_ledger_reset(struct relay_ledger *ledger);

/* Adds a row as outstanding. Returns it: its address is stable until the reset. */
struct relay_row *relay_ledger_add(struct relay_ledger *ledger, int64_t id, int topic);

/* Gives an outstanding row its verdict; a second verdict on a row is ignored. */
void relay_ledger_report(struct relay_ledger *ledger, struct relay_row *row,
			 enum relay_verdict verdict, int reason);

/* Every row still outstanding becomes RELAY_RETRY (the producer is abandoned). */
void relay_ledger_abandon(struct relay_ledger *ledger, int reason);

/* Every row still outstanding becomes RELAY_ACKED (their transaction is committed). */
void relay_ledger_acknowledge(struct relay_ledger *ledger);

bool relay_ledger_settled(const struct relay_ledger *ledger);

#endif
