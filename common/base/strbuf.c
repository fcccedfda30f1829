#include "common/base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void strbuf_add(struct strbuf *sb, const char *text, size_t len)
{
	if (sb->overflow || len >= sb->size - sb->len) {
		sb->overflow = true;
		sb->buf[sb->len] = '\0'; /* the first append may be the one that fails */
		return;
	}
	memcpy(sb->buf + sb->len, text, len);
	sb->len += len;
	sb->buf[sb->len] = '\0';
}

void strbuf_puts(struct strbuf *sb, const char *text)
{
	strbuf_add(sb, text, strlen(text));
}

void strbuf_printf(struct strbuf *sb, const char *fmt, ...)
{
	size_t room = sb->size - sb->len;
	va_list ap;
	int n;

	if (sb->overflow)
		return;
	va_start(ap, fmt);
	n = vsnprintf(sb->buf + sb->len, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room) {
		sb->buf[sb->len] = '\0';
		sb->overflow = true;
		return;
	}
	sb->len += (size_t)n;
}
