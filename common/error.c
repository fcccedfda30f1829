#include "common/error.h"

#include <stdarg.h>
#include <stdio.h>

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
	char inner[sizeof(err->msg)];
	char doing[128];
	va_list ap;

	(void)snprintf(inner, sizeof(inner), "%s", err->msg);
	va_start(ap, fmt);
	(void)vsnprintf(doing, sizeof(doing), fmt, ap);
	va_end(ap);
	/* A text that does not fit loses its end: the cause comes last but the place is kept. */
	(void)snprintf(err->msg, sizeof(err->msg), "%s: %.*s", doing,
		       (int)(sizeof(err->msg) - sizeof(doing) - 3), inner);
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
	case ST_INTERNAL:
		return "internal";
	}
	return "unknown";
}
