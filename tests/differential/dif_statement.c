#include "tests/differential/dif_statement.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct dif_statement statements[] = {
	/* delivery_store.c */
	{ "store_claim", "tpwee", "nnn", false },
	{ "store_ranges", "tp", "nn", false },
	{ "store_positions", "t*p", "nnnnn", true },
	{ "store_rewind", "tpee", "", false },
	{ "store_reread", "tpeeo", "n", false },
	{ "store_resumable_skipped", "lr", "n", false },
	{ "store_resumable", "L", "n", true },
	{ "store_resumable_all", "L", "n", true },
	{ "store_parked", "", "n-nn", false },
	{ "write_probe", "", "x", false },
	/* batch_load.c */
	{ "batch_advance", "t*p*o*e*o*e*e", "nn", true },
	{ "batch_lock_orders", "*r", NULL, false },
	{ "batch_orders", "*r", "nnntn", false },
	{ "batch_seen", "*r*v", "nnn", true },
	{ "batch_seen_plain", "t*p*o", "nn", true },
	{ "batch_first_parked", "*r", "nn", true },
	{ "batch_skipped", "*r", "nn", false },
	{ "batch_fetch_parked", "*r*vl", "nnttnnnntt", false },
	/* batch_save.c */
	{ "batch_insert", "*d*r*v*c*x*x*q*x*s", NULL, false },
	{ "batch_update", "*d*r*v*c*x*x*q*x*s*vN", NULL, false },
	{ "batch_record", "*r*u*h*s*p*ow*z*c", NULL, false },
	{ "batch_record_plain", "t*p*o", NULL, false },
	{ "batch_park", "*r*v*h*b*p*o*z", NULL, false },
	{ "batch_unpark", "*r*v", NULL, false },
	{ "batch_clear_ranges", "t*p*o*g", NULL, false },
	{ "batch_put_ranges", "t*p*o*g", NULL, false },
	{ "outbox_insert", "*t*B*h*Y*B", NULL, false },
	/* the relay's */
	{ "lease_make", "", NULL, false },
	{ "lease_evict", "a", "-", false },
	{ "lease_take", "wma", "n", false },
	{ "lease_renew", "wm", "n", false },
	{ "lease_release", "w", NULL, false },
	{ "lease_rivals", "a", "n", false },
	{ "relay_plan", "", NULL, false },
	{ "relay_lock", "", "n", false },
	{ "relay_unlock", "", NULL, false },
	{ "relay_listen", "", NULL, false },
	{ "relay_unlisten", "", NULL, false },
	{ "relay_fetch", "MAwm*T", "nttttt-", false },
	{ "relay_writers", "W", "wn", false },
	{ "relay_delete", "*j", NULL, false },
	{ "relay_move_to_dead", "*j*j*x", NULL, false },
	{ "relay_backlog", "m", "n-", false },
	/* order_store.c */
	{ "orders_by_key", "*K", "tnnntnttnt", true },
	{ "orders_lock", "*i", "nntnttnt", false },
	{ "orders_ids", "l", "n", false },
	{ "orders_insert", "*i*v*S*c*x*x*q*x*k*f", NULL, false },
	{ "orders_update", "*i*v*S*x*x*q*x", NULL, false },
	{ 0 },
};

const struct dif_statement *dif_statement_of(const char *name)
{
	for (const struct dif_statement *s = statements; s->name; s++) {
		if (strcmp(s->name, name) == 0)
			return s;
	}
	return NULL;
}

/* --- answers ------------------------------------------------------------------------------- */

#define ROW_SIZE 400

/* relay_writers' list: how many there are is the same, not who. */
static int count_of_list(const char *list)
{
	int n = list[0] == '{' && list[1] != '}';

	for (; *list; list++)
		n += *list == ',';
	return n;
}

static void print_value(FILE *out, char kind, const PGresult *result, int row, int column)
{
	if (kind == '-')
		return;
	if (PQgetisnull(result, row, column))
		(void)fprintf(out, "null");
	else if (kind == 'n')
		(void)fprintf(out, "%" PRId64, pg_i64(result, row, column));
	else if (kind == 't')
		(void)fprintf(out, "'%.*s'", PQgetlength(result, row, column),
			      PQgetvalue(result, row, column));
	else if (kind == 'w')
		(void)fprintf(out, "%d writers", count_of_list(pg_text(result, row, column)));
	else
		(void)fprintf(out, "something");
}

static void print_row(char text[ROW_SIZE], const char *kinds, const PGresult *result, int row)
{
	FILE *out = fmemopen(text, ROW_SIZE, "w");

	if (!out)
		abort();
	for (int column = 0; kinds[column]; column++) {
		if (column > 0)
			(void)fputc(',', out);
		print_value(out, kinds[column], result, row, column);
	}
	(void)fclose(out);
	text[ROW_SIZE - 1] = '\0';
}

static int compare_rows(const void *a, const void *b)
{
	return strcmp(a, b);
}

void dif_statement_print(const struct dif_statement *s, const PGresult *result)
{
	int count = PQntuples(result);
	char(*rows)[ROW_SIZE];

	if (!s->result)
		return;
	rows = calloc((size_t)count + 1, ROW_SIZE);
	if (!rows)
		abort();
	for (int row = 0; row < count; row++)
		print_row(rows[row], s->result, result, row);
	if (s->unordered)
		qsort(rows, (size_t)count, ROW_SIZE, compare_rows);
	printf(" | %s: %d", s->name, count);
	for (int row = 0; row < count; row++)
		printf(" (%s)", rows[row]);
	free(rows);
}
