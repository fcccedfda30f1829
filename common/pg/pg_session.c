#include "common/pg/pg_session.h"

#include <string.h>

#include "common/pg/pg.h"
#include "common/pg/pg_pipeline.h"
#include "common/pg/pg_pooler.h"
#include "common/pg/pg_result.h"
#include "common/runtime/log.h"

/* --- what is set --------------------------------------------------------------------------- */

/*
 * The planner: our statements touch few rows by key, but a plan made while a table is still empty
 * would read it whole, and stay so when the table has grown. jit and workers: switched-off plan
 * nodes count as endlessly expensive, and a statement that seems expensive is compiled, which takes
 * a second, or split among workers, whose start takes longer than the statement. The others bound
 * how long the server keeps a session whose client is gone: a transaction that idles, a network
 * that is cut (the settings of TCP; nothing on a Unix socket), a client that ended during a
 * statement.
 *
 * What the url's options ask for stays. A setting that this version of PostgreSQL does not have is
 * left out. Columns: name, the value wanted, the value in force.
 */
static const char settings_sql[] =
	"select s.name, s.value, set_config(s.name, s.value, false) "
	"from (values ('search_path', $1::text), "
	"    ('enable_seqscan', 'off'), ('enable_hashjoin', 'off'), ('enable_mergejoin', 'off'), "
	"    ('jit', 'off'), ('max_parallel_workers_per_gather', '0'), "
	"    ('plan_cache_mode', 'force_generic_plan'), "
	"    ('idle_in_transaction_session_timeout', '20s'), "
	"    ('client_connection_check_interval', '2s'), "
	"    ('tcp_keepalives_idle', '5'), ('tcp_keepalives_interval', '2'), "
	"    ('tcp_keepalives_count', '3'), ('tcp_user_timeout', '10s')) as s (name, value) "
	"join pg_catalog.pg_settings p on p.name = s.name "
	"where p.source <> 'client' and s.value is not null";

enum setting { S_NAME, S_WANTED, S_VALUE };

static bool of_tcp(const char *name)
{
	return strncmp(name, "tcp_", 4) == 0;
}

static void check_settings(const PGresult *settings, struct pg_refusal *first)
{
	for (int row = 0; row < PQntuples(settings); row++) {
		const char *name = pg_text(settings, row, S_NAME);
		const char *value = pg_text(settings, row, S_VALUE);

		if (of_tcp(name) || strcmp(value, pg_text(settings, row, S_WANTED)) == 0)
			continue;
		(void)error_set(&first->error, ST_INVALID,
				"the server has %s=%s although %s was set", name, value,
				pg_text(settings, row, S_WANTED));
		return;
	}
}

/* --- set-up: settings and statements in one round trip ------------------------------------- */

static const struct pg_statement own[] = {
	{ PG_BEGIN, "begin" },
	{ PG_COMMIT, "commit" },
	{ 0 },
};

static enum status send_prepare(PGconn *conn, const struct pg_statement *table, struct error *err)
{
	for (const struct pg_statement *s = table; s->name; s++) {
		if (PQsendPrepare(conn, s->name, s->sql, 0, NULL) != 1)
			return pg_pipeline_error(conn, ST_UNAVAILABLE, err);
	}
	return ST_OK;
}

static enum status send_set_up(PGconn *conn, const struct pg_config *config, struct error *err)
{
	enum status st = ST_OK;

	if (PQsendQueryParams(conn, settings_sql, 1, NULL, &config->schema, NULL, NULL, 1) != 1 ||
	    PQsendQueryParams(conn, "select pg_backend_pid()", 0, NULL, NULL, NULL, NULL, 1) != 1)
		return pg_pipeline_error(conn, ST_UNAVAILABLE, err);
	st = send_prepare(conn, own, err);
	for (size_t i = 0; st == ST_OK && config->tables[i]; i++)
		st = send_prepare(conn, config->tables[i], err);
	if (st == ST_OK && PQpipelineSync(conn) != 1)
		st = pg_pipeline_error(conn, ST_UNAVAILABLE, err);
	return st;
}

static enum status read_settings(PGconn *conn, int64_t deadline, int *backend_pid,
				 struct pg_refusal *first, struct error *err)
{
	PGresult *settings = NULL, *pid = NULL;
	enum status st = pg_pipeline_answer(conn, deadline, &settings, first, err);

