/*
 * Ends a session whose server does not answer. Left alone, the server would go on with the
 * statement, with its locks and in its place among max_connections, for as long as it waits: the
 * statement is cancelled, and the connection closed once the server has answered to that. A commit
 * that waited for a standby is done then, whatever was told of it.
 *
 * Threads: one for each session, since libpq's cancel blocks; the rest from the owner's.
 */
#ifndef COMMON_PG_PG_ABANDON_H
#define COMMON_PG_PG_ABANDON_H

#include <libpq-fe.h>
#include <stdbool.h>

struct pg_abandoned;

/* Takes conn, which is in pipeline mode. NULL: there is no thread for it, it is only closed. */
struct pg_abandoned *pg_abandon(PGconn *conn, const char *application);

/* Whether the session has ended; then *abandoned is freed and NULL. NULL has ended. */
bool pg_abandoned_ended(struct pg_abandoned **abandoned);

/* Waits a moment (at most a second) for its end, then leaves it to itself. */
void pg_abandoned_leave(struct pg_abandoned *abandoned);

#endif
