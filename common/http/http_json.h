/*
 * JSON in and out of a REST handler: bodies, pages, and problems (RFC 9457).
 *
 * Threads: any; see http.h.
 */
#ifndef COMMON_HTTP_HTTP_JSON_H
#define COMMON_HTTP_HTTP_JSON_H

#include <jansson.h>

#include "common/base/error.h"
#include "common/http/http.h"
#include "common/http/http_problem.h"

/* Answers with root (taken; NULL: 500 out of memory) as application/json. */
void http_respond_json(struct http_response *response, int status, json_t *root);

/* Answers with application/problem+json. field (NULL: none) is the input at fault. */
void http_respond_problem(struct http_response *response, enum http_problem problem,
			  const char *field, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The problem for a failed operation: 503 with Retry-After for ST_UNAVAILABLE, 500 for the rest
 * (which is logged). The error's text stays inside: it may name hosts and tables. */
void http_respond_error(struct http_response *response, const struct error *err);

/* Takes text (malloc'd) as the body; NULL: 500. */
void http_respond_text(struct http_response *response, int status, const char *content_type,
		       char *text);

/*
 * The request's body as a JSON object, owned by the caller (json_decref). NULL: the response
 * already says why (400 or 415).
 */
json_t *http_body_object(const struct http_request *request, struct http_response *response);

#endif
