/*
 * Entity tags in conditions, RFC 9110 section 13.1: If-Match and If-None-Match. Pure.
 *
 * Threads: any.
 */
#ifndef COMMON_HTTP_HTTP_ETAG_H
#define COMMON_HTTP_HTTP_ETAG_H

#include <stdbool.h>
#include <stddef.h>

/* A tag of a list. */
struct http_etag {
	bool weak;
	const char *text; /* borrowed from the list, with its quotes */
	size_t len;
};

/* The next tag of *list, which moves behind it. False: there is none, or no valid one. */
bool http_etag_next(const char **list, struct http_etag *tag);

#endif
