/*
 * The bodies of requests, read from civetweb and bounded.
 *
 * Threads: the connection's worker thread.
 */
#ifndef COMMON_HTTP_HTTP_BODY_H
#define COMMON_HTTP_HTTP_BODY_H

#include <stddef.h>

#define HTTP_BODY_MAX_BYTES 65536

struct mg_connection;

/* Reads the whole body into a new buffer, the caller's. Returns the problem's status, 0 for none.
 */
int http_body_read(struct mg_connection *mg, char **body, size_t *len);

#endif
