#include "tools/demo/lab_tables.h"

#include <inttypes.h>
#include <string.h>

#include "tools/demo/number.h"
#include "tools/demo/table.h"

const struct pg_statement lab_tables_statements[] = {
	{ "demo_history", "select event, version::int8, \"partition\"::int8, \"offset\", replica, "
			  "  (extract(epoch from received_at) * 1000)::int8, "
			  "  (extract(epoch from applied_at) * 1000)::int8 "
			  "from delivery.history "
			  "where order_id = $1 "
			  "order by id "
			  "limit 8" },
	{ "demo_row", "select status from public.delivery_table where order_id = $1" },
	{ "demo_rows", "select * from ("
		       "  select id::text, order_id::text, customer_id::text, product_id, "
		       "    product_name, qty::text, address, status "
		       "  from public.delivery_table "
		       "  where order_id <= $1 "
		       "  order by order_id desc "
		       "  limit 5"
		       ") r "
		       "order by r.order_id::int8" },
	{ "demo_owners", "select \"partition\"::int8, owner "
			 "from delivery.position "
			 "where topic = $1 "
			 "order by 1" },
	{ 0 },
};

const struct pg_statement *const lab_tables[] = { lab_tables_statements, NULL };

/* The columns of delivery_table. brief: shown on a narrow screen, too. */
static const struct {
	const char *name;
	bool brief;
} columns[] = {
	{ "id", false },         { "order_id", true },     { "customer_id", false },
	{ "product_id", false }, { "product_name", true }, { "qty", false },
	{ "address", true },     { "status", true },
};

#define COLUMN_COUNT ((int)(sizeof(columns) / sizeof(columns[0])))

/* One statement about an order; *result is owned by the caller. */
static enum status ask(struct lab *lab, const char *statement, int64_t order, PGresult **result,
		       struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_call call = { statement, &params, NULL };

	pg_param_i64(&params, order);
	if (pg_run(lab->pg, &call, 1, err) != ST_OK)
		return err->status;
	*result = call.result;
	return ST_OK;
}

static void copy(char *out, size_t size, const char *text)
{
	(void)snprintf(out, size, "%s", text ? text : "-");
}

static void read_applied(struct applied_event *e, const PGresult *r, int row)
{
	copy(e->type, sizeof(e->type), pg_text(r, row, 0));
	e->version = pg_i64(r, row, 1);
	e->partition = pg_i64(r, row, 2);
	e->offset = pg_i64(r, row, 3);
	copy(e->replica, sizeof(e->replica), pg_text(r, row, 4));
	e->received_wall_ms = pg_i64(r, row, 5);
	e->applied_wall_ms = pg_i64(r, row, 6);
}

static enum status read_history(struct lab *lab, int64_t order, struct order_facts *facts,
				struct error *err)
{
	PGresult *r = NULL;

	if (ask(lab, "demo_history", order, &r, err) != ST_OK)
		return err->status;
	for (int row = 0; row < PQntuples(r) && row < REPORT_EVENTS_MAX; row++)
		read_applied(&facts->applied[facts->applied_count++], r, row);
	PQclear(r);
	return ST_OK;
}

enum status lab_tables_facts(struct lab *lab, int64_t order, struct order_facts *facts,
			     struct error *err)
{
	PGresult *r = NULL;

	*facts = (struct order_facts){ 0 };
	for (size_t i = 0; i < lab->seen_count; i++) {
		if (lab->seen[i].order == order && facts->seen_count < REPORT_EVENTS_MAX)
			facts->seen[facts->seen_count++] = lab->seen[i];
	}
	if (read_history(lab, order, facts, err) != ST_OK ||
	    ask(lab, "demo_row", order, &r, err) != ST_OK)
		return err->status;
	if (PQntuples(r) == 1)
		copy(facts->status, sizeof(facts->status), pg_text(r, 0, 0));
	PQclear(r);
	return ST_OK;
}

static void fill_table(struct table *table, const PGresult *r, bool brief)
{
	*table = (struct table){ .rows = 1 + PQntuples(r) };
	for (int column = 0; column < COLUMN_COUNT; column++) {
		if (brief && !columns[column].brief)
			continue;
		table->cells[0][table->columns].text = columns[column].name;
		for (int row = 0; row < PQntuples(r); row++) {
			const char *text = pg_text(r, row, column);

			table->cells[row + 1][table->columns].text = text ? text : "-";
		}
		table->columns++;
	}
}

enum status lab_tables_show_rows(struct lab *lab, int64_t order, struct error *err)
{
	struct table table;
	PGresult *r = NULL;

	if (ask(lab, "demo_rows", order, &r, err) != ST_OK)
		return err->status;
	fill_table(&table, r, false);
	if (!table_fits(&table, screen_width(&lab->screen)))
		fill_table(&table, r, true);
	table_draw(&table, &lab->screen);
	PQclear(r);
	return ST_OK;
}

enum status lab_tables_show_owners(struct lab *lab, struct error *err)
{
	struct pg_params params = { 0 };
	struct pg_call call = { "demo_owners", &params, NULL };

	pg_param_text(&params, lab->config->kafka.topic);
	if (pg_run(lab->pg, &call, 1, err) != ST_OK)
		return err->status;
	for (int row = 0; row < PQntuples(call.result); row++)
		screen_progress(&lab->screen, "demo.owner", "replica", pg_text(call.result, row, 1),
				"partition", NUMBER(pg_i64(call.result, row, 0)), NULL);
	PQclear(call.result);
	return ST_OK;
}
