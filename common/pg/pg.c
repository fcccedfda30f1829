#include "common/pg/pg.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "common/pg/pg_abandon.h"
#include "common/pg/pg_pipeline.h"
#include "common/pg/pg_session.h"
#include "common/runtime/clock.h"

#define ANSWER_MS          15000
#define RECONNECT_PAUSE_MS 100 /* a burst of callers makes one attempt, not one each */

struct pg {
	PGconn *conn;                   /* NULL: not connected */
	struct pg_abandoned *abandoned; /* the session before this one, while it ends */
	struct pg_config config;
	struct pg_url url;
	pg_session_check *check; /* NULL: none */
	void *check_context;
	int64_t deadline_mono_ms; /* of what runs; 0: none */
	int64_t next_attempt_mono_ms;
	int64_t rows, replan_at_rows; /* read and written on this connection */
	bool in_transaction; /* begun, as far as the owner knows: the next calls belong to it */
	bool ahead;          /* calls of it were sent, and no sync yet */
	bool read_only;      /* the server was, when it was connected to */
};

enum status pg_open(struct pg **out, const struct pg_config *config, struct error *err)
{
	struct pg *pg = calloc(1, sizeof(*pg));

	if (!pg)
		return error_set(err, ST_INTERNAL, "out of memory");
	pg->config = *config;
	if (pg_config_url(config, &pg->url, err) != ST_OK) {
		free(pg);
		return err->status;
	}
	*out = pg;
	return ST_OK;
}

void pg_check_sessions(struct pg *pg, pg_session_check *check, void *context)
{
	pg->check = check;
	pg->check_context = context;
}

static void disconnect(struct pg *pg)
{
	PQfinish(pg->conn);
	pg->conn = NULL;
	pg->ahead = false;
}

void pg_close(struct pg *pg)
{
	if (!pg)
		return;
	pg_abandoned_leave(pg->abandoned);
	disconnect(pg);
	free(pg);
}

void pg_deadline(struct pg *pg, int64_t deadline_mono_ms)
{
	pg->deadline_mono_ms = deadline_mono_ms;
}

/* Until when what begins now may wait. */
static int64_t deadline_of(const struct pg *pg)
{
	int64_t deadline = clock_mono_ms() + ANSWER_MS;

	return pg->deadline_mono_ms && pg->deadline_mono_ms < deadline ? pg->deadline_mono_ms
								       : deadline;
}

/* --- connecting ---------------------------------------------------------------------------- */

/* The server tells of a change with its next answer. */
static bool reads_only(PGconn *conn)
{
	const char *by_default = PQparameterStatus(conn, "default_transaction_read_only");
	const char *standby = PQparameterStatus(conn, "in_hot_standby");

	return (by_default && strcmp(by_default, "on") == 0) ||
	       (standby && strcmp(standby, "on") == 0);
}

/* Asked before each use, so that a server's restart costs an idle connection no failed call, and
 * one that became read-only is left for another where the url has one. */
bool pg_connected(struct pg *pg)
{
	struct pollfd fd;

	if (!pg->conn || PQstatus(pg->conn) != CONNECTION_OK)
		return false;
	if (!reads_only(pg->conn))
		pg->read_only = false;
	else if (!pg->read_only && !pg->in_transaction)
		return false;
	fd = (struct pollfd){ .fd = PQsocket(pg->conn), .events = POLLRDHUP };
	return poll(&fd, 1, 0) == 0;
}

static enum status begin_session(struct pg *pg, struct error *err)
{
	enum status st = pg_session_begin(&pg->conn, &pg->config, &pg->url, deadline_of(pg), err);

	pg->rows = 0;
	pg->replan_at_rows = 1;
	if (st == ST_OK)
		pg->read_only = reads_only(pg->conn);
	if (st == ST_OK && pg->check)
		st = pg->check(pg->check_context, pg, err);
	if (st == ST_OK)
		return ST_OK;
	disconnect(pg);
	pg->next_attempt_mono_ms = clock_mono_ms() + RECONNECT_PAUSE_MS;
	return error_wrap(err, "connecting to the database");
}

