#include "common/pg/pg.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "common/pg/pg_pipeline.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"

#define ANSWER_TIMEOUT_MS  15000
#define RECONNECT_PAUSE_MS 100 /* a burst of callers makes one attempt, not one each */

struct pg {
	PGconn *conn; /* NULL: not connected */
	const char *url, *application;
	const struct pg_statement *const *tables;
	pg_session_check *check; /* NULL: none */
	void *check_context;
	int64_t next_attempt_mono_ms;
	int64_t rows, replan_at_rows; /* read and written on this connection */
	bool in_transaction; /* begun, as far as the owner knows: the next calls belong to it */
	bool ahead;          /* calls of it were sent, and no sync yet */
};

enum status pg_open(struct pg **out, const char *url, const char *application,
		    const struct pg_statement *const *tables, struct error *err)
{
	struct pg *pg = calloc(1, sizeof(*pg));

	if (!pg)
		return error_set(err, ST_INTERNAL, "out of memory");
	pg->url = url;
	pg->application = application;
	pg->tables = tables;
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
	disconnect(pg);
	free(pg);
}

static enum status send_prepare(PGconn *conn, const struct pg_statement *table, struct error *err)
{
	for (const struct pg_statement *s = table; s->name; s++) {
		if (PQsendPrepare(conn, s->name, s->sql, 0, NULL) != 1)
			return pg_pipeline_error(conn, ST_UNAVAILABLE, err);
	}
	return ST_OK;
}

static enum status read_prepared(PGconn *conn, const struct pg_statement *table, int64_t deadline,
				 struct error *first, struct error *err)
{
	enum status st = ST_OK;

	for (const struct pg_statement *s = table; st == ST_OK && s->name; s++) {
		bool before = first->status != ST_OK;
		PGresult *r = NULL;

		st = pg_pipeline_answer(conn, deadline, &r, first, err);
		PQclear(r);
		if (!before && first->status != ST_OK)
			(void)error_wrap(first, "preparing %s", s->name);
	}
	return st;
}

static enum status prepare_all(struct pg *pg, struct error *err)
{
	static const struct pg_statement own[] = {
		{ PG_BEGIN, "begin" },
		{ PG_COMMIT, "commit" },
		{ 0 },
	};
	int64_t deadline = clock_mono_ms() + ANSWER_TIMEOUT_MS;
	struct error first = { 0 };
	enum status st = send_prepare(pg->conn, own, err);

	for (size_t i = 0; st == ST_OK && pg->tables[i]; i++)
		st = send_prepare(pg->conn, pg->tables[i], err);
	if (st == ST_OK && PQpipelineSync(pg->conn) != 1)
		st = pg_pipeline_error(pg->conn, ST_UNAVAILABLE, err);
	if (st == ST_OK)
		st = pg_pipeline_flush(pg->conn, deadline, err);
	if (st == ST_OK)
		st = read_prepared(pg->conn, own, deadline, &first, err);
	for (size_t i = 0; st == ST_OK && pg->tables[i]; i++)
		st = read_prepared(pg->conn, pg->tables[i], deadline, &first, err);
	if (st == ST_OK)
		st = pg_pipeline_sync(pg->conn, deadline, &first, err);
	if (st == ST_OK && first.status != ST_OK) {
		*err = first;
		st = err->status;
	}
	return st;
}

/* What the server tells without being asked. */
static void on_notice(void *context, const char *text)
{
	(void)context;
	log_info("database", "postgres notice", "text=%s", LOG_QUOTE(text));
}

/*
 * Before dbname stand defaults that the URL may override (later wins in libpq): Kerberos, which
 * costs a name lookup and a megabyte per process, only if asked for. After it stands what this
 * module relies on. Keepalives and tcp_user_timeout bound a dead network. The planner options: our
 * statements touch few rows by key, but a plan made while a table is still empty would read it
 * whole, and stay so when the table has grown. jit: switched-off plan nodes count as endlessly
 * expensive, and a statement that seems expensive is compiled, which takes a second.
 */
static PGconn *start_connection(const struct pg *pg)
{
	const char *const names[] = { "gssencmode",
				      "dbname",
				      "application_name",
				      "connect_timeout",
				      "keepalives_idle",
				      "keepalives_interval",
				      "keepalives_count",
				      "tcp_user_timeout",
				      "client_encoding",
				      "options",
				      NULL };
	const char *const values[] = {
		"disable",
		pg->url,
		pg->application,
		"3",
		"5",
		"2",
		"3",
		"10000",
		"UTF8",
		"-c enable_seqscan=off -c enable_hashjoin=off "
		"-c enable_mergejoin=off -c jit=off -c plan_cache_mode=force_generic_plan -c "
		"idle_in_transaction_session_timeout=20s",
		NULL
	};

	return PQconnectdbParams(names, values, 1);
}

