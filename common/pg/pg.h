/*
 * One PostgreSQL connection that mends itself, and the one way to run statements on it.
 *
 * Statements are prepared per connection from the owner's tables, and run in libpq's pipeline mode:
 * pg_run sends any number of them with one flush and reads all results, so a batch costs one round
 * trip. Parameters and results are binary. Every wait has a deadline: a server that hangs is
 * treated as gone, and its session is ended (pg_abandon.h); there is no new one before that. A
 * session whose server goes down or becomes read-only is dropped, so that libpq chooses among the
 * url's hosts anew.
 *
 * Threads: a struct pg has one owner at a time.
 */
#ifndef COMMON_PG_PG_H
#define COMMON_PG_PG_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/pg/pg_config.h"
#include "common/pg/pg_params.h"
#include "common/pg/pg_result.h"

struct pg;

/* One statement of a pg_run. */
struct pg_call {
	const char *statement;          /* a name in the tables, or PG_BEGIN, PG_COMMIT */
	const struct pg_params *params; /* NULL: none */
	PGresult *result;               /* written on ST_OK: owned by the caller (PQclear) */
};

#define PG_BEGIN  "begin"
#define PG_COMMIT "commit"

/*
 * A handle that connects at its first use. config is copied; what it points to is borrowed for the
 * handle's lifetime. ST_INVALID: its url (see pg_config.h). ST_INTERNAL: out of memory.
 */
MUST_CHECK enum status pg_open(struct pg **out, const struct pg_config *config, struct error *err);
void pg_close(struct pg *pg);

/*
 * Looks at each session before the owner's calls run on it, with pg_run. An error ends the session,
 * and is what the calls return.
 */
typedef enum status pg_session_check(void *context, struct pg *pg, struct error *err);

/* Before the first use. context is borrowed for the handle's lifetime. */
void pg_check_sessions(struct pg *pg, pg_session_check *check, void *context);

/* No call from now on waits for an answer beyond deadline (monotonic), nor longer than 15 s.
 * 0: only that. */
void pg_deadline(struct pg *pg, int64_t deadline_mono_ms);

/* Whether there is a session, as far as can be told without asking the server. */
bool pg_connected(struct pg *pg);

/* Whether it is worth a try: false while the server has not ended the session before, when calls
 * fail at once. */
bool pg_usable(struct pg *pg);

/* Connects unless connected. ST_UNAVAILABLE: the server cannot be had now. ST_INVALID: there is a
 * pooler before it that does not keep sessions. */
MUST_CHECK enum status pg_connect(struct pg *pg, struct error *err);

/*
 * Runs the calls in order, connecting first if need be. Without PG_BEGIN they are one implicit
 * transaction; a transaction begun in one pg_run may be committed in a later one.
 * On any error nothing of the transaction stays (it is rolled back, or the connection is dropped),
 * no result is written, and the status says what to do:
 * ST_UNAVAILABLE: retry; if the calls held a commit or an implicit one, its outcome is unknown.
 * ST_CONFLICT: a unique key. ST_INVALID: the data. ST_INTERNAL: our SQL or the schema.
 */
MUST_CHECK enum status pg_run(struct pg *pg, struct pg_call *calls, size_t count,
			      struct error *err);

/*
 * pg_run in two steps: between them the server works, and the connection does nothing else. Calls
 * that were sent (ST_OK) must be received; their parameters are not needed for that.
 */
MUST_CHECK enum status pg_send(struct pg *pg, struct pg_call *calls, size_t count,
			       struct error *err);
MUST_CHECK enum status pg_receive(struct pg *pg, struct pg_call *calls, size_t count,
				  struct error *err);

/*
 * Within a transaction: sends the first of the calls that a pg_send follows up, so that the server
 * works on them while the others are prepared. All are received together, as one array. Instead of
 * the pg_send, pg_rollback may follow. On an error nothing of the transaction stays.
 */
MUST_CHECK enum status pg_send_ahead(struct pg *pg, struct pg_call *calls, size_t count,
				     struct error *err);

/* Rolls an open transaction back; drops the connection if that fails. */
void pg_rollback(struct pg *pg);

/* True if a transaction was begun, and neither committed nor rolled back since. */
bool pg_in_transaction(const struct pg *pg);

/* Clears the results of calls (those that are not NULL). */
void pg_clear(struct pg_call *calls, size_t count);

/* The socket to poll for notifications, -1 when not connected. */
int pg_socket(const struct pg *pg);

/* Reads what the server sent and drops the notifications; true if there was one.
 * A lost connection is noticed here too: pg_socket is -1 afterwards. */
bool pg_take_notifications(struct pg *pg);

/* The server's process id of this session. */
int pg_backend_pid(const struct pg *pg);

#endif
