/*
 * What makes a server speak TLS and ask who calls, as its settings have it: the certificates, the
 * identities, and SIGHUP, at which both are read again. What cannot be used then leaves what was
 * there, with an ERROR line and a count.
 *
 * Threads: open and close from one; the rest any.
 */
#ifndef COMMON_HTTP_HTTP_SECURITY_H
#define COMMON_HTTP_HTTP_SECURITY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/metrics.h"
#include "common/http/http_guard.h"
#include "common/http/http_tls.h"

/* Paths of PEM files and of http_identities.h's; NULL or "": not given. Borrowed until close. */
struct http_security_config {
	const char *certificate, *key; /* both or neither */
	const char *client_ca;         /* with a certificate */
	const char *identities;
};

struct http_security {
	struct http_tls *tls;     /* NULL: plain HTTP */
	struct http_guard *guard; /* NULL: everybody may do all */
	struct hangup *hangup;    /* NULL: there is nothing to read again */
	_Atomic int64_t reload_failures;
};

/* Whether SIGHUP means something, and has to be blocked before the first thread
 * (common/runtime/hangup.h). */
bool http_security_is_on(const struct http_security_config *config);

/* security is all zeros. ST_INVALID: which file cannot be used. Close also after an error. */
MUST_CHECK enum status http_security_open(struct http_security *security,
					  const struct http_security_config *config,
					  struct error *err);
void http_security_close(struct http_security *security);

void http_security_metrics(struct http_security *security, struct metrics_out *out);

#endif
