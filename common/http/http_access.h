/*
 * Who may ask: by which names the server is known, and pages of which origins may call it. A
 * browser sends what any page wants to whoever listens on its machine; names and origins are what
 * it does not let the page choose. Pure.
 *
 * Threads: any.
 */
#ifndef COMMON_HTTP_HTTP_ACCESS_H
#define COMMON_HTTP_HTTP_ACCESS_H

#include <stdbool.h>

#include "common/http/http_target.h"

struct http_access {
	bool loopback;       /* the server listens on a loopback address */
	bool secure;         /* it speaks https: its own pages' origin says so */
	const char *hosts;   /* names besides, comma separated, or "*"; "": none */
	const char *origins; /* comma separated, or "*"; "": the server's own */
};

/* Whether the address to listen on is one of loopback's. */
bool http_access_loopback(const char *host);

/*
 * authority and origin are the request's, NULL: not sent. refusal.status 0: the request may be
 * served. 421: it asks for a name that is not the server's (DNS rebinding): a server on loopback is
 * known by addresses, localhost and hosts; so is any other if hosts is not empty, and else by every
 * name. 403: a page of a foreign origin sent it.
 */
struct http_refusal http_access_check(const struct http_access *access, const char *authority,
				      const char *origin);

/* The origin that may read the answer, once it is checked; NULL: none, or the server's own. */
const char *http_access_foreign_origin(const struct http_access *access, const char *authority,
				       const char *origin);

#endif
