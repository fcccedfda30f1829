#include "tools/demo/scenario.h"

#include <inttypes.h>
#include <string.h>

#include "tools/demo/lab_tables.h"
#include "tools/demo/number.h"
#include "tools/demo/order.h"
#include "tools/demo/pace.h"
#include "tools/demo/table.h"

#define CELL_SIZE 256

/* --- the report on one order --------------------------------------------------------------- */

/* OrderModified was applied after OrderCancelled: the sentence is the live page's. */
static void say_inversion(struct lab *lab, int64_t order, const struct applied_event *old,
			  const struct applied_event *new, const char *status)
{
	screen_say(&lab->screen, STYLE_PLAIN, "verdict.inversion", "order", NUMBER(order), "old",
		   old->type, "oldVersion", NUMBER(old->version), "oldPartition",
		   NUMBER(old->partition), "oldOffset", NUMBER(old->offset), "oldReplica",
		   old->replica, "new", new->type, "newVersion", NUMBER(new->version),
		   "newPartition", NUMBER(new->partition), "newOffset", NUMBER(new->offset),
		   "newReplica", new->replica, "seconds",
		   SECONDS(old->applied_wall_ms - new->applied_wall_ms), "status", status, NULL);
}

/* Each where it was, and one after the other. */
static void say_order(struct lab *lab, const struct applied_event *modified,
		      const struct applied_event *cancelled)
{
	bool together = modified->partition == cancelled->partition &&
			strcmp(modified->replica, cancelled->replica) == 0;

	screen_say(&lab->screen, STYLE_PLAIN, together ? "demo.together" : "demo.apart",
		   "partition", NUMBER(modified->partition), "replica", modified->replica, "work",
		   SECONDS(modified->applied_wall_ms - modified->received_wall_ms), "wait",
		   SECONDS(cancelled->applied_wall_ms - cancelled->received_wall_ms),
		   "newPartition", NUMBER(cancelled->partition), "newReplica", cancelled->replica,
		   NULL);
}

static void say_facts(struct lab *lab, int64_t order, const struct order_facts *facts)
{
	const struct applied_event *modified = report_find(facts, "OrderModified");
	const struct applied_event *cancelled = report_find(facts, "OrderCancelled");

	if (!modified || !cancelled)
		screen_say(&lab->screen, STYLE_PLAIN, "demo.incomplete", NULL);
	else if (modified > cancelled)
		say_inversion(lab, order, modified, cancelled, facts->status);
	else
		say_order(lab, modified, cancelled);
}

/* "Placed Modified" as "Placed, Modified"; "-": nothing. */
static const char *listed(char out[CELL_SIZE], const char *words, const char *between)
{
	struct strbuf sb = { .buf = out, .size = CELL_SIZE };

	for (; *words; words++) {
		if (*words == ' ')
			strbuf_puts(&sb, between);
		else
			strbuf_add(&sb, words, 1);
	}
	if (sb.len == 0)
		strbuf_puts(&sb, "-");
	return out;
}

static void say_verdict(struct lab *lab, int64_t order, const struct report *r, const char *status)
{
	char sentence[CELL_SIZE] = "", line[2 * CELL_SIZE] = "";
	struct strbuf text = STRBUF_ON(sentence), sb = STRBUF_ON(line);

	catalogue_add(lab->texts, &text, r->right ? "verdict.cancelled" : "demo.sent", "order",
		      NUMBER(order), "status", status, NULL);
	strbuf_printf(&sb, "%s: %s",
		      catalogue_text(lab->texts, r->right ? "verdict.right" : "verdict.wrong"),
		      sentence);
	screen_text(&lab->screen, r->right ? STYLE_GOOD : STYLE_BAD, 0, line);
}

static void say_expected(struct lab *lab, const struct scenario *scenario, const struct report *r)
{
	char is[CELL_SIZE], should[CELL_SIZE];

	if (r->as_expected)
		screen_say(&lab->screen, STYLE_PLAIN, "demo.as.expected", NULL);
	else
		screen_say(&lab->screen, STYLE_BOLD, "demo.not.expected", "applied",
			   listed(is, r->applied, ", "), "expected",
			   listed(should, scenario->expected, ", "), NULL);
}

static enum status show_report(struct lab *lab, const struct scenario *scenario, int64_t order,
			       const struct order_facts *facts, const struct report *r,
			       struct error *err)
{
	const char *status = facts->status[0] ? facts->status : "-";

	screen_command(&lab->screen, "make psql SQL='select * from delivery_table'");
	if (lab_tables_show_rows(lab, order, err) != ST_OK)
		return err->status;
	screen_gap(&lab->screen);
	say_facts(lab, order, facts);
	if (r->as_expected)
		screen_say(&lab->screen, STYLE_PLAIN, scenario->why, NULL);
	say_verdict(lab, order, r, status);
	say_expected(lab, scenario, r);
	return ST_OK;
}

/* --- rounds -------------------------------------------------------------------------------- */

