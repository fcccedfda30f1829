/*
 * Who may relay an outbox: whom the lease row names. It goes to the first who asks while its holder
 * has not renewed it for 5 s, has given it up, or has no database session any more (it died). A
 * holder that hangs keeps its session, which may hold locks: it is ended.
 *
 * Invariant: every read of the outbox is conditional on the name in the row (relay_store.h), so a
 * holder that was replaced without noticing, paused or cut off, reads nothing more. No lock beside
 * the row takes part, so nobody but a relay of this outbox can be in the way of one, and what a
 * pooler does to sessions does not matter.
 *
 * Threads: the relay's.
 */
#ifndef COMMON_OUTBOX_RELAY_LEASE_H
#define COMMON_OUTBOX_RELAY_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/pg/pg.h"

#define RELAY_LEASE_RENEW_MS 1000

/* For the relay's session. */
extern const struct pg_statement relay_lease_statements[];

struct relay_lease {
	char holder[96];         /* unique per process start */
	const char *application; /* ends the name of a relay's database session; borrowed */
	bool held;               /* as of the last renewal */
	int session;             /* backend pid of the session that asked last */
	int64_t term;            /* how often it was taken */
	int64_t next_renewal_mono_ms;
	int64_t aside_until_mono_ms; /* given up: not asked for before */
	int64_t low_id;              /* kept in the row: see relay_bound.h */
};

void relay_lease_init(struct relay_lease *lease, const char *instance, const char *application);

/*
 * Takes or renews the lease if that is due (at once on a new session); ends a hung holder's
 * session. lease->held says whether this relay is the active one. A renewal writes lease->low_id
 * into the row if that raises it; lease->low_id is then what the row has.
 * ST_UNAVAILABLE: the database; held is false then.
 */
MUST_CHECK enum status relay_lease_keep(struct relay_lease *lease, struct pg *pg,
					struct error *err);

/* True if another relay of this outbox is there to take the lease. Errors as pg_run. */
MUST_CHECK enum status relay_lease_has_rival(const struct relay_lease *lease, struct pg *pg,
					     bool *has, struct error *err);

/* Gives the lease up, and does not ask for it for aside_ms: any other relay takes it first. Errors
 * as pg_run; the lease is not held then either. */
MUST_CHECK enum status relay_lease_release(struct relay_lease *lease, struct pg *pg,
					   int64_t aside_ms, struct error *err);

#endif
