/*
 * The transactional outbox, reading side: the relay's database session, and what it asks there. The
 * session also serves relay_lease and relay_backlog. The writing side is outbox.h.
 *
 * Threads: the relay's.
 */
#ifndef COMMON_OUTBOX_RELAY_STORE_H
#define COMMON_OUTBOX_RELAY_STORE_H

#include <stdbool.h>

#include "common/outbox/relay_bound.h"
#include "common/outbox/relay_committed.h"
#include "common/outbox/relay_ledger.h"
#include "common/outbox/relay_sleep.h"
#include "common/outbox/relay_topics.h"
#include "common/pg/pg.h"

/* For the session that relay_store_open opens. */
extern const struct pg_statement relay_store_statements[];

struct relay_store {
	struct pg *pg;
	int listening;    /* backend pid of the session that listens; 0: none does */
	int64_t sessions; /* that were begun; the current one has this number */
	int64_t read_by;  /* the one that has read the rows of the ledger */
	struct relay_sleep sleep;
	struct relay_bound bound;
};

/* Connects at its first use. The strings are borrowed until close. ST_INTERNAL: out of memory. */
MUST_CHECK enum status relay_store_open(struct relay_store *outbox, const char *database_url,
					const char *schema, const char *application,
					struct error *err);
void relay_store_close(struct relay_store *outbox);

/*
 * In one transaction: writes the ledger's verdicts (of rows that are still the ones that were
 * read: a database that forgets commits gives their ids out again) and reads the next rows, *rows,
 * the caller's (relay_publisher_publish says which columns); none of the topics that are held back
 * at now_mono_ms, none unless the lease is holder's. *all: no topic was. awake: writers need notify
 * no more. On an error neither happened; as pg_run.
 */
MUST_CHECK enum status relay_store_settle_and_fetch(struct relay_store *outbox,
						    const struct relay_ledger *ledger,
						    const struct relay_topics *topics,
						    int64_t now_mono_ms, const char *holder,
						    bool awake, PGresult **rows, bool *all,
						    struct error *err);

/* Deletes those of the rows that are still there; *count: how many. Errors as pg_run. */
MUST_CHECK enum status relay_store_delete_committed(struct relay_store *outbox,
						    const struct relay_committed *committed,
						    int64_t *count, struct error *err);

/* Whether the notifications of new rows are wanted from now on. Errors as pg_run. */
MUST_CHECK enum status relay_store_listen(struct relay_store *outbox, bool wanted,
					  struct error *err);

/* The next read is the last one before a sleep, if sleep.had. Errors as pg_run. */
MUST_CHECK enum status relay_store_lock_sleep(struct relay_store *outbox, struct error *err);

#endif
