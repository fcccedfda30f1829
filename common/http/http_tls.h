/*
 * The server's certificate, and the authority of its clients' certificates: files that can be read
 * again. A connection keeps what it began with; new ones get what was read last.
 *
 * Threads: any; open and close from one.
 */
#ifndef COMMON_HTTP_HTTP_TLS_H
#define COMMON_HTTP_HTTP_TLS_H

#include <stdint.h>

#include "common/base/error.h"

/* What the library takes: nobody who may come by TLS 1.3 or 1.2 needs more. */
#define HTTP_TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

struct http_tls_config {
	const char *certificate; /* PEM: the server's, and those between it and its authority */
	const char *key;         /* PEM */
	const char *client_ca;   /* PEM; NULL: clients are asked for none */
};

struct http_tls;
struct http_tls_keys; /* what one reading of the files has brought; counted */

/* config's texts are borrowed until close. ST_INVALID: which file cannot be used, and why. */
MUST_CHECK enum status http_tls_open(struct http_tls **out, const struct http_tls_config *config,
				     struct error *err);

/* Keys that connections have go with the last of them. NULL is fine. */
void http_tls_close(struct http_tls *tls);

/* Reads the files again. On an error all stays as it is. */
MUST_CHECK enum status http_tls_reload(struct http_tls *tls, struct error *err);

/* When the first certificate that is sent expires: seconds since 1970. */
int64_t http_tls_expires_s(struct http_tls *tls);

/* Those that were read last; each needs its http_tls_keys_drop. */
struct http_tls_keys *http_tls_keys_take(struct http_tls *tls);
void http_tls_keys_drop(struct http_tls_keys *keys);

struct gnutls_session_int;

/* The session will use the keys, which must be there until its end. 0: GnuTLS's error. */
int http_tls_keys_use(const struct http_tls_keys *keys, struct gnutls_session_int *session);

#endif
