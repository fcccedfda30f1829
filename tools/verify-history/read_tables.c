#include "tools/verify-history/read_tables.h"

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "common/pg/pg.h"
#include "tools/verify-history/row_facts.h"

/* A statement may take long to its first row; longer than lock_timeout below. */
#define SILENCE_S 60

/* Times are milliseconds since 1970-01-01 UTC. */
const struct pg_statement read_tables_statements[] = {
	{ "history_begin", "begin isolation level repeatable read read only" },
	{ "history_commit", "commit" },
	{ "history_orders",
	  "select id, version, status, customer_id, product_id, product_name, qty, address, "
	  "  (extract(epoch from updated_at) * 1000)::int8 "
	  "from orders.orders "
	  "order by id" },
	{ "history_effects",
	  "select order_id, version, event, status, \"partition\", \"offset\", replica, "
	  "  (extract(epoch from applied_at) * 1000)::int8 "
	  "from delivery.history "
	  "order by id" },
	{ "history_deliveries",
	  "select order_id, version, status, customer_id, product_id, product_name, qty, address, "
	  "  (extract(epoch from updated_at) * 1000)::int8 "
	  "from delivery.delivery" },
	{ "history_skipped",
	  "select order_id, version, (extract(epoch from given_up_at) * 1000)::int8 "
	  "from delivery.given_up" },
	{ "history_parked", "select order_id, version, event, \"partition\", \"offset\", "
			    "  (extract(epoch from parked_at) * 1000)::int8 "
			    "from delivery.parked" },
	{ "history_refused_orders",
	  "select 0, (extract(epoch from died_at) * 1000)::int8, "
	  "  'orders.outbox_dead: ' || coalesce(type, 'event') || ' of key ' || "
	  "  coalesce(encode(key, 'escape'), '(none)') || ': ' || reason "
	  "from orders.outbox_dead "
	  "order by id" },
	{ "history_refused_deliveries",
	  "select 1, (extract(epoch from died_at) * 1000)::int8, "
	  "  'delivery.outbox_dead: ' || coalesce(type, 'event') || ' of key ' || "
	  "  coalesce(encode(key, 'escape'), '(none)') || ': ' || reason "
	  "from delivery.outbox_dead "
	  "order by id" },
	{ "history_waiting",
	  "select 0, count(*), coalesce((extract(epoch from min(created_at)) * 1000)::int8, 0) "
	  "from orders.outbox "
	  "union all "
	  "select 1, count(*), coalesce((extract(epoch from min(created_at)) * 1000)::int8, 0) "
	  "from delivery.outbox" },
	{ "history_positions", "select \"partition\", next_offset "
			       "from delivery.position "
			       "where topic = $1" },
	{ 0 },
};

struct read_tables {
	PGconn *conn;
};

static enum status set_libpq_error(struct error *err, enum status st, const char *text)
{
	return error_set(err, st, "PostgreSQL: %.*s", (int)strcspn(text, "\n"), text);
}

enum status read_tables_open(struct read_tables **out, const char *url, struct error *err)
{
	const char *const names[] = { "gssencmode",       "dbname",
				      "application_name", "connect_timeout",
				      "tcp_user_timeout", "client_encoding",
				      "options",          NULL };
	/* A table that somebody locks ends the reading; so does a server that is gone. One that
	 * hangs keeps neither of its timeouts: see await_result. */
	const char *const values[] = { "disable",
				       url,
				       "verify-history",
				       "5",
				       "20000",
				       "UTF8",
				       "-c lock_timeout=20s -c statement_timeout=600s",
				       NULL };
	struct read_tables *tables = calloc(1, sizeof(*tables));

	if (!tables)
		return error_set(err, ST_INTERNAL, "out of memory");
	tables->conn = PQconnectdbParams(names, values, 1);
	if (PQstatus(tables->conn) != CONNECTION_OK) {
		(void)set_libpq_error(err, ST_UNAVAILABLE, PQerrorMessage(tables->conn));
		read_tables_close(tables);
		return err->status;
	}
	*out = tables;
	return ST_OK;
}

void read_tables_close(struct read_tables *tables)
{
	if (!tables)
		return;
	PQfinish(tables->conn);
	free(tables);
}

/* --- statements ---------------------------------------------------------------------------- */

/* Until PQgetResult does not wait. The server's kernel acknowledges what a server that hangs does
 * not answer, so no timeout of TCP ends that. */
