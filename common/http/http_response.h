/*
 * A response as it goes over the wire, and civetweb's way to write it.
 *
 * Threads: http_response_format any; the others on the connection's worker thread.
 */
#ifndef COMMON_HTTP_HTTP_RESPONSE_H
#define COMMON_HTTP_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/http/http.h"

struct mg_connection;

/* Head and body in one text of *len bytes, returned owned; NULL: out of memory. */
char *http_response_format(const struct http_response *response, bool keep, size_t *len);

/* Writes the text, which it takes; NULL: the connection is not kept. Waits for the client if it
 * must. */
void http_response_write_text(struct mg_connection *mg, char *text, size_t len);

/* Both. */
void http_response_write(struct mg_connection *mg, const struct http_response *response, bool keep);

#endif
