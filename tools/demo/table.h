/*
 * A table on the screen: in columns where they fit, else each row as lines of name and value.
 *
 * Threads: one owner.
 */
#ifndef TOOLS_DEMO_TABLE_H
#define TOOLS_DEMO_TABLE_H

#include "tools/demo/screen.h"

#define TABLE_COLUMNS_MAX 10
#define TABLE_ROWS_MAX    16

struct table_cell {
	const char *text; /* borrowed; its lines are separated by newlines */
	enum style style;
};

/* The first row is the heading. */
struct table {
	int rows, columns;
	struct table_cell cells[TABLE_ROWS_MAX][TABLE_COLUMNS_MAX];
};

/* Whether it has a line for each row in so many columns. */
bool table_fits(const struct table *table, size_t width);
void table_draw(const struct table *table, struct screen *screen);

#endif
