#include "tools/demo/screen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/base/parse.h"
#include "common/base/utf8.h"
#include "common/runtime/clock.h"
#include "tools/demo/number.h"
#include "tools/demo/wrap.h"

#define WIDTH_NORMAL 80
#define WIDTH_MIN    40
#define WIDTH_MAX    200
#define BAR_WIDTH    20
#define TEXT_SIZE    6144 /* with the numbers of REPLICA_PARTITIONS_MAX partitions */

static const char *const codes[] = {
	[STYLE_PLAIN] = "",         [STYLE_BOLD] = "\033[1m",      [STYLE_DIM] = "\033[2m",
	[STYLE_ORDER] = "\033[36m", [STYLE_DELIVERY] = "\033[33m", [STYLE_GOOD] = "\033[1;32m",
	[STYLE_BAD] = "\033[1;31m",
};

void screen_init(struct screen *s, FILE *out, const struct catalogue *texts)
{
	const char *terminal = getenv("TERM"), *no_colour = getenv("NO_COLOR");

	*s = (struct screen){ .out = out, .texts = texts, .begin_mono_ms = clock_mono_ms() };
	s->live = isatty(fileno(out)) && terminal && strcmp(terminal, "dumb") != 0;
	s->colour = s->live && !(no_colour && no_colour[0]);
}

