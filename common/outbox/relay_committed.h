/*
 * Which outbox rows a Kafka transaction has published, as text that goes into the transaction, and
 * back. Pure.
 *
 * {"v":1,"runs":[[id, count, created],...]}: rows with ids that follow each other, inserted at the
 * same time: by one transaction of the database. created is the column created_at, in microseconds
 * since 2000. An id may be given out again by a database that was restored; an id at that time is
 * not.
 *
 * Threads: any; values only.
 */
#ifndef COMMON_OUTBOX_RELAY_COMMITTED_H
#define COMMON_OUTBOX_RELAY_COMMITTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/outbox/relay_ledger.h"

struct relay_committed {
	struct {
		int64_t id, created_us;
	} rows[RELAY_BATCH_MAX];
	size_t count;
};

/* Of the rows that are outstanding. Returns owned text (free); NULL: out of memory. */
char *relay_committed_encode(const struct relay_ledger *ledger);

/* False: the text is not of this form, or names more rows than a batch has. */
MUST_CHECK bool relay_committed_decode(struct relay_committed *committed, const char *text);

#endif
