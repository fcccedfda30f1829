#include "common/pg/pg_pipeline.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>

#include "common/runtime/clock.h"

enum status pg_pipeline_error(PGconn *conn, enum status st, struct error *err)
{
	const char *text = PQerrorMessage(conn);

	return error_set(err, st, "%.*s", (int)strcspn(text, "\n"), text);
}

static enum status status_of_sqlstate(const char *state)
{
	if (!state)
		return ST_UNAVAILABLE;
	if (strcmp(state, "23505") == 0)
		return ST_CONFLICT;
	/* connection, resources, operator intervention, the server's system (a disk that gives
	 * errors), transaction rollback, lock timeout, read-only server */
	if (strncmp(state, "08", 2) == 0 || strncmp(state, "53", 2) == 0 ||
	    strncmp(state, "57", 2) == 0 || strncmp(state, "58", 2) == 0 ||
	    strncmp(state, "40", 2) == 0 || strcmp(state, "55P03") == 0 ||
	    strcmp(state, "25006") == 0)
		return ST_UNAVAILABLE;
	if (strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0)
		return ST_INVALID;
	return ST_INTERNAL;
}

/* The server goes down, or takes no writes any more: libpq chooses among the url's hosts anew. */
static bool ends_session(const char *state)
{
	return state && (strncmp(state, "08", 2) == 0 || strcmp(state, "25006") == 0 ||
			 strcmp(state, "57P01") == 0 || strcmp(state, "57P02") == 0 ||
			 strcmp(state, "57P03") == 0);
}

static void set_refusal(const PGresult *result, struct pg_refusal *refusal)
{
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	(void)error_set(&refusal->error, status_of_sqlstate(state), "%s",
			text ? text : "no answer");
	refusal->ends_session = ends_session(state);
}

/* Waits until the socket is ready for events; false at the deadline or on a broken socket. */
static bool wait_socket(PGconn *conn, short events, int64_t deadline)
{
	struct pollfd fd = { .fd = PQsocket(conn), .events = events };
	int64_t left = deadline - clock_mono_ms();
	int n;

	if (left <= 0)
		return false;
	n = poll(&fd, 1, (int)left);
	if (n < 0)
		return errno == EINTR;
	return n > 0 && ((fd.revents & POLLIN) == 0 || PQconsumeInput(conn) == 1);
}

/* Reads as well: a server that waits for us to read would deadlock. */
enum status pg_pipeline_flush(PGconn *conn, int64_t deadline, struct error *err)
{
	int more;

	while ((more = PQflush(conn)) == 1) {
		if (!wait_socket(conn, POLLIN | POLLOUT, deadline))
			return error_set(err, ST_UNAVAILABLE, "database does not take the request");
	}
	if (more < 0)
		return pg_pipeline_error(conn, ST_UNAVAILABLE, err);
	return ST_OK;
}

/* The next result or NULL for the end of one statement's results. */
static enum status next_result(PGconn *conn, int64_t deadline, PGresult **out, struct error *err)
{
	while (PQisBusy(conn)) {
		if (!wait_socket(conn, POLLIN, deadline))
			return error_set(err, ST_UNAVAILABLE, "database does not answer: %.*s",
					 (int)strcspn(PQerrorMessage(conn), "\n"),
					 PQerrorMessage(conn));
	}
	*out = PQgetResult(conn);
	if (PQstatus(conn) == CONNECTION_BAD) {
		PQclear(*out);
		return pg_pipeline_error(conn, ST_UNAVAILABLE, err);
	}
	return ST_OK;
}

static void note_error(const PGresult *r, struct pg_refusal *first)
{
	switch (PQresultStatus(r)) {
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
	case PGRES_PIPELINE_SYNC:
	case PGRES_PIPELINE_ABORTED:
		break;
	default:
		if (first->error.status == ST_OK)
			set_refusal(r, first);
	}
}

enum status pg_pipeline_answer(PGconn *conn, int64_t deadline, PGresult **result,
			       struct pg_refusal *first, struct error *err)
{
	PGresult *r = NULL;
	enum status st = next_result(conn, deadline, &r, err);

	if (st != ST_OK)
		return st;
	note_error(r, first);
	*result = r;
	/* Each statement's results end with a NULL. */
	st = next_result(conn, deadline, &r, err);
	if (st == ST_OK)
		PQclear(r);
	return st;
}

/* An implicit transaction commits only now: if that fails, the error and a NULL come before. */
enum status pg_pipeline_sync(PGconn *conn, int64_t deadline, struct pg_refusal *first,
			     struct error *err)
{
	for (int i = 0; i < 3; i++) {
		PGresult *r = NULL;
		enum status st = next_result(conn, deadline, &r, err);
		bool synced;

		if (st != ST_OK)
			return st;
		if (r)
			note_error(r, first);
		synced = PQresultStatus(r) == PGRES_PIPELINE_SYNC;
		PQclear(r);
		if (synced)
			return ST_OK;
	}
	return error_set(err, ST_UNAVAILABLE, "database answers out of step");
}

enum status pg_pipeline_run(PGconn *conn, int64_t deadline, PGresult **result,
			    struct pg_refusal *first, struct error *err)
{
	enum status st;

	*result = NULL;
	if (PQpipelineSync(conn) != 1)
		return pg_pipeline_error(conn, ST_UNAVAILABLE, err);
	st = pg_pipeline_flush(conn, deadline, err);
	if (st == ST_OK)
		st = pg_pipeline_answer(conn, deadline, result, first, err);
	return st == ST_OK ? pg_pipeline_sync(conn, deadline, first, err) : st;
}
