#include "common/runtime/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/strbuf.h"
#include "common/base/utf8.h"
#include "common/runtime/clock.h"
#include "common/runtime/output.h"

#define FIELDS_MAX 3600 /* with time, level and message it is a line of an output */
#define STOP_MS    1000

static enum log_level threshold = LOG_INFO; /* written before threads start, then only read */

void log_set_level(enum log_level level)
{
	threshold = level;
}

/* A value that was cut off lacks its closing quote: the record stays one that can be parsed. */
static void close_quote(char *fields, size_t len)
{
	bool quoted = false;
	size_t end = len - 1;

	for (size_t i = 0; i < len; i++) {
		if (quoted && fields[i] == '\\') {
			end = i + 2 == len ? i : end;
			i++;
		} else if (fields[i] == '"') {
			quoted = !quoted;
		}
	}
	while (end > 0 && ((unsigned char)fields[end] & 0xc0) == 0x80)
		end--; /* not within a character */
	if (quoted)
		memcpy(fields + end, "\"", 2);
}

/* A record with its newline; returns its length. */
static size_t format(char line[OUTPUT_LINE_MAX], enum log_level level, const char *who,
		     const char *msg, const char *fields)
{
	static const char *const names[] = { "ERROR", "WARN", "INFO", "DEBUG" };
	struct strbuf sb = { .buf = line, .size = OUTPUT_LINE_MAX - 1 };
	char when[CLOCK_TEXT_SIZE];

	clock_format_utc(clock_wall_ms(), when);
	strbuf_printf(&sb, "%s %s %s msg=\"%s\"%s%s", when, names[level], who, msg,
		      fields[0] ? " " : "", fields);
	line[sb.len] = '\n';
	return sb.len + 1;
}

void log_write(enum log_level level, const char *who, const char *msg, const char *fmt, ...)
{
	int saved_errno = errno;
	char line[OUTPUT_LINE_MAX], fields[FIELDS_MAX];
	va_list ap;
	int len;

	if (level > threshold)
		return;
	va_start(ap, fmt);
	len = vsnprintf(fields, sizeof(fields), fmt, ap);
	va_end(ap);
	if (len >= (int)sizeof(fields))
		close_quote(fields, sizeof(fields) - 1);
	(void)output_line(OUTPUT_STDERR, line, format(line, level, who, msg, fields));
	errno = saved_errno;
}

/* --- start and stop ------------------------------------------------------------------------ */

/* Runs on the thread that writes. */
static size_t tell_dropped(int64_t dropped, char *line, size_t size)
{
	char record[OUTPUT_LINE_MAX], fields[40];
	size_t len;

	(void)snprintf(fields, sizeof(fields), "n=%" PRId64, dropped);
	len = format(record, LOG_WARN, "log", "lines dropped: they were not taken", fields);
	memcpy(line, record, len < size ? len : size);
	return len < size ? len : size;
}

void log_start(void)
{
	output_start(OUTPUT_STDERR, tell_dropped);
}

void log_stop(void)
{
	output_stop(STOP_MS);
}

int64_t log_lines_dropped(void)
{
	return output_dropped(OUTPUT_STDERR);
}

/* --- values -------------------------------------------------------------------------------- */

/* U+0080 to U+009F, which a terminal obeys; line and paragraph separator; what turns text around.
 */
static bool is_control(const unsigned char *c, size_t len)
{
	if (len == 2)
		return c[0] == 0xc2 && c[1] < 0xa0;
	if (len != 3 || c[0] != 0xe2)
		return false;
	return (c[1] == 0x80 && c[2] >= 0xa8 && c[2] <= 0xae) ||
	       (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9);
}

/* Adds the first character of text, or the first byte of what is none; returns its length. */
static size_t add_character(struct strbuf *sb, const char *text, size_t room)
{
	unsigned char c = (unsigned char)text[0];
	size_t len = utf8_first(text, room);

	if (c == '\n')
		strbuf_puts(sb, "\\n");
	else if (len == 0 || c < 0x20 || c == 0x7f)
		strbuf_printf(sb, "\\x%02x", c);
	else if (c == '"' || c == '\\')
		strbuf_printf(sb, "\\%c", c);
	else if (!is_control((const unsigned char *)text, len))
		strbuf_add(sb, text, len);
	else
		for (size_t i = 0; i < len; i++)
			strbuf_printf(sb, "\\x%02x", (unsigned char)text[i]);
	return len > 0 ? len : 1;
}

struct log_quoted log_quote(const char *text, size_t len)
{
	struct log_quoted q;
	struct strbuf sb = { .buf = q.text, .size = sizeof(q.text) - 1 };

	q.text[0] = '\0';
	strbuf_puts(&sb, "\"");
	for (size_t i = 0; i < len && !sb.overflow;)
		i += add_character(&sb, text + i, len - i);
	q.text[sb.len] = '"'; /* one byte was kept free for it */
	q.text[sb.len + 1] = '\0';
	return q;
}

bool log_due(int64_t *next_mono_ms, int64_t period_ms)
{
	int64_t now = clock_mono_ms();

	if (now < *next_mono_ms)
		return false;
	*next_mono_ms = now + period_ms;
	return true;
}
