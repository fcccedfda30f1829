#include "tools/demo/table.h"

#include <string.h>

#include "tools/demo/wrap.h"

#define BETWEEN 3 /* " | " */

/* --- cells --------------------------------------------------------------------------------- */

static int cell_lines(const char *text)
{
	int lines = 1;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

/* The line of that number; empty: it has none. */
static const char *cell_line(const char *text, int number, size_t *len)
{
	for (; number > 0 && *text; number--) {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	*len = number > 0 ? 0 : strcspn(text, "\n");
	return text;
}

static size_t cell_columns(const char *text)
{
	size_t widest = 0;

	for (int i = 0; i < cell_lines(text); i++) {
		size_t len, columns;
		const char *line = cell_line(text, i, &len);

		columns = wrap_columns(line, len);
		if (columns > widest)
			widest = columns;
	}
	return widest;
}

static size_t column_width(const struct table *t, int column)
{
	size_t widest = 0;

	for (int row = 0; row < t->rows; row++) {
		size_t columns = cell_columns(t->cells[row][column].text);

		if (columns > widest)
			widest = columns;
	}
	return widest;
}

bool table_fits(const struct table *t, size_t width)
{
	size_t sum = 2 + BETWEEN * (size_t)(t->columns - 1);

	for (int column = 0; column < t->columns; column++)
		sum += column_width(t, column);
	return sum <= width;
}

/* --- in columns ---------------------------------------------------------------------------- */

static void fill(struct screen *s, const char *with, size_t count)
{
	for (size_t i = 0; i < count; i++)
		screen_part(s, STYLE_PLAIN, with, 1);
}

static void draw_rule(const struct table *t, struct screen *s)
{
	for (int column = 0; column < t->columns; column++) {
		if (column > 0)
			screen_part(s, STYLE_PLAIN, "+", 1);
		fill(s, "-", column_width(t, column) + 2);
	}
	screen_end_line(s);
}

static void draw_line(const struct table *t, struct screen *s, int row, int number)
{
	for (int column = 0; column < t->columns; column++) {
		const struct table_cell *cell = &t->cells[row][column];
		size_t len;
		const char *line = cell_line(cell->text, number, &len);

		screen_part(s, STYLE_PLAIN, column > 0 ? " | " : " ", column > 0 ? 3 : 1);
		screen_part(s, cell->style, line, len);
		if (column < t->columns - 1)
			fill(s, " ", column_width(t, column) - wrap_columns(line, len));
	}
	screen_end_line(s);
}

static int row_lines(const struct table *t, int row)
{
	int most = 1;

	for (int column = 0; column < t->columns; column++) {
		int lines = cell_lines(t->cells[row][column].text);

		if (lines > most)
			most = lines;
	}
	return most;
}

/* A rule between rows is for rows of several lines. */
static void draw_columns(const struct table *t, struct screen *s)
{
	for (int row = 0; row < t->rows; row++) {
		if (row == 1 || (row > 1 && row_lines(t, row) > 1))
			draw_rule(t, s);
		for (int line = 0; line < row_lines(t, row); line++)
			draw_line(t, s, row, line);
	}
}

/* --- stacked ------------------------------------------------------------------------------- */

/* A cell's lines as one. */
static void join_lines(struct strbuf *out, const char *text)
{
	for (; *text; text++)
		strbuf_add(out, *text == '\n' ? " " : text, 1);
}

struct value_lines {
	struct screen *screen;
	enum style style;
	size_t indent;
	bool first;
};

static void put_value_line(void *context, const char *line, size_t len)
{
	struct value_lines *lines = context;

	if (!lines->first)
		fill(lines->screen, " ", lines->indent);
	lines->first = false;
	screen_part(lines->screen, lines->style, line, len);
	screen_end_line(lines->screen);
}

static void draw_pair(const struct table *t, struct screen *s, int row, int column, size_t names)
{
	char name[128] = "", value[512] = "";
	struct strbuf n = STRBUF_ON(name), v = STRBUF_ON(value);
	struct value_lines lines = { s, t->cells[row][column].style, names + 4, true };

	join_lines(&n, t->cells[0][column].text);
	join_lines(&v, t->cells[row][column].text);
	screen_part(s, STYLE_PLAIN, "  ", 2);
	screen_part(s, STYLE_DIM, name, n.len);
	fill(s, " ", names + 2 - wrap_columns(name, n.len));
	wrap_lines(value, screen_width(s) - lines.indent, 0, put_value_line, &lines);
}

static size_t widest_name(const struct table *t)
{
	size_t widest = 0;

	for (int column = 1; column < t->columns; column++) {
		char name[128] = "";
		struct strbuf n = STRBUF_ON(name);
		size_t columns;

		join_lines(&n, t->cells[0][column].text);
		columns = wrap_columns(name, n.len);
		if (columns > widest)
			widest = columns;
	}
	return widest;
}

static void draw_stacked(const struct table *t, struct screen *s)
{
	size_t names = widest_name(t);

	for (int row = 1; row < t->rows; row++) {
		char title[256] = "";
		struct strbuf sb = STRBUF_ON(title);

		if (row > 1)
			screen_gap(s);
		join_lines(&sb, t->cells[row][0].text);
		screen_text(s, STYLE_BOLD, 2, title);
		for (int column = 1; column < t->columns; column++)
			draw_pair(t, s, row, column, names);
	}
}

void table_draw(const struct table *t, struct screen *s)
{
	if (table_fits(t, screen_width(s)))
		draw_columns(t, s);
	else
		draw_stacked(t, s);
}
