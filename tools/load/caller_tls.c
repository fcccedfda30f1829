#include "tools/load/caller_tls.h"

#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

struct caller_tls {
	SSL_CTX *context; /* owned */
};

static bool set_trust(SSL_CTX *context, const char *ca)
{
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
	       X509_VERIFY_PARAM_set1_ip_asc(SSL_CTX_get0_param(context), "127.0.0.1") == 1 &&
	       (ca && *ca ? SSL_CTX_load_verify_locations(context, ca, NULL)
			  : SSL_CTX_set_default_verify_paths(context)) == 1;
}

static bool set_certificate(SSL_CTX *context, const struct http_caller *as)
{
	return !as->certificate || !*as->certificate ||
	       (SSL_CTX_use_certificate_chain_file(context, as->certificate) == 1 &&
		SSL_CTX_use_PrivateKey_file(context, as->key, SSL_FILETYPE_PEM) == 1);
}

enum status caller_tls_open(struct caller_tls **out, const struct http_caller *as,
			    struct error *err)
{
	struct caller_tls *tls;

	*out = NULL;
	if (strcmp(http_caller_scheme(as), "https") != 0)
		return ST_OK;
	tls = calloc(1, sizeof(*tls));
	if (!tls || !(tls->context = SSL_CTX_new(TLS_client_method()))) {
		free(tls);
		return error_set(err, ST_INTERNAL, "out of memory");
	}
	*out = tls;
	if (!set_trust(tls->context, as->ca))
		return error_set(err, ST_INVALID, "HTTP_CA=%.120s: %s", as->ca,
				 ERR_reason_error_string(ERR_get_error()));
	if (!set_certificate(tls->context, as))
		return error_set(err, ST_INVALID,
				 "HTTP_CLIENT_CERT=%.80s, HTTP_CLIENT_KEY=%.80s: %s",
				 as->certificate, as->key,
				 ERR_reason_error_string(ERR_get_error()));
	return ST_OK;
}

void caller_tls_close(struct caller_tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->context);
	free(tls);
}

struct bufferevent *caller_tls_connection(struct caller_tls *tls, struct event_base *base)
{
	SSL *ssl = SSL_new(tls->context);
	struct bufferevent *made = NULL;

	if (ssl)
		made = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
						      BEV_OPT_CLOSE_ON_FREE);
	if (!made) {
		SSL_free(ssl);
		return NULL;
	}
	/* A service may close a connection without saying so; a length says where an answer ends.
	 */
	bufferevent_openssl_set_allow_dirty_shutdown(made, 1);
	return made;
}
