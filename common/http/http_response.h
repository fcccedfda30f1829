/*
 * A response as the library sends it.
 *
 * Threads: any.
 */
#ifndef COMMON_HTTP_HTTP_RESPONSE_H
#define COMMON_HTTP_HTTP_RESPONSE_H

#include "common/http/http.h"

struct MHD_Response;

/* Takes the response's body. origin: whose pages may read it besides the server's own; NULL:
 * none's. Returns owned; NULL: out of memory. */
struct MHD_Response *http_response_make(struct http_response *response, const char *origin);

#endif
