/*
 * How a commit wakes the relay: by a notification, which a writer sends only while the relay sleeps
 * (sql/migrations/018). A relay that sleeps has the lock of the outbox to itself. A writer tries
 * for a share of it when it inserts, and keeps the share until its commit can be seen; without a
 * share it notifies.
 *
 * Invariant: a relay that sleeps has read every row that is committed without a notification. For
 *  1. it has listened since before it got the lock;
 *  2. a writer that tried while somebody had the lock notifies, and reaches the relay if it commits
 *     after 1, else its row can be seen before the read of 4;
 *  3. a writer that got its share did so before the relay got the lock, or would not have; so it
 *     has given the share back, and its commit could be seen, before the relay got the lock;
 *  4. the relay reads after it got the lock, by a snapshot of its own, and sleeps only if there was
 *     nothing.
 * A lock that somebody else has costs notifications, a share that somebody else keeps costs the
 * relay its sleep (it reads every few milliseconds); neither costs an event.
 *
 * Threads: the relay's.
 */
#ifndef COMMON_OUTBOX_RELAY_SLEEP_H
#define COMMON_OUTBOX_RELAY_SLEEP_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/backoff.h"
#include "common/pg/pg.h"

/* For the relay's session. */
extern const struct pg_statement relay_sleep_statements[];

struct relay_sleep {
	int locked;             /* backend pid of the session that may have the lock; 0: none */
	bool had;               /* by the session, since the last relay_sleep_lock */
	struct backoff backoff; /* of tries that did not get it */
};

void relay_sleep_init(struct relay_sleep *sleep);

/* Before the read after which it is to be slept, not in its transaction: tries for the lock. had
 * says whether it is there. Errors as pg_run. */
MUST_CHECK enum status relay_sleep_lock(struct relay_sleep *sleep, struct pg *pg,
					struct error *err);

/* With the first read after the sleep: the call, if any, that gives the lock back. Returns how
 * many. After the transaction, relay_sleep_ended. */
size_t relay_sleep_end(const struct relay_sleep *sleep, const struct pg *pg, struct pg_call *call);
void relay_sleep_ended(struct relay_sleep *sleep);

#endif