bool pg_usable(struct pg *pg)
{
	return pg_abandoned_ended(&pg->abandoned);
}

enum status pg_connect(struct pg *pg, struct error *err)
{
	if (pg_connected(pg))
		return ST_OK;
	disconnect(pg);
	if (pg->in_transaction) {
		/* On a new one what follows would be committed without what came before. */
		pg->in_transaction = false;
		return error_set(err, ST_UNAVAILABLE, "the connection was lost in a transaction");
	}
	if (!pg_usable(pg))
		return error_set(err, ST_UNAVAILABLE,
				 "the database has not ended the last session");
	if (clock_mono_ms() < pg->next_attempt_mono_ms || clock_mono_ms() >= deadline_of(pg))
		return error_set(err, ST_UNAVAILABLE, "database is not reachable");
	return begin_session(pg, err);
}

/* --- sending and receiving ----------------------------------------------------------------- */

static enum status queue_calls(struct pg *pg, const struct pg_call *calls, size_t count,
			       struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct pg_params *p = calls[i].params;

		if (p && p->failed)
			return error_set(err, ST_INTERNAL, "parameters of %s", calls[i].statement);
		if (PQsendQueryPrepared(pg->conn, calls[i].statement, p ? p->count : 0,
					p ? p->values : NULL, p ? p->lengths : NULL,
					p ? p->formats : NULL, 1) != 1)
			return pg_pipeline_error(pg->conn, ST_UNAVAILABLE, err);
	}
	return ST_OK;
}

static enum status read_answers(struct pg *pg, struct pg_call *calls, size_t count,
				struct pg_refusal *first, struct error *err)
{
	int64_t deadline = deadline_of(pg);
	enum status st = pg_pipeline_flush(pg->conn, deadline, err);

	for (size_t i = 0; st == ST_OK && i < count; i++) {
		bool before = first->error.status != ST_OK;

		st = pg_pipeline_answer(pg->conn, deadline, &calls[i].result, first, err);
		if (!before && first->error.status != ST_OK)
			(void)error_wrap(&first->error, "%s", calls[i].statement);
	}
	if (st == ST_OK)
		st = pg_pipeline_sync(pg->conn, deadline, first, err);
	return st;
}

/* Runs a command by itself. On an error the connection may be lost. */
static enum status run_command(struct pg *pg, const char *sql, struct error *err)
{
	struct pg_refusal first = { 0 };
	PGresult *result = NULL;
	enum status st;

	if (PQsendQueryParams(pg->conn, sql, 0, NULL, NULL, NULL, NULL, 1) != 1)
		return pg_pipeline_error(pg->conn, ST_UNAVAILABLE, err);
	st = pg_pipeline_run(pg->conn, deadline_of(pg), &result, &first, err);
	PQclear(result);
	if (st != ST_OK || first.error.status == ST_OK)
		return st;
	*err = first.error;
	return err->status;
}

/*
 * A join that was planned while a table was empty may begin with that table, and then reads all of
 * it for each batch, by its index even. The plan stays until the table is analyzed. So plans are
 * dropped each time as many rows have gone through this connection as before. Both this and the
 * planner options are needed: docs/adr/0006-planner-options.md has the figures.
 */
static enum status replan(struct pg *pg, struct error *err)
{
	if (pg->in_transaction || pg->rows < pg->replan_at_rows)
		return ST_OK;
	pg->replan_at_rows = 2 * pg->rows;
	return run_command(pg, "discard plans", err);
}

/* After the server did not answer, or the connection was lost. */
static enum status fail(struct pg *pg, struct error *err)
{
	pg->in_transaction = false;
	if (PQstatus(pg->conn) == CONNECTION_OK) {
		pg->abandoned = pg_abandon(pg->conn, pg->url.application);
		pg->conn = NULL;
	}
	disconnect(pg);
	return error_wrap(err, "database");
}

/* Something may still be queued: the server waits for the rest. */
static enum status give_up_sending(struct pg *pg, struct error *err)
{
	pg->in_transaction = false;
	disconnect(pg);
	return error_wrap(err, "database");
}

