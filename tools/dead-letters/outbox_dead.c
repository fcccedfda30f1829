#include "tools/dead-letters/outbox_dead.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/pg/pg.h"
#include "tools/dead-letters/text.h"

#define DETAIL_WIDTH 88

const struct pg_statement outbox_dead_statements[] = {
	{ "outbox_dead_list",
	  "select 'orders', id::text, "
	  "  to_char(died_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), "
	  "  topic, key, type, reason, substr(payload, 1, 400), id "
	  "from orders.outbox_dead "
	  "union all "
	  "select 'delivery', id::text, "
	  "  to_char(died_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), "
	  "  topic, key, type, reason, substr(payload, 1, 400), id "
	  "from delivery.outbox_dead "
	  "order by 1 desc, 9" },
	{ "outbox_dead_put_back_orders",
	  "with gone as (delete from orders.outbox_dead returning *) "
	  "insert into orders.outbox (topic, key, type, headers, payload, created_at) "
	  "select topic, key, type, headers, payload, created_at "
	  "from gone "
	  "order by id" },
	{ "outbox_dead_put_back_delivery",
	  "with gone as (delete from delivery.outbox_dead returning *) "
	  "insert into delivery.outbox (topic, key, type, headers, payload, created_at) "
	  "select topic, key, type, headers, payload, created_at "
	  "from gone "
	  "order by id" },
	{ 0 },
};

/* Runs one statement; its result is to be cleared with PQclear. */
static enum status run(const char *database_url, const char *statement, PGresult **out,
		       struct error *err)
{
	static const struct pg_statement *const tables[] = { outbox_dead_statements, NULL };
	const struct pg_config config = { database_url, "dead-letters", NULL, tables };
	struct pg_call call = { statement, NULL, NULL };
	struct pg *pg = NULL;
	enum status st = pg_open(&pg, &config, err);

	if (st == ST_OK)
		st = pg_run(pg, &call, 1, err);
	pg_close(pg);
	*out = call.result;
	return st;
}

enum listed { L_SCHEMA, L_ID, L_DIED, L_TOPIC, L_KEY, L_TYPE, L_REASON, L_PAYLOAD };

static void put_cell(const PGresult *rows, int row, enum listed column, size_t width)
{
	text_cell(pg_text(rows, row, (int)column), (size_t)PQgetlength(rows, row, (int)column),
		  width);
}

/* A line of its own below the row. */
static void put_detail(const PGresult *rows, int row, enum listed column)
{
	const char *text = pg_text(rows, row, (int)column);

	(void)fputs("         ", stdout);
	(void)text_cut(text ? text : "(null)",
		       text ? (size_t)PQgetlength(rows, row, (int)column) : strlen("(null)"),
		       DETAIL_WIDTH);
	(void)fputs("\n", stdout);
}

static void put_row(const PGresult *rows, int row)
{
	put_cell(rows, row, L_SCHEMA, 8);
	put_cell(rows, row, L_DIED, 24);
	put_cell(rows, row, L_KEY, 10);
	put_cell(rows, row, L_TYPE, 15);
	put_cell(rows, row, L_ID, 8);
	text_whole(pg_text(rows, row, L_TOPIC), (size_t)PQgetlength(rows, row, L_TOPIC));
	put_detail(rows, row, L_REASON);
	put_detail(rows, row, L_PAYLOAD);
}

enum status outbox_dead_list(const char *database_url, struct error *err)
{
	PGresult *rows = NULL;

	if (run(database_url, "outbox_dead_list", &rows, err) != ST_OK)
		return err->status;
	if (PQntuples(rows) == 0) {
		(void)puts(
			"no event that Kafka refused (orders.outbox_dead, delivery.outbox_dead)");
	} else {
		(void)printf(
			"events that Kafka refused permanently:\n%-8s %-24s %-10s %-15s %-8s %s\n",
			"outbox", "when", "key", "type", "id", "for");
		for (int row = 0; row < PQntuples(rows); row++)
			put_row(rows, row);
		(void)puts("make replay OUTBOX=orders (or delivery) has them published again");
	}
	PQclear(rows);
	return ST_OK;
}

enum status outbox_dead_put_back(const char *database_url, const char *schema, struct error *err)
{
	const char *statement = strcmp(schema, "orders") == 0 ? "outbox_dead_put_back_orders"
							      : "outbox_dead_put_back_delivery";
	PGresult *result = NULL;
	int64_t count;

	if (run(database_url, statement, &result, err) != ST_OK)
		return err->status;
	count = pg_affected(result);
	PQclear(result);
	if (count == 0)
		(void)printf("%s.outbox_dead is empty: there is nothing to put back\n", schema);
	else
		(void)printf("%" PRId64 " event%s put back into %s.outbox; what Kafka refuses "
			     "again is listed again by make dead-letters\n",
			     count, count == 1 ? "" : "s", schema);
	return ST_OK;
}
