/*
 * From a request to its route, the answers to requests that have none, and what is the same for all
 * routes: HEAD, OPTIONS, content codings.
 *
 * Threads: any.
 */
#ifndef COMMON_HTTP_HTTP_DISPATCH_H
#define COMMON_HTTP_HTTP_DISPATCH_H

#include "common/http/http.h"

/* The route, and its {} in request->param; HEAD has that of GET. NULL: the response answers, with
 * 204 to OPTIONS, and 404, 405, 415 or 501. */
const struct http_route *http_dispatch_find(const struct http_route *routes, size_t count,
					    struct http_request *request,
					    struct http_response *response);

/* Answers a request that was refused with that status. */
void http_dispatch_refuse(struct http_response *response, int status, const char *why);

#endif
