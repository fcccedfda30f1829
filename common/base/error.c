#include "common/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/strbuf.h"

enum status error_set(struct error *err, enum status status, const char *fmt, ...)
{
	va_list ap;

	err->status = status;
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return status;
}

enum status error_wrap(struct error *err, const char *fmt, ...)
{
	char text[sizeof(err->msg) + 128 + 2] = "";
	struct strbuf sb = STRBUF_ON(text);
	va_list ap;
	char doing[128];

	va_start(ap, fmt);
	(void)vsnprintf(doing, sizeof(doing), fmt, ap);
	va_end(ap);
	strbuf_puts(&sb, doing);
	strbuf_puts(&sb, ": ");
	strbuf_puts(&sb, err->msg);
	/* What does not fit is cut at the end. */
	text[sizeof(err->msg) - 1] = '\0';
	memcpy(err->msg, text, sizeof(err->msg));
	return err->status;
}

const char *status_name(enum status status)
{
	switch (status) {
	case ST_OK:
		return "ok";
	case ST_INVALID:
		return "invalid";
	case ST_NOT_FOUND:
		return "not found";
	case ST_CONFLICT:
		return "conflict";
	case ST_FENCED:
		return "fenced";
	case ST_UNAVAILABLE:
		return "unavailable";
	case ST_TIMEOUT:
		return "timeout";
	case ST_REFUSED:
		return "refused";
	case ST_INTERNAL:
		return "internal";
	}
	return "unknown";
}
