/*
 * The trace of a request, and its span: from the request's head to its answer.
 *
 * Threads: whose the connection is.
 */
#ifndef COMMON_HTTP_HTTP_TRACE_H
#define COMMON_HTTP_HTTP_TRACE_H

#include "common/http/http_connection.h"
#include "common/otlp/otlp.h"

/* Of one that has a route, before its handler runs. otlp NULL: no spans. */
void http_trace_begin(struct otlp *otlp, struct http_connection *connection);

/* It is answered with status. */
void http_trace_end(struct otlp *otlp, const struct http_connection *connection, int status);

#endif
