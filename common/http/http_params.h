/*
 * The inputs both APIs read from a request's line: ids and numbers, with the problem they answer.
 *
 * Threads: any; see http.h.
 */
#ifndef COMMON_HTTP_HTTP_PARAMS_H
#define COMMON_HTTP_HTTP_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/http/http.h"

/* The route's {} as an id from 1 on; field is its name. False: answered with 400. */
bool http_path_id(const struct http_request *request, struct http_response *response,
		  const char *field, int64_t *id);

#define HTTP_PAGE_DEFAULT 20
#define HTTP_PAGE_MAX     100

/* What a list takes: limit=1..100, after=0... False: answered. */
bool http_query_page(const struct http_request *request, struct http_response *response,
		     int64_t *limit, int64_t *after);

/* Adds the Link to the page after last_id and writes its path to next ("" if this page is the
 * last, that is, not full). */
void http_link_next(struct http_response *response, const char *path, size_t count, int64_t limit,
		    int64_t last_id, char next[96]);

#endif
