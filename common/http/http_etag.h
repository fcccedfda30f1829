/*
 * Entity tags in conditions, RFC 9110 section 13.1: If-Match and If-None-Match. Pure.
 *
 * Threads: any.
 */
#ifndef COMMON_HTTP_HTTP_ETAG_H
#define COMMON_HTTP_HTTP_ETAG_H

#include <stdbool.h>
#include <stddef.h>

enum http_etag_comparison {
	HTTP_ETAG_STRONG, /* If-Match: a weak tag equals none */
	HTTP_ETAG_WEAK,   /* If-None-Match */
};

/* A tag of a list. */
struct http_etag {
	bool weak;
	const char *text; /* borrowed from the list, with its quotes */
	size_t len;
};

/* The next tag of *list, which moves behind it. False: there is none, or no valid one. */
bool http_etag_next(const char **list, struct http_etag *tag);

/* Whether tag ("\"3\"", quotes included) is in list, which may also be "*". */
bool http_etag_in(const char *list, const char *tag, enum http_etag_comparison comparison);

/* Whether list is "*", or a list of entity tags that is well formed. */
bool http_etag_list_valid(const char *list);

#endif
