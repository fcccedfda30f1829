/*
 * Documents that a service serves of itself: its API (OpenAPI), and the page that explains errors.
 *
 * Threads: HTTP's.
 */
#ifndef COMMON_SERVICE_DOCUMENT_H
#define COMMON_SERVICE_DOCUMENT_H

#include "common/http/http.h"

/* See common/base/embed.h. */
struct document {
	const char *content_type;
	const char *begin, *end;
};

extern const struct document document_errors; /* docs/errors.md */

/* With a struct document as context. */
http_handler document_get;

#endif
