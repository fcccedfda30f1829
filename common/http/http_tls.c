#include "common/http/http_tls.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

struct http_tls_keys {
	_Atomic int users;
	gnutls_certificate_credentials_t credentials;
	bool asks_clients;
	int64_t expires_s;
};

struct http_tls {
	struct http_tls_config config;
	pthread_mutex_t mu;
	struct http_tls_keys *keys; /* guarded by mu */
};

/* --- keys ---------------------------------------------------------------------------------- */

/* A client need not have a certificate; one that it has must be good, and for this use. */
static int verify_client(gnutls_session_t session)
{
	gnutls_typed_vdata_st purpose = { GNUTLS_DT_KEY_PURPOSE_OID,
					  (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT, 0 };
	unsigned count = 0, faults = 0;

	if (!gnutls_certificate_get_peers(session, &count) || count == 0)
		return 0;
	if (gnutls_certificate_verify_peers(session, &purpose, 1, &faults) == 0 && faults == 0)
		return 0;
	(void)gnutls_alert_send(session, GNUTLS_AL_FATAL, GNUTLS_A_BAD_CERTIFICATE);
	return GNUTLS_E_CERTIFICATE_ERROR;
}

/* When the first of the file's certificates expires. 0, or GnuTLS's error. */
static int read_expiry(const char *path, int64_t *first_s)
{
	gnutls_datum_t text = { NULL, 0 };
	gnutls_x509_crt_t *list = NULL;
	unsigned count = 0;
	int code = gnutls_load_file(path, &text);

	if (code == 0)
		code = gnutls_x509_crt_list_import2(&list, &count, &text, GNUTLS_X509_FMT_PEM, 0);
	for (unsigned i = 0; code >= 0 && i < count; i++) {
		int64_t at_s = gnutls_x509_crt_get_expiration_time(list[i]);

		if (i == 0 || at_s < *first_s)
			*first_s = at_s;
		gnutls_x509_crt_deinit(list[i]);
	}
	if (code >= 0)
		gnutls_free(list);
	gnutls_free(text.data);
	return code < 0 ? code : 0;
}

static enum status read_files(struct http_tls_keys *keys, const struct http_tls_config *config,
			      struct error *err)
{
	/* First: of a file that is no certificate GnuTLS (3.7.9) loses memory beside a key. */
	int code = read_expiry(config->certificate, &keys->expires_s);

	if (code == 0)
		code = gnutls_certificate_set_x509_key_file(keys->credentials, config->certificate,
							    config->key, GNUTLS_X509_FMT_PEM);
	if (code < 0)
		return error_set(err, ST_INVALID, "HTTP_TLS_CERT=%.80s, HTTP_TLS_KEY=%.80s: %s",
				 config->certificate, config->key, gnutls_strerror(code));
	if (!config->client_ca)
		return ST_OK;
	code = gnutls_certificate_set_x509_trust_file(keys->credentials, config->client_ca,
						      GNUTLS_X509_FMT_PEM);
	if (code <= 0)
		return error_set(err, ST_INVALID, "HTTP_CLIENT_CA=%.120s: %s", config->client_ca,
				 code < 0 ? gnutls_strerror(code) : "no certificate in it");
	gnutls_certificate_set_verify_function(keys->credentials, verify_client);
	keys->asks_clients = true;
	return ST_OK;
}

static enum status read_keys(struct http_tls_keys **out, const struct http_tls_config *config,
			     struct error *err)
{
	struct http_tls_keys *keys = calloc(1, sizeof(*keys));

	if (!keys || gnutls_certificate_allocate_credentials(&keys->credentials) != 0) {
		free(keys);
		return error_set(err, ST_INTERNAL, "out of memory");
	}
	atomic_store(&keys->users, 1);
	if (read_files(keys, config, err) == ST_OK) {
		*out = keys;
		return ST_OK;
	}
	http_tls_keys_drop(keys);
	return err->status;
}

struct http_tls_keys *http_tls_keys_take(struct http_tls *tls)
{
	struct http_tls_keys *keys;

	(void)pthread_mutex_lock(&tls->mu);
	keys = tls->keys;
	atomic_fetch_add(&keys->users, 1);
	(void)pthread_mutex_unlock(&tls->mu);
	return keys;
}

void http_tls_keys_drop(struct http_tls_keys *keys)
{
	if (!keys || atomic_fetch_sub(&keys->users, 1) > 1)
		return;
	gnutls_certificate_free_credentials(keys->credentials);
	free(keys);
}

int http_tls_keys_use(const struct http_tls_keys *keys, struct gnutls_session_int *session)
{
	if (keys->asks_clients)
		gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
	return gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, keys->credentials);
}

/* --- the server's -------------------------------------------------------------------------- */

enum status http_tls_open(struct http_tls **out, const struct http_tls_config *config,
			  struct error *err)
{
	struct http_tls *tls = calloc(1, sizeof(*tls));

	if (!tls)
		return error_set(err, ST_INTERNAL, "out of memory");
	tls->config = *config;
	if (read_keys(&tls->keys, config, err) != ST_OK) {
		free(tls);
		return err->status;
	}
	(void)pthread_mutex_init(&tls->mu, NULL);
	*out = tls;
	return ST_OK;
}

void http_tls_close(struct http_tls *tls)
{
	if (!tls)
		return;
	http_tls_keys_drop(tls->keys);
	(void)pthread_mutex_destroy(&tls->mu);
	free(tls);
}

enum status http_tls_reload(struct http_tls *tls, struct error *err)
{
	struct http_tls_keys *keys = NULL, *old;

	if (read_keys(&keys, &tls->config, err) != ST_OK)
		return err->status;
	(void)pthread_mutex_lock(&tls->mu);
	old = tls->keys;
	tls->keys = keys;
	(void)pthread_mutex_unlock(&tls->mu);
	http_tls_keys_drop(old);
	return ST_OK;
}

int64_t http_tls_expires_s(struct http_tls *tls)
{
	int64_t expires_s;

	(void)pthread_mutex_lock(&tls->mu);
	expires_s = tls->keys->expires_s;
	(void)pthread_mutex_unlock(&tls->mu);
	return expires_s;
}
