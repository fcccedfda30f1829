#include "tools/demo/event_line.h"

#include <string.h>

#include "tools/demo/number.h"
#include "tools/demo/wrap.h"

#define KEY_COLUMNS  3
#define TYPE_COLUMNS 17

/* Appends text and blanks up to so many columns. */
static const char *padded(char *out, size_t size, const char *text, size_t columns)
{
	struct strbuf sb = { .buf = out, .size = size };

	strbuf_puts(&sb, text);
	for (size_t at = wrap_columns(text, strlen(text)); at < columns; at++)
		strbuf_puts(&sb, " ");
	return out;
}

static const char *offset_text(char *out, size_t size, int64_t offset)
{
	struct strbuf sb = { .buf = out, .size = size };

	strbuf_printf(&sb, "%3lld", (long long)offset);
	return out;
}

static const char *or_dash(int64_t number, char buffer[NUMBER_SIZE])
{
	return number < 0 ? "-" : number_text(buffer, number);
}

static enum style style_of(const struct seen_event *e)
{
	return seen_event_of_order(e) ? STYLE_ORDER : STYLE_DELIVERY;
}

static void show_narrow(struct screen *s, const struct seen_event *e)
{
	char line[512] = "";
	struct strbuf sb = STRBUF_ON(line);

	catalogue_add(s->texts, &sb, "event.narrow", "type", e->type, "order",
		      or_dash(e->order, (char[NUMBER_SIZE]){ "" }), "version",
		      or_dash(e->version, (char[NUMBER_SIZE]){ "" }), "partition",
		      NUMBER(e->partition), "offset", NUMBER(e->offset), "key", e->key, NULL);
	screen_text(s, style_of(e), 4, line);
}

void event_line_show(struct screen *s, const struct seen_event *e)
{
	char line[512] = "  ", offset[NUMBER_SIZE], key[64], type[64];
	struct strbuf sb = { .buf = line, .size = sizeof(line), .len = 2 };

	catalogue_add(s->texts, &sb, "event.line", "partition", NUMBER(e->partition), "offset",
		      offset_text(offset, sizeof(offset), e->offset), "key",
		      padded(key, sizeof(key), e->key, KEY_COLUMNS), "type",
		      padded(type, sizeof(type), e->type, TYPE_COLUMNS), "order",
		      or_dash(e->order, (char[NUMBER_SIZE]){ "" }), "version",
		      or_dash(e->version, (char[NUMBER_SIZE]){ "" }), NULL);
	if (wrap_columns(line, sb.len) <= screen_width(s))
		screen_text(s, style_of(e), 4, line);
	else
		show_narrow(s, e);
}

/* A word of the legend, on a line of its own where the line before has no room for it. */
static void add_word(struct screen *s, size_t *columns, enum style style, const char *key,
		     const char *end)
{
	const char *text = catalogue_text(s->texts, key);
	size_t wide = wrap_columns(text, strlen(text)) + strlen(end);

	if (*columns > 0 && *columns + 1 + wide > screen_width(s)) {
		screen_end_line(s);
		*columns = 0;
	}
	screen_part(s, STYLE_PLAIN, " ", *columns > 0);
	screen_part(s, style, text, strlen(text));
	screen_part(s, STYLE_PLAIN, end, strlen(end));
	*columns += wide + (*columns > 0);
}

void event_line_legend(struct screen *s)
{
	size_t columns = 0;

	if (!s->colour)
		return;
	add_word(s, &columns, STYLE_PLAIN, "legend.colours", "");
	add_word(s, &columns, STYLE_ORDER, "legend.order", ",");
	add_word(s, &columns, STYLE_DELIVERY, "legend.delivery", ",");
	add_word(s, &columns, STYLE_GOOD, "verdict.right", ",");
	add_word(s, &columns, STYLE_BAD, "verdict.wrong", "");
	screen_end_line(s);
}
