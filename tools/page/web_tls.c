#include "tools/page/web_tls.h"

#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

struct web_tls {
	const char *certificate, *key;
	SSL_CTX *context; /* owned; connections have their share */
};

static enum status read_files(SSL_CTX **out, const struct web_tls *tls, struct error *err)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (!context)
		return error_set(err, ST_INTERNAL, "out of memory");
	ERR_clear_error();
	if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_use_certificate_chain_file(context, tls->certificate) != 1 ||
	    SSL_CTX_use_PrivateKey_file(context, tls->key, SSL_FILETYPE_PEM) != 1) {
		SSL_CTX_free(context);
		return error_set(err, ST_INVALID, "HTTP_TLS_CERT=%.80s, HTTP_TLS_KEY=%.80s: %s",
				 tls->certificate, tls->key,
				 ERR_reason_error_string(ERR_get_error()));
	}
	(void)SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
	*out = context;
	return ST_OK;
}

enum status web_tls_open(struct web_tls **out, const char *certificate, const char *key,
			 struct error *err)
{
	struct web_tls *tls = calloc(1, sizeof(*tls));

	if (!tls)
		return error_set(err, ST_INTERNAL, "out of memory");
	tls->certificate = certificate;
	tls->key = key;
	if (read_files(&tls->context, tls, err) != ST_OK) {
		free(tls);
		return err->status;
	}
	*out = tls;
	return ST_OK;
}

void web_tls_close(struct web_tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->context);
	free(tls);
}

enum status web_tls_reload(struct web_tls *tls, struct error *err)
{
	SSL_CTX *context;

	if (read_files(&context, tls, err) != ST_OK)
		return err->status;
	SSL_CTX_free(tls->context);
	tls->context = context;
	return ST_OK;
}

/* libevent's callback: somebody has connected. */
static struct bufferevent *make_connection(struct event_base *base, void *context)
{
	struct web_tls *tls = context;
	SSL *ssl = SSL_new(tls->context);
	struct bufferevent *made = NULL;

	if (ssl)
		made = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
						      BEV_OPT_CLOSE_ON_FREE);
	if (made)
		bufferevent_openssl_set_allow_dirty_shutdown(made, 1);
	else
		SSL_free(ssl);
	return made;
}

void web_tls_use(struct web_tls *tls, struct evhttp *http)
{
	evhttp_set_bevcb(http, make_connection, tls);
}

bool web_tls_has(struct evhttp_request *request)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(request);

	return bufferevent_openssl_get_ssl(evhttp_connection_get_bufferevent(connection)) != NULL;
}
