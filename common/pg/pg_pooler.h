/*
 * Whether a pooler keeps the session together. One in session mode does; one in transaction or
 * statement mode gives each transaction another session of the server, and whatever we rely on is
 * lost: settings, prepared statements, advisory locks, notifications.
 *
 * Threads: any; the connection has one owner.
 */
#ifndef COMMON_PG_PG_POOLER_H
#define COMMON_PG_PG_POOLER_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

/* Whether there is one: the process id that the connection began with is not the server's. */
bool pg_pooler_between(PGconn *conn, int backend_pid);

/*
 * Tells by what happens when the server ends the session that conn, which has the given backend,
 * uses: in session mode conn ends with it. It is of no use afterwards. ST_OK: session mode, and the
 * deadline (monotonic, ms) is not over. ST_INVALID: another. ST_UNAVAILABLE: the server did not
 * tell until then, or in 10 s.
 */
MUST_CHECK enum status pg_pooler_check(PGconn *conn, int backend_pid, int64_t deadline,
				       struct error *err);

#endif
