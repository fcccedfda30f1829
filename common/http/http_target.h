/*
 * A request's target, RFC 9112 section 3.2: what is asked for, and of whom. Pure.
 *
 * Threads: any.
 */
#ifndef COMMON_HTTP_HTTP_TARGET_H
#define COMMON_HTTP_HTTP_TARGET_H

#include "common/http/http_framing.h"

#define HTTP_TARGET_MAX_BYTES 8192

struct http_target {
	const char *path;      /* "*": of the server as a whole */
	const char *query;     /* after the '?'; NULL: none */
	const char *authority; /* "localhost:8081": the target's, or else the field Host's; NULL:
				  neither was sent, which HTTP/1.0 allows */
};

/*
 * Takes the text of a target apart, in place, and checks the field Host (NULL: not sent). secure:
 * it came by TLS, so a whole URI must begin with https://, and else with http://.
 * Characters of the path that need no escape lose theirs, so that /%6frders is /orders.
 * refusal.status 0: it is good.
 */
struct http_refusal http_target_read(char *text, const char *method, const char *host, bool secure,
				     struct http_target *target);

/* The length of the authority's host, an IPv6 address with its brackets; 0: it is none. */
size_t http_authority_host(const char *authority);

#endif
