/*
 * The page's HTTPS: its certificate and key, which can be read again. A connection keeps what it
 * began with; new ones get what was read last. TLS 1.2 and 1.3, by libevent's OpenSSL.
 *
 * Threads: the loop's.
 */
#ifndef TOOLS_PAGE_WEB_TLS_H
#define TOOLS_PAGE_WEB_TLS_H

#include <event2/http.h>
#include <stdbool.h>

#include "common/base/error.h"

struct web_tls;

/* PEM files, borrowed until close. ST_INVALID: they cannot be used. */
MUST_CHECK enum status web_tls_open(struct web_tls **out, const char *certificate, const char *key,
				    struct error *err);
void web_tls_close(struct web_tls *tls); /* NULL is fine */

/* Reads the files again. On an error all stays as it is. */
MUST_CHECK enum status web_tls_reload(struct web_tls *tls, struct error *err);

/* The connections of http are by TLS from now on. */
void web_tls_use(struct web_tls *tls, struct evhttp *http);

/* libevent makes a plain connection where there is no memory for one by TLS. */
bool web_tls_has(struct evhttp_request *request);

#endif
