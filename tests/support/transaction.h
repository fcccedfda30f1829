/*
 * What a transactional producer leaves in a partition: records, and a control record behind them
 * that no consumer is given.
 *
 * Threads: the test's own.
 */
#ifndef TESTS_SUPPORT_TRANSACTION_H
#define TESTS_SUPPORT_TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/support/topic.h"

/* Produces the messages (one at least) in one transaction, which is then committed or aborted; its
 * control record is in the partition when this returns. */
void produce_transaction(const struct raw_message *messages, size_t count, bool commit);

#endif
