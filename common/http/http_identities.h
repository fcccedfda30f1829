/*
 * Who may call, and what: a file with an identity a line,
 *
 *   <name> <scopes> sha256:<64 hexadecimal digits>
 *   <name> <scopes> cn:<common name>
 *
 * The first is of a bearer token, 16 bytes or more of chance; the second of a client certificate.
 * scopes are read, write and operate, comma separated. A blank line, and one that begins with #,
 * says nothing. A name may have several lines, as while a token is exchanged for another. Pure.
 *
 * Threads: a struct http_identities is read-only once it is there.
 */
#ifndef COMMON_HTTP_HTTP_IDENTITIES_H
#define COMMON_HTTP_HTTP_IDENTITIES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/http/http.h"

#define HTTP_TOKEN_HASH_BYTES  32
#define HTTP_IDENTITY_NAME_MAX 64
#define HTTP_COMMON_NAME_MAX   256

struct http_identity {
	char name[HTTP_IDENTITY_NAME_MAX + 1];
	unsigned scopes;                            /* bit i: enum http_scope i */
	char common_name[HTTP_COMMON_NAME_MAX + 1]; /* "": it has a token */
	unsigned char hash[HTTP_TOKEN_HASH_BYTES];  /* SHA-256 of the token */
};

struct http_identities;

/* text of len bytes is borrowed for the call. ST_INVALID: which line is wrong, and why, without a
 * word of it. *out is owned by the caller. */
MUST_CHECK enum status http_identities_read(struct http_identities **out, const char *text,
					    size_t len, struct error *err);
void http_identities_free(struct http_identities *identities); /* NULL is fine */

size_t http_identities_count(const struct http_identities *identities);

/* Whose token has that hash; NULL: nobody's. Takes as long whichever it is, and if it is none. */
const struct http_identity *
http_identities_by_hash(const struct http_identities *identities,
			const unsigned char hash[HTTP_TOKEN_HASH_BYTES]);

/* NULL: nobody's. */
const struct http_identity *http_identities_by_common_name(const struct http_identities *identities,
							   const char *common_name);

/* The scope's name in the file; "" for HTTP_SCOPE_NONE. */
const char *http_scope_name(enum http_scope scope);

#endif