static enum status send_calls(struct pg *pg, struct pg_call *calls, size_t count, bool last,
			      struct error *err)
{
	for (size_t i = 0; i < count; i++)
		calls[i].result = NULL;
	if (pg_connect(pg, err) != ST_OK)
		return err->status;
	if (replan(pg, err) != ST_OK)
		return fail(pg, err);
	if (queue_calls(pg, calls, count, err) != ST_OK)
		return give_up_sending(pg, err);
	if ((last && PQpipelineSync(pg->conn) != 1) || PQflush(pg->conn) < 0) {
		(void)pg_pipeline_error(pg->conn, ST_UNAVAILABLE, err);
		return give_up_sending(pg, err);
	}
	pg->ahead = !last;
	return ST_OK;
}

enum status pg_send(struct pg *pg, struct pg_call *calls, size_t count, struct error *err)
{
	return send_calls(pg, calls, count, true, err);
}

enum status pg_send_ahead(struct pg *pg, struct pg_call *calls, size_t count, struct error *err)
{
	/* Outside of one, a connection lost in between could not be told from a new one. */
	if (!pg->in_transaction)
		return error_set(err, ST_INTERNAL, "calls ahead of what, without a transaction");
	return send_calls(pg, calls, count, false, err);
}

/* Nothing of the transaction stays. */
static enum status refused(struct pg *pg, const struct pg_refusal *refusal, struct error *err)
{
	if (refusal->ends_session) {
		/* The next one may be of the same server: not one for each call. */
		if (pg->read_only)
			pg->next_attempt_mono_ms = clock_mono_ms() + RECONNECT_PAUSE_MS;
		pg->in_transaction = false;
		disconnect(pg);
	} else {
		pg_rollback(pg);
	}
	*err = refusal->error;
	return err->status;
}

enum status pg_receive(struct pg *pg, struct pg_call *calls, size_t count, struct error *err)
{
	struct pg_refusal first = { 0 };
	enum status st = read_answers(pg, calls, count, &first, err);

	if (st == ST_OK && first.error.status == ST_OK) {
		for (size_t i = 0; i < count; i++)
			pg->rows += pg_affected(calls[i].result);
		pg->in_transaction = PQtransactionStatus(pg->conn) == PQTRANS_INTRANS;
		return ST_OK;
	}
	pg_clear(calls, count);
	return st == ST_OK ? refused(pg, &first, err) : fail(pg, err);
}

enum status pg_run(struct pg *pg, struct pg_call *calls, size_t count, struct error *err)
{
	enum status st = pg_send(pg, calls, count, err);

	return st == ST_OK ? pg_receive(pg, calls, count, err) : st;
}

void pg_rollback(struct pg *pg)
{
	struct error ignored = { 0 };

	pg->in_transaction = false;
	if (pg->ahead) {
		disconnect(pg); /* simpler than to read what is in flight */
		return;
	}
	if (!pg->conn || PQtransactionStatus(pg->conn) == PQTRANS_IDLE)
		return;
	if (run_command(pg, "rollback", &ignored) != ST_OK ||
	    PQtransactionStatus(pg->conn) != PQTRANS_IDLE)
		(void)fail(pg, &ignored);
}

void pg_clear(struct pg_call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		PQclear(calls[i].result);
		calls[i].result = NULL;
	}
}

bool pg_in_transaction(const struct pg *pg)
{
	return pg->in_transaction;
}

int pg_socket(const struct pg *pg)
{
	return pg->conn ? PQsocket(pg->conn) : -1;
}

bool pg_take_notifications(struct pg *pg)
{
	PGnotify *notice;
	bool any = false;

	if (!pg->conn)
		return false;
	if (PQconsumeInput(pg->conn) != 1 || PQstatus(pg->conn) != CONNECTION_OK) {
		disconnect(pg);
		return false;
	}
	while ((notice = PQnotifies(pg->conn))) {
		PQfreemem(notice);
		any = true;
	}
	return any;
}

int pg_backend_pid(const struct pg *pg)
{
	return pg->conn ? PQbackendPID(pg->conn) : 0;
}