static enum status await_result(PGconn *conn, struct error *err)
{
	while (PQisBusy(conn)) {
		struct pollfd fd = { .fd = PQsocket(conn), .events = POLLIN };
		int n = poll(&fd, 1, SILENCE_S * 1000);

		if (n == 0)
			return error_set(err, ST_UNAVAILABLE,
					 "PostgreSQL: it does not answer for %d s", SILENCE_S);
		if (n < 0 && errno != EINTR)
			return error_set(err, ST_INTERNAL, "poll failed: %s", strerror(errno));
		if (n > 0 && PQconsumeInput(conn) != 1)
			return set_libpq_error(err, ST_UNAVAILABLE, PQerrorMessage(conn));
	}
	return ST_OK;
}

/* Takes one result, which holds one row or ends the statement. */
static enum status take_result(PGresult *result, row_facts_take *take, struct history *h,
			       struct error *err)
{
	enum status st = ST_OK;

	switch (PQresultStatus(result)) {
	case PGRES_SINGLE_TUPLE:
		take(h, result, 0);
		break;
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
		break;
	default:
		st = set_libpq_error(err, ST_UNAVAILABLE, PQresultErrorMessage(result));
	}
	PQclear(result);
	return st;
}

static const char *sql_of(const char *statement)
{
	const struct pg_statement *s = read_tables_statements;

	while (strcmp(s->name, statement) != 0)
		s++;
	return s->sql;
}

/* Runs a statement and takes its rows one by one. parameter NULL: it has none. */
static enum status each_row(struct read_tables *tables, const char *statement,
			    const char *parameter, row_facts_take *take, struct history *h,
			    struct error *err)
{
	enum status st = ST_OK, next;
	PGresult *result;

	if (PQsendQueryParams(tables->conn, sql_of(statement), parameter ? 1 : 0, NULL, &parameter,
			      NULL, NULL, 1) != 1 ||
	    PQsetSingleRowMode(tables->conn) != 1)
		return set_libpq_error(err, ST_UNAVAILABLE, PQerrorMessage(tables->conn));
	/* Also after an error: a statement's results end with a NULL. */
	while ((next = await_result(tables->conn, err)) == ST_OK &&
	       (result = PQgetResult(tables->conn))) {
		next = take_result(result, take, h, err);
		st = st == ST_OK ? next : st;
	}
	return st == ST_OK ? next : st;
}

static enum status run(struct read_tables *tables, const char *statement, struct error *err)
{
	return each_row(tables, statement, NULL, NULL, NULL, err);
}

/* --- all ----------------------------------------------------------------------------------- */

static const struct {
	const char *statement;
	row_facts_take *take;
} reads[] = {
	{ "history_orders", row_facts_order },
	{ "history_effects", row_facts_effect },
	{ "history_deliveries", row_facts_delivery },
	{ "history_skipped", row_facts_skipped },
	{ "history_parked", row_facts_parked },
	{ "history_refused_orders", row_facts_refused },
	{ "history_refused_deliveries", row_facts_refused },
};

/* Inside a transaction, so that both are of the same moment. */
static enum status read_progress(struct read_tables *tables, const char *topic, struct history *h,
				 struct error *err)
{
	enum status st = each_row(tables, "history_waiting", NULL, row_facts_waiting, h, err);

	if (st == ST_OK)
		st = each_row(tables, "history_positions", topic, row_facts_position, h, err);
	return st;
}

static enum status begin(struct read_tables *tables, struct error *err)
{
	return run(tables, "history_begin", err);
}

enum status read_tables_progress(struct read_tables *tables, const char *topic, struct history *h,
				 struct error *err)
{
	enum status st = begin(tables, err);

	if (st == ST_OK)
		st = read_progress(tables, topic, h, err);
	return st == ST_OK ? run(tables, "history_commit", err) : st;
}

enum status read_tables_all(struct read_tables *tables, const char *topic, struct history *h,
			    struct error *err)
{
	enum status st = begin(tables, err);

	for (size_t i = 0; st == ST_OK && i < sizeof(reads) / sizeof(reads[0]); i++)
		st = each_row(tables, reads[i].statement, NULL, reads[i].take, h, err);
	if (st == ST_OK)
		st = read_progress(tables, topic, h, err);
	return st == ST_OK ? run(tables, "history_commit", err) : st;
}
