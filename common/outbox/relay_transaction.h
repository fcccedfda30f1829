/*
 * A batch as a Kafka transaction: its messages, and in the state topic which outbox rows they are
 * (relay_committed.h). Either all of it is committed, or none.
 *
 * Invariant: a row of a batch counts as acknowledged when the transaction is committed, and not
 * before. Whatever else becomes of the transaction, its producer is abandoned: what became of it is
 * then read in the state topic, after the next producer has ended it (relay_recover.h). A row that
 * Kafka refuses, or whose topic takes nothing, fails the transaction; it alone is blamed, and the
 * others come again without it.
 *
 * Threads: the relay's.
 */
#ifndef COMMON_OUTBOX_RELAY_TRANSACTION_H
#define COMMON_OUTBOX_RELAY_TRANSACTION_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/kafka/kafka_producer.h"
#include "common/outbox/relay_ledger.h"

struct relay_transaction;

/* All are borrowed until close. ST_INTERNAL: out of memory. */
MUST_CHECK enum status relay_transaction_open(struct relay_transaction **out,
					      struct kafka_producer *producer,
					      struct relay_ledger *ledger, const char *state_topic,
					      const char *key, struct error *err);
void relay_transaction_close(struct relay_transaction *transaction);

/* Before the rows of the ledger are sent, and after: the state is sent too. */
void relay_transaction_begin(struct relay_transaction *transaction);
void relay_transaction_sent(struct relay_transaction *transaction);

/* A report of the producer. message: the row, or the state, that was sent. */
void relay_transaction_report(struct relay_transaction *transaction, void *message,
			      enum relay_verdict verdict, int code);

/* Commits when all reports are there, for up to timeout_ms. False: it has failed, and its producer
 * is to be abandoned. */
MUST_CHECK bool relay_transaction_go_on(struct relay_transaction *transaction, int timeout_ms);

/* Its producer is abandoned: what is outstanding is to be retried. */
void relay_transaction_end(struct relay_transaction *transaction);

#endif
