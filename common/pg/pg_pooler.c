#include "common/pg/pg_pooler.h"

#include "common/pg/pg_pipeline.h"
#include "common/pg/pg_result.h"
#include "common/runtime/clock.h"

#define CHECK_MS       10000
#define FIRST_PAUSE_MS 150 /* the session has ended by then */
#define LAST_PAUSE_MS  640

bool pg_pooler_between(PGconn *conn, int backend_pid)
{
	return PQbackendPID(conn) != backend_pid;
}

/* The backend that answers now; 0: none does. */
static int ask_backend(PGconn *conn, int64_t deadline)
{
	struct pg_refusal refusal = { 0 };
	struct error ignored;
	PGresult *result = NULL;
	int pid = 0;

	/* A session that idles is ended by the server, in 100 ms: later than the pooler takes the
	 * transaction's session back. One that ends while it is lent takes the client along, as
	 * one does that is kept. */
	if (PQsendQueryParams(conn,
			      "select pg_backend_pid(), "
			      "  set_config('idle_session_timeout', '100', false)",
			      0, NULL, NULL, NULL, NULL, 1) == 1 &&
	    pg_pipeline_run(conn, deadline, &result, &refusal, &ignored) == ST_OK &&
	    refusal.error.status == ST_OK)
		pid = (int)pg_i64(result, 0, 0);
	PQclear(result);
	return pid;
}

enum status pg_pooler_check(PGconn *conn, int backend_pid, int64_t deadline, struct error *err)
{
	const int64_t last = clock_mono_ms() + CHECK_MS;
	int64_t pause_ms = FIRST_PAUSE_MS;

	if (deadline > last)
		deadline = last;
	while (clock_mono_ms() < deadline) {
		int pid = ask_backend(conn, deadline);

		if (pid == 0)
			break;
		if (pid != backend_pid)
			return error_set(err, ST_INVALID,
					 "the pooler in front of the database gives each "
					 "transaction another session: set pool_mode=session, or "
					 "connect to PostgreSQL itself");
		clock_pause_ms(pause_ms);
		if (pause_ms < LAST_PAUSE_MS)
			pause_ms *= 2;
	}
	if (clock_mono_ms() < deadline)
		return ST_OK;
	return error_set(err, ST_UNAVAILABLE, "the pooler in front of the database is too slow");
}