size_t screen_width(const struct screen *s)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size = { 0 };
	int64_t width = WIDTH_NORMAL;

	if (ioctl(fileno(s->out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		width = size.ws_col;
	else if (columns)
		(void)parse_i64(columns, strlen(columns), 1, 100000, &width);
	if (width < WIDTH_MIN)
		return WIDTH_MIN;
	return width > WIDTH_MAX ? WIDTH_MAX : (size_t)width;
}

/* --- lines --------------------------------------------------------------------------------- */

static void no_bar(struct screen *s)
{
	if (s->bar)
		(void)fputs("\r\033[K", s->out);
	s->bar = false;
}

/* Nothing from outside may steer the terminal. */
static void put_safely(FILE *out, const char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		size_t bytes = utf8_first(text + at, len - at);
		unsigned char c = (unsigned char)text[at];
		bool control = bytes == 0 || c < 0x20 || c == 0x7f ||
			       (c == 0xc2 && (unsigned char)text[at + 1] < 0xa0);

		if (control)
			(void)fputc('?', out);
		else
			(void)fwrite(text + at, 1, bytes, out);
		at += bytes > 0 ? bytes : 1;
	}
}

void screen_part(struct screen *s, enum style style, const char *text, size_t len)
{
	bool coloured = s->colour && style != STYLE_PLAIN && len > 0;

	no_bar(s);
	if (coloured)
		(void)fputs(codes[style], s->out);
	put_safely(s->out, text, len);
	if (coloured)
		(void)fputs("\033[0m", s->out);
}

void screen_end_line(struct screen *s)
{
	(void)fputc('\n', s->out);
	(void)fflush(s->out);
}

void screen_gap(struct screen *s)
{
	no_bar(s);
	screen_end_line(s);
}

struct lines {
	struct screen *screen;
	enum style style;
	size_t indent, hang;
};

static void put_line(void *context, const char *line, size_t len)
{
	struct lines *lines = context;

	no_bar(lines->screen);
	(void)fprintf(lines->screen->out, "%*s", (int)lines->indent, "");
	screen_part(lines->screen, lines->style, line, len);
	screen_end_line(lines->screen);
	lines->indent = lines->hang;
}

void screen_text(struct screen *s, enum style style, size_t hang, const char *text)
{
	struct lines lines = { .screen = s, .style = style, .hang = hang };

	wrap_lines(text, screen_width(s), hang, put_line, &lines);
}

void screen_say_list(struct screen *s, enum style style, const char *key, const char *const *pairs)
{
	char text[TEXT_SIZE] = "";
	struct strbuf sb = STRBUF_ON(text);

	catalogue_add_list(s->texts, &sb, key, pairs);
	screen_text(s, style, 0, text);
}

void screen_progress_list(struct screen *s, const char *key, const char *const *pairs)
{
	int64_t tenths = (clock_mono_ms() - s->begin_mono_ms) / 100;
	char text[TEXT_SIZE] = "", stamp[NUMBER_SIZE];
	struct strbuf sb = STRBUF_ON(text), at = STRBUF_ON(stamp);
	struct lines lines = { .screen = s, .hang = 0 };

	strbuf_printf(&at, "%3d.%d", (int)(tenths / 10), (int)(tenths % 10));
	catalogue_add(s->texts, &sb, "demo.stamp", "seconds", stamp, NULL);
	screen_part(s, STYLE_DIM, text, sb.len);
	lines.hang = wrap_columns(text, sb.len) + 1;
	(void)fputc(' ', s->out);
	sb = (struct strbuf)STRBUF_ON(text);
	catalogue_add_list(s->texts, &sb, key, pairs);
	wrap_lines(text, screen_width(s) - lines.hang, 0, put_line, &lines);
}

void screen_heading(struct screen *s, const char *text)
{
	char line[4 * WIDTH_MAX] = "";
	struct strbuf sb = STRBUF_ON(line);
	size_t width = screen_width(s);

	strbuf_printf(&sb, "== %s ", text);
	for (size_t columns = wrap_columns(line, sb.len); columns < width; columns++)
		strbuf_puts(&sb, "=");
	screen_gap(s);
	screen_text(s, STYLE_BOLD, 3, line);
}

struct command_lines {
	struct screen *screen;
	int count;
};

/* The line before goes on with this one. */
static void put_command_line(void *context, const char *line, size_t len)
{
	struct command_lines *lines = context;
	struct screen *s = lines->screen;

	if (lines->count++ > 0) {
		screen_part(s, STYLE_BOLD, " \\", 2);
		screen_end_line(s);
		(void)fputs("    ", s->out);
	}
	screen_part(s, STYLE_BOLD, line, len);
}

void screen_command(struct screen *s, const char *command)
{
	char line[TEXT_SIZE] = "";
	struct strbuf sb = STRBUF_ON(line);
	struct command_lines lines = { .screen = s };

	strbuf_printf(&sb, "$ %s", command);
	screen_gap(s);
	wrap_lines(line, screen_width(s) - 2, 4, put_command_line, &lines);
	screen_end_line(s);
}

/* --- waits --------------------------------------------------------------------------------- */

static void wait_line(struct screen *s, const char *text, int64_t done_ms, int64_t total_ms)
{
	char line[TEXT_SIZE] = "";
	struct strbuf sb = STRBUF_ON(line);

	if (done_ms / 1000 < s->bar_second + 2 || done_ms >= total_ms)
		return;
	s->bar_second = done_ms / 1000;
	catalogue_add(s->texts, &sb, "demo.wait", "what", text, "done", NUMBER(s->bar_second),
		      "total", SECONDS(total_ms), NULL);
	screen_text(s, STYLE_PLAIN, 4, line);
}

void screen_wait(struct screen *s, const char *text, int64_t done_ms, int64_t total_ms)
{
	char line[TEXT_SIZE] = "";
	struct strbuf sb = STRBUF_ON(line);
	int64_t full;
	size_t fits;

	if (done_ms > total_ms)
		done_ms = total_ms;
	if (!s->live) {
		wait_line(s, text, done_ms, total_ms);
		return;
	}
	full = total_ms > 0 ? BAR_WIDTH * done_ms / total_ms : BAR_WIDTH;
	strbuf_puts(&sb, "  [");
	for (int64_t i = 0; i < BAR_WIDTH; i++)
		strbuf_puts(&sb, i < full ? "#" : " ");
	strbuf_puts(&sb, "] ");
	catalogue_add(s->texts, &sb, "demo.wait", "what", text, "done", SECONDS(done_ms), "total",
		      SECONDS(total_ms), NULL);
	fits = wrap_fitting(line, sb.len, screen_width(s) - 1);
	(void)fputc('\r', s->out);
	s->bar = false;
	screen_part(s, STYLE_DIM, line, fits);
	(void)fputs("\033[K", s->out);
	(void)fflush(s->out);
	s->bar = true;
}

void screen_wait_over(struct screen *s)
{
	no_bar(s);
	s->bar_second = 0;
}