	if (st == ST_OK)
		st = pg_pipeline_answer(conn, deadline, &pid, first, err);
	if (st == ST_OK && first->error.status == ST_OK) {
		check_settings(settings, first);
		*backend_pid = (int)pg_i64(pid, 0, 0);
	}
	PQclear(settings);
	PQclear(pid);
	return st;
}

static enum status read_prepared(PGconn *conn, const struct pg_statement *table, int64_t deadline,
				 struct pg_refusal *first, struct error *err)
{
	enum status st = ST_OK;

	for (const struct pg_statement *s = table; st == ST_OK && s->name; s++) {
		bool before = first->error.status != ST_OK;
		PGresult *r = NULL;

		st = pg_pipeline_answer(conn, deadline, &r, first, err);
		PQclear(r);
		if (!before && first->error.status != ST_OK)
			(void)error_wrap(&first->error, "preparing %s", s->name);
	}
	return st;
}

static enum status read_set_up(PGconn *conn, const struct pg_config *config, int64_t deadline,
			       int *backend_pid, struct error *err)
{
	struct pg_refusal first = { 0 };
	enum status st = read_settings(conn, deadline, backend_pid, &first, err);

	if (st == ST_OK)
		st = read_prepared(conn, own, deadline, &first, err);
	for (size_t i = 0; st == ST_OK && config->tables[i]; i++)
		st = read_prepared(conn, config->tables[i], deadline, &first, err);
	if (st == ST_OK)
		st = pg_pipeline_sync(conn, deadline, &first, err);
	if (st == ST_OK && first.error.status != ST_OK) {
		*err = first.error;
		st = err->status;
	}
	return st;
}

static enum status set_up(PGconn *conn, const struct pg_config *config, int64_t deadline,
			  int *backend_pid, struct error *err)
{
	enum status st = send_set_up(conn, config, err);

	if (st == ST_OK)
		st = pg_pipeline_flush(conn, deadline, err);
	return st == ST_OK ? read_set_up(conn, config, deadline, backend_pid, err) : st;
}

/* --- the connection ------------------------------------------------------------------------ */

/* What the server tells without being asked. */
static void on_notice(void *context, const char *text)
{
	(void)context;
	log_info("database", "postgres notice", "text=%s", LOG_QUOTE(text));
}

/*
 * Before dbname stand defaults that the url may override (later wins in libpq): Kerberos, which
 * costs a name lookup and a megabyte per process, only if asked for; keepalives and
 * tcp_user_timeout bound a dead network. After it stands what this module relies on, and what the
 * url's own value is part of.
 */
static PGconn *connect_to(const struct pg_config *config, const struct pg_url *url)
{
	const char *const names[] = { "gssencmode",
				      "connect_timeout",
				      "keepalives_idle",
				      "keepalives_interval",
				      "keepalives_count",
				      "tcp_user_timeout",
				      "target_session_attrs",
				      "dbname",
				      "application_name",
				      "client_encoding",
				      NULL };
	const char *const values[] = {
		"disable",        "3",    "5", "2", "3", "10000", url->session_attrs, config->url,
		url->application, "UTF8", NULL
	};

	return PQconnectdbParams(names, values, 1);
}

static enum status begin(PGconn **out, const struct pg_config *config, const struct pg_url *url,
			 int64_t deadline, int *backend_pid, struct error *err)
{
	PGconn *conn = connect_to(config, url);
	enum status st;

	(void)PQsetNoticeProcessor(conn, on_notice, NULL);
	if (PQstatus(conn) != CONNECTION_OK)
		st = pg_pipeline_error(conn, ST_UNAVAILABLE, err);
	else if (PQsetnonblocking(conn, 1) != 0 || PQenterPipelineMode(conn) != 1)
		st = pg_pipeline_error(conn, ST_INTERNAL, err);
	else
		st = set_up(conn, config, deadline, backend_pid, err);
	if (st == ST_OK)
		*out = conn;
	else
		PQfinish(conn);
	return st;
}

enum status pg_session_begin(PGconn **out, const struct pg_config *config, const struct pg_url *url,
			     int64_t deadline, struct error *err)
{
	int backend_pid = 0;
	enum status st;

	*out = NULL;
	st = begin(out, config, url, deadline, &backend_pid, err);

	if (st != ST_OK || !pg_pooler_between(*out, backend_pid))
		return st;
	st = pg_pooler_check(*out, backend_pid, deadline, err);
	PQfinish(*out);
	*out = NULL;
	return st == ST_OK ? begin(out, config, url, deadline, &backend_pid, err) : st;
}
