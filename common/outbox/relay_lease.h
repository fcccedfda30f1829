/*
 * Who may relay an outbox: see relay.h for the rule. The lock is the database session's; the
 * lease row names the holder, and every read of the outbox is conditional on that name, so it is
 * the fencing token of a holder that lost the lock without noticing.
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
	const char *application; /* of the relays' database sessions; borrowed */
	bool held;               /* as of the last renewal */
	int session;             /* backend pid whose session has the lock */
	int64_t next_renewal_mono_ms;
};

void relay_lease_init(struct relay_lease *lease, const char *instance, const char *application);

/*
 * Takes or renews the lease if that is due (at once on a new session); ends a hung holder's
 * session. lease->held says whether this relay is the active one.
 * ST_UNAVAILABLE: the database; held is false then.
 */
MUST_CHECK enum status relay_lease_keep(struct relay_lease *lease, struct pg *pg,
					struct error *err);

#endif
