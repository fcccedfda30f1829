/*
 * One round trip in libpq's pipeline mode, on a connection that does not block: what was queued is
 * sent, then the answers are read in the order of the statements, and the sync. All with a deadline
 * (monotonic, ms): a server that hangs is treated as gone. pg.h is for everybody else.
 *
 * Two kinds of errors: one that the server reports lands in *first, unless there is one already,
 * and the reading goes on; one that is returned (ST_UNAVAILABLE) means that the connection is lost,
 * or that the server does not answer.
 *
 * Threads: one owner.
 */
#ifndef COMMON_PG_PG_PIPELINE_H
#define COMMON_PG_PG_PIPELINE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

/* What the server reported. */
struct pg_refusal {
	struct error error; /* ST_OK: nothing */
	bool ends_session;  /* another session, perhaps of another server, may do better */
};

/* Sends all that is queued. */
MUST_CHECK enum status pg_pipeline_flush(PGconn *conn, int64_t deadline, struct error *err);

/* Reads the answer to one statement; *result is the caller's (PQclear). */
MUST_CHECK enum status pg_pipeline_answer(PGconn *conn, int64_t deadline, PGresult **result,
					  struct pg_refusal *first, struct error *err);

/* Reads up to the sync. */
MUST_CHECK enum status pg_pipeline_sync(PGconn *conn, int64_t deadline, struct pg_refusal *first,
					struct error *err);

/* After a PQsend*: a round trip with that one statement. *result is the caller's. */
MUST_CHECK enum status pg_pipeline_run(PGconn *conn, int64_t deadline, PGresult **result,
				       struct pg_refusal *first, struct error *err);

/* What libpq says of the connection: its first line, which never holds the password. Returns st. */
enum status pg_pipeline_error(PGconn *conn, enum status st, struct error *err);

#endif