/* A round after the first, in one line. */
static void show_round(struct lab *lab, int64_t round, int64_t order, const struct report *r,
		       const char *status)
{
	char applied[CELL_SIZE];

	screen_say(&lab->screen, r->as_expected ? STYLE_PLAIN : STYLE_BAD, "demo.round", "round",
		   NUMBER(round), "order", NUMBER(order), "applied",
		   listed(applied, r->applied, ", "), "status", status, "verdict",
		   catalogue_text(lab->texts, r->right ? "verdict.right" : "verdict.wrong"), NULL);
}

/* The table shows the first round, or the first that went another way. */
static void note_round(struct scenario_result *result, int64_t round, const struct report *r,
		       const struct order_facts *facts)
{
	if (round == 1 || (!r->as_expected && result->as_expected == round - 1)) {
		result->report = *r;
		memcpy(result->status, facts->status, sizeof(result->status));
	}
	result->as_expected += r->as_expected;
}

static enum status play_round(struct lab *lab, const struct scenario *scenario, int64_t round,
			      struct scenario_result *result, struct error *err)
{
	struct order_facts facts;
	struct report report;
	const char *guess = NULL;
	int64_t order;

	lab->show = round == 1;
	if (lab->show && pace_predict(lab, &guess, err) != ST_OK)
		return err->status;
	if (order_play(lab, &order, err) != ST_OK ||
	    lab_tables_facts(lab, order, &facts, err) != ST_OK)
		return err->status;
	report_make(&facts, scenario->expected, &report);
	note_round(result, round, &report, &facts);
	if (!lab->show) {
		show_round(lab, round, order, &report, facts.status);
		return ST_OK;
	}
	if (show_report(lab, scenario, order, &facts, &report, err) != ST_OK)
		return err->status;
	pace_judge(lab, guess, facts.status);
	return ST_OK;
}

enum status scenario_play(struct lab *lab, const struct scenario *scenario,
			  struct scenario_result *result, struct error *err)
{
	*result = (struct scenario_result){ .scenario = scenario };
	for (int64_t round = 1; round <= lab->config->rounds; round++) {
		if (round == 2)
			screen_gap(&lab->screen);
		if (play_round(lab, scenario, round, result, err) != ST_OK)
			return err->status;
	}
	lab->show = true;
	return ST_OK;
}

/* --- the final table ----------------------------------------------------------------------- */

/* The texts of a row's cells. */
struct row {
	char published[CELL_SIZE], applied[CELL_SIZE], status[CELL_SIZE];
	char expected[CELL_SIZE];
};

static void fill_heading(struct lab *lab, struct table *table)
{
	static const char *const keys[] = { "table.scenario", "table.published", "table.applied",
					    "table.status",   "table.customer",  "table.lab" };

	table->columns = (int)(sizeof(keys) / sizeof(keys[0]));
	for (int i = 0; i < table->columns; i++)
		table->cells[0][i].text = catalogue_text(lab->texts, keys[i]);
	table->rows = 1;
}

static void fill_row(struct lab *lab, struct table *table, const struct scenario_result *result,
		     struct row *row)
{
	const struct report *r = &result->report;
	bool all = result->as_expected == lab->config->rounds;
	struct strbuf expected = STRBUF_ON(row->expected);
	struct table_cell *cells = table->cells[table->rows++];

	if (lab->config->rounds > 1)
		catalogue_add(lab->texts, &expected, "table.rounds", "good",
			      NUMBER(result->as_expected), "all", NUMBER(lab->config->rounds),
			      NULL);
	else
		strbuf_puts(&expected, catalogue_text(lab->texts, all ? "table.yes" : "table.no"));
	cells[0].text = catalogue_text(lab->texts, result->scenario->name);
	cells[1].text = listed(row->published, r->published, ",\n");
	cells[2].text = listed(row->applied, r->applied, ",\n");
	cells[3].text = listed(row->status, result->status, "\n");
	cells[4].text = catalogue_text(lab->texts, r->right ? "verdict.right" : "verdict.wrong");
	cells[4].style = r->right ? STYLE_GOOD : STYLE_BAD;
	cells[5].text = row->expected;
	cells[5].style = all ? STYLE_PLAIN : STYLE_BAD;
}

bool scenario_show_results(struct lab *lab, const struct scenario_result *results, int count)
{
	struct row rows[TABLE_ROWS_MAX];
	struct table table = { 0 };
	int good = 0;

	fill_heading(lab, &table);
	for (int i = 0; i < count; i++) {
		fill_row(lab, &table, &results[i], &rows[i]);
		good += results[i].as_expected == lab->config->rounds;
	}
	screen_gap(&lab->screen);
	table_draw(&table, &lab->screen);
	screen_gap(&lab->screen);
	screen_say(&lab->screen, STYLE_PLAIN, "demo.customer", NULL);
	screen_say(&lab->screen, good == count ? STYLE_GOOD : STYLE_BAD,
		   good == count ? "demo.reproduced" : "demo.not.reproduced", "good", NUMBER(good),
		   "all", NUMBER(count), NULL);
	return good == count;
}
