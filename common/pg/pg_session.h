/*
 * How a session begins: a connection, what is set on it, its prepared statements. pg.h is for
 * everybody else.
 *
 * Invariant: the settings are made on the session itself, not asked for at its start, so a pooler
 * that takes no startup options changes nothing. A pooler that gives each transaction another
 * session is refused.
 *
 * Threads: any; a session has one owner.
 */
#ifndef COMMON_PG_PG_SESSION_H
#define COMMON_PG_PG_SESSION_H

#include <libpq-fe.h>
#include <stdint.h>

#include "common/pg/pg_config.h"

/*
 * Waits for the server until deadline (monotonic, ms), and before that as long as the url lets each
 * of its hosts take to accept a connection, 3 s. *out is in pipeline mode, does not block, and is
 * the caller's (PQfinish). ST_UNAVAILABLE: the server cannot be had now. ST_INVALID: it cannot be
 * had this way, as long as nobody changes something.
 */
MUST_CHECK enum status pg_session_begin(PGconn **out, const struct pg_config *config,
					const struct pg_url *url, int64_t deadline,
					struct error *err);

#endif
