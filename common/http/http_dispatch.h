/*
 * From a request to its handler, and the answers to requests that reach none.
 *
 * Threads: any; handlers run on the caller's.
 */
#ifndef COMMON_HTTP_HTTP_DISPATCH_H
#define COMMON_HTTP_HTTP_DISPATCH_H

#include "common/http/http.h"

/* Runs the handler of the request's route, or answers 404 or 405. *number gets the route's number,
 * before the handler runs: a deferred answer may be sent before that returns. It stays as it is
 * when there is no route. */
void http_dispatch(const struct http_route *routes, size_t count, struct http_request *request,
		   struct http_response *response, size_t *number);

/* Answers a request whose body was refused with that status. */
void http_dispatch_refuse(struct http_response *response, int status);

#endif
