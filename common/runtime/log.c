#include "common/runtime/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/strbuf.h"
#include "common/runtime/clock.h"

static enum log_level threshold = LOG_INFO; /* written before threads start, then only read */

void log_set_level(enum log_level level)
{
	threshold = level;
}

void log_write(enum log_level level, const char *who, const char *msg, const char *fmt, ...)
{
	static const char *const names[] = { "ERROR", "WARN", "INFO", "DEBUG" };
	int saved_errno = errno;
	char line[1024], when[CLOCK_TEXT_SIZE], fields[800];
	struct strbuf sb = { .buf = line, .size = sizeof(line) - 1 };
	va_list ap;

	if (level > threshold)
		return;
	clock_format_utc(clock_wall_ms(), when);
	va_start(ap, fmt);
	(void)vsnprintf(fields, sizeof(fields), fmt, ap);
	va_end(ap);
	strbuf_printf(&sb, "%s %s %s msg=\"%s\"%s%s", when, names[level], who, msg,
		      fields[0] ? " " : "", fields);
	line[sb.len] = '\n';
	/* A full or closed stderr must not stop a service. */
	if (write(STDERR_FILENO, line, sb.len + 1) < 0)
		errno = saved_errno;
	errno = saved_errno;
}

struct log_quoted log_quote(const char *text, size_t len)
{
	struct log_quoted q;
	struct strbuf sb = { .buf = q.text, .size = sizeof(q.text) - 1 };

	q.text[0] = '\0';
	strbuf_puts(&sb, "\"");
	for (size_t i = 0; i < len && !sb.overflow; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			strbuf_printf(&sb, "\\%c", c);
		else if (c == '\n')
			strbuf_puts(&sb, "\\n");
		else if (c < 0x20 || c == 0x7f)
			strbuf_printf(&sb, "\\x%02x", c);
		else
			strbuf_add(&sb, (const char *)&c, 1);
	}
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
