#include "common/http/http_security.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>

#include "common/runtime/hangup.h"
#include "common/runtime/log.h"

static bool given(const char *path)
{
	return path && path[0];
}

bool http_security_is_on(const struct http_security_config *config)
{
	return given(config->certificate) || given(config->identities);
}

/* --- reading again ------------------------------------------------------------------------- */

static void failed(struct http_security *security, const struct error *err)
{
	atomic_fetch_add(&security->reload_failures, 1);
	log_error("http", "a file cannot be used, what was read before stays", "error=%s",
		  LOG_QUOTE(err->msg));
}

/* On the thread that waits for SIGHUP. One file's fault does not keep the others' news out. */
static void reload(void *context)
{
	struct http_security *security = context;
	struct error err = { 0 };

	if (security->tls && http_tls_reload(security->tls, &err) != ST_OK)
		failed(security, &err);
	else if (security->tls)
		log_info("http", "certificates read", "expires_s=%" PRId64,
			 http_tls_expires_s(security->tls));
	if (!security->guard)
		return;
	if (http_guard_reload(security->guard, &err) != ST_OK)
		failed(security, &err);
	else
		log_info("http", "identities read", "");
}

/* --- open and close ------------------------------------------------------------------------ */

enum status http_security_open(struct http_security *security,
			       const struct http_security_config *config, struct error *err)
{
	const bool ca = given(config->client_ca), identities = given(config->identities);
	const struct http_tls_config tls = { config->certificate, config->key,
					     ca ? config->client_ca : NULL };

	if (given(config->certificate) && http_tls_open(&security->tls, &tls, err) != ST_OK)
		return err->status;
	if ((ca || identities) &&
	    http_guard_open(&security->guard, identities ? config->identities : NULL, err) != ST_OK)
		return err->status;
	return http_security_is_on(config) ? hangup_start(&security->hangup, reload, security, err)
					   : ST_OK;
}

void http_security_close(struct http_security *security)
{
	hangup_stop(security->hangup);
	http_guard_close(security->guard);
	http_tls_close(security->tls);
}

void http_security_metrics(struct http_security *security, struct metrics_out *out)
{
	metrics_one(out, "http_tls_certificate_expires_seconds", "gauge",
		    "When the certificate expires, in seconds since 1970; 0: there is none.",
		    security->tls ? http_tls_expires_s(security->tls) : 0);
	metrics_one(out, "http_tls_reload_failures_total", "counter",
		    "Files of certificates or identities that could not be used at a SIGHUP.",
		    atomic_load(&security->reload_failures));
	http_guard_metrics(security->guard, out);
}
