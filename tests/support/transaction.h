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

struct open_transaction;

/* Produces the messages (one at least) in one transaction; all are in their partitions when this
 * returns. */
struct open_transaction *transaction_open(const struct raw_message *messages, size_t count);

/* Its control record is in the partition when this returns. */
void transaction_end(struct open_transaction *transaction, bool commit);

/* Both. */
void produce_transaction(const struct raw_message *messages, size_t count, bool commit);

#endif
