/*
 * Lets a request through, or answers 401 or 403 (RFC 6750, section 3): who calls by a bearer token
 * or a client certificate, and whether that one may do what the route does.
 *
 * Threads: open, reload and close from any one; admits from the loop's.
 */
#ifndef COMMON_HTTP_HTTP_GUARD_H
#define COMMON_HTTP_HTTP_GUARD_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/metrics.h"

struct http_connection;
struct http_guard;
struct http_response;

/*
 * path: the file of http_identities.h, borrowed until close. NULL: whoever has a client certificate
 * may do all, nobody else may do anything. ST_INVALID: what is wrong with the file.
 */
MUST_CHECK enum status http_guard_open(struct http_guard **out, const char *path,
				       struct error *err);
void http_guard_close(struct http_guard *guard); /* NULL is fine */

/* Reads the file again. On an error all stays as it is. */
MUST_CHECK enum status http_guard_reload(struct http_guard *guard, struct error *err);

/* False: response is the answer. */
bool http_guard_admits(struct http_guard *guard, struct http_connection *connection,
		       struct http_response *response);

/* guard NULL: there is none, and the samples are 0. */
void http_guard_metrics(const struct http_guard *guard, struct metrics_out *out);

#endif