/* Asked before each use, so that a server's restart costs an idle connection no failed call. */
static bool alive(const struct pg *pg)
{
	struct pollfd fd;

	if (!pg->conn || PQstatus(pg->conn) != CONNECTION_OK)
		return false;
	fd = (struct pollfd){ .fd = PQsocket(pg->conn), .events = POLLRDHUP };
	return poll(&fd, 1, 0) == 0;
}

enum status pg_connect(struct pg *pg, struct error *err)
{
	enum status st;

	if (alive(pg))
		return ST_OK;
	disconnect(pg);
	if (pg->in_transaction) {
		/* On a new one what follows would be committed without what came before. */
		pg->in_transaction = false;
		return error_set(err, ST_UNAVAILABLE, "the connection was lost in a transaction");
	}
	if (clock_mono_ms() < pg->next_attempt_mono_ms)
		return error_set(err, ST_UNAVAILABLE, "database is not reachable");
	pg->conn = start_connection(pg);
	(void)PQsetNoticeProcessor(pg->conn, on_notice, NULL);
	if (PQstatus(pg->conn) != CONNECTION_OK)
		st = pg_pipeline_error(pg->conn, ST_UNAVAILABLE, err);
	else if (PQsetnonblocking(pg->conn, 1) != 0 || PQenterPipelineMode(pg->conn) != 1)
		st = pg_pipeline_error(pg->conn, ST_INTERNAL, err);
	else
		st = prepare_all(pg, err);
	pg->rows = 0;
	pg->replan_at_rows = 1;
	if (st == ST_OK && pg->check)
		st = pg->check(pg->check_context, pg, err);
	if (st != ST_OK) {
		disconnect(pg);
		pg->next_attempt_mono_ms = clock_mono_ms() + RECONNECT_PAUSE_MS;
		return error_wrap(err, "connecting to the database");
	}
	return ST_OK;
}

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
				struct error *first, struct error *err)
{
	int64_t deadline = clock_mono_ms() + ANSWER_TIMEOUT_MS;
	enum status st = pg_pipeline_flush(pg->conn, deadline, err);

	for (size_t i = 0; st == ST_OK && i < count; i++) {
		bool before = first->status != ST_OK;

		st = pg_pipeline_answer(pg->conn, deadline, &calls[i].result, first, err);
		if (!before && first->status != ST_OK)
			(void)error_wrap(first, "%s", calls[i].statement);
	}
	if (st == ST_OK)
		st = pg_pipeline_sync(pg->conn, deadline, first, err);
	return st;
}

/* Runs a command by itself. On an error the connection may be lost. */
static enum status run_command(struct pg *pg, const char *sql, struct error *err)
{
	struct pg_call call = { sql, NULL, NULL };
	struct error first = { 0 };
	enum status st;

	if (PQsendQueryParams(pg->conn, sql, 0, NULL, NULL, NULL, NULL, 1) != 1 ||
	    PQpipelineSync(pg->conn) != 1)
		return pg_pipeline_error(pg->conn, ST_UNAVAILABLE, err);
	st = read_answers(pg, &call, 1, &first, err);
	pg_clear(&call, 1);
	if (st != ST_OK || first.status == ST_OK)
		return st;
	*err = first;
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

/* Drops the connection: something may still be queued on it. */
static enum status fail(struct pg *pg, struct error *err)
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
	if (replan(pg, err) != ST_OK || queue_calls(pg, calls, count, err) != ST_OK)
		return fail(pg, err);
	if ((last && PQpipelineSync(pg->conn) != 1) || PQflush(pg->conn) < 0) {
		(void)pg_pipeline_error(pg->conn, ST_UNAVAILABLE, err);
		return fail(pg, err);
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

enum status pg_receive(struct pg *pg, struct pg_call *calls, size_t count, struct error *err)
{
	struct error first = { 0 };
	enum status st = read_answers(pg, calls, count, &first, err);

	if (st == ST_OK && first.status == ST_OK) {
		for (size_t i = 0; i < count; i++)
			pg->rows += pg_affected(calls[i].result);
		pg->in_transaction = PQtransactionStatus(pg->conn) == PQTRANS_INTRANS;
		return ST_OK;
	}
	pg_clear(calls, count);
	if (st != ST_OK)
		return fail(pg, err);
	pg_rollback(pg);
	*err = first;
	return err->status;
}

enum status pg_run(struct pg *pg, struct pg_call *calls, size_t count, struct error *err)
{
	enum status st = pg_send(pg, calls, count, err);

	return st == ST_OK ? pg_receive(pg, calls, count, err) : st;
}

void pg_rollback(struct pg *pg)
{
	struct error ignored;

	pg->in_transaction = false;
	if (pg->ahead) {
		disconnect(pg); /* simpler than to read what is in flight */
		return;
	}
	if (!pg->conn || PQtransactionStatus(pg->conn) == PQTRANS_IDLE)
		return;
	if (run_command(pg, "rollback", &ignored) != ST_OK ||
	    PQtransactionStatus(pg->conn) != PQTRANS_IDLE)
		disconnect(pg);
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
