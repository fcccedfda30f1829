#include "common/http/http_handshake.h"

#include <ctype.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/http/http_loop_state.h"

#define RESUMED_AT_ONCE 64
#define NOT_TLS                                                                                    \
	"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 32\r\n"           \
	"Connection: close\r\n\r\nThis port speaks HTTPS, not HTTP"

enum status http_handshakes_open(struct http_handshakes *handshakes, int library_epoll,
				 struct error *err)
{
	struct epoll_event library = { .events = EPOLLIN };

	handshakes->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (handshakes->epoll >= 0 &&
	    epoll_ctl(handshakes->epoll, EPOLL_CTL_ADD, library_epoll, &library) == 0)
		return ST_OK;
	return error_set(err, ST_INTERNAL, "no epoll descriptor: %s", strerror(errno));
}

void http_handshakes_close(struct http_handshakes *handshakes)
{
	if (handshakes->epoll >= 0)
		(void)close(handshakes->epoll);
}

/* --- the handshake ------------------------------------------------------------------------- */

static void starve(struct http_connection *c)
{
	struct http_handshakes *handshakes = &c->loop->handshakes;

	if (c->starves)
		return;
	c->starves = true;
	c->next_waiting = handshakes->starved;
	handshakes->starved = c;
}

/* Who speaks HTTP where TLS is spoken hears it in HTTP. */
static bool is_plain(struct http_connection *c, const char *bytes)
{
	if (c->speaks_tls || !isupper((unsigned char)bytes[0]))
		return false;
	atomic_fetch_add(c->loop->handshakes.plain, 1);
	(void)send(c->client.fd, NOT_TLS, strlen(NOT_TLS), MSG_DONTWAIT | MSG_NOSIGNAL);
	return true;
}

/* GnuTLS's: reads for it. */
static ssize_t pull(gnutls_transport_ptr_t connection, void *bytes, size_t size)
{
	struct http_connection *c = connection;
	ssize_t len = recv(c->client.fd, bytes, size, 0);

	if (c->client.phase != HTTP_HANDSHAKE)
		return len;
	if (len < 0 && errno == EAGAIN) {
		starve(c);
		errno = EAGAIN;
	}
	if (len > 0 && is_plain(c, bytes))
		return 0;
	c->speaks_tls = c->speaks_tls || len > 0;
	return len;
}

/* GnuTLS's: a message that ends a handshake has come, or goes. */
static int on_finished(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
		       const gnutls_datum_t *message)
{
	gnutls_transport_ptr_t connection, out;
	struct http_connection *c;

	(void)type;
	(void)when;
	(void)message;
	gnutls_transport_get_ptr2(session, &connection, &out);
	c = connection;
	if (incoming && c->client.phase == HTTP_HANDSHAKE)
		http_clients_enter(&c->client, HTTP_IDLE, c->loop->now_mono_ms);
	return 0;
}

bool http_handshake_begin(struct http_handshakes *handshakes, struct http_connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	c->tls = info ? info->tls_session : NULL;
	if (!c->tls)
		return false;
	c->keys = http_tls_keys_take(handshakes->tls);
	http_clients_enter(&c->client, HTTP_HANDSHAKE, c->loop->now_mono_ms);
	gnutls_transport_set_ptr2(c->tls, c, (gnutls_transport_ptr_t)(intptr_t)c->client.fd);
	gnutls_transport_set_pull_function(c->tls, pull);
	gnutls_handshake_set_hook_function(c->tls, GNUTLS_HANDSHAKE_FINISHED, GNUTLS_HOOK_POST,
					   on_finished);
	return http_tls_keys_use(c->keys, c->tls) == 0;
}

/* The session is gone already. */
void http_handshake_end(struct http_handshakes *handshakes, struct http_connection *c)
{
	struct http_connection **at = &handshakes->starved;

	while (c->starves && *at != c)
		at = &(*at)->next_waiting;
	if (c->starves)
		*at = c->next_waiting;
	if (c->client.phase == HTTP_HANDSHAKE)
		atomic_fetch_add(handshakes->failed, 1);
	http_tls_keys_drop(c->keys);
	free(c->common_name);
}

/* --- suspended ----------------------------------------------------------------------------- */

void http_handshakes_suspend(struct http_handshakes *handshakes)
{
	struct http_connection *c = handshakes->starved;

	for (; c; c = c->next_waiting) {
		struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP, .data.ptr = c };

		c->starves = false;
		/* The handshake has ended after all. */
		if (c->client.phase != HTTP_HANDSHAKE && c->client.phase != HTTP_ENDED)
			continue;
		if (epoll_ctl(handshakes->epoll, EPOLL_CTL_ADD, c->client.fd, &event) != 0) {
			http_clients_end(&c->loop->clients, &c->client);
			continue;
		}
		MHD_suspend_connection(c->mhd);
		handshakes->suspended++;
	}
	handshakes->starved = NULL;
}

void http_handshakes_resume(struct http_handshakes *handshakes)
{
	struct epoll_event events[RESUMED_AT_ONCE];
	int count = epoll_wait(handshakes->epoll, events, RESUMED_AT_ONCE, 0);

	for (int i = 0; i < count; i++) {
		struct http_connection *c = events[i].data.ptr;

		if (!c) /* the library's */
			continue;
		(void)epoll_ctl(handshakes->epoll, EPOLL_CTL_DEL, c->client.fd, NULL);
		MHD_resume_connection(c->mhd);
		handshakes->suspended--;
	}
}

/* --- later --------------------------------------------------------------------------------- */

void http_handshake_send(const struct http_connection *c, const char *text, size_t len)
{
	if (!c->tls)
		(void)send(c->client.fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	else if (c->client.phase != HTTP_HANDSHAKE)
		(void)gnutls_record_send(c->tls, text, len);
}

/* NULL: none, more than one, or one with a NUL in it. */
static char *common_name_of(gnutls_x509_crt_t certificate)
{
	static const char oid[] = GNUTLS_OID_X520_COMMON_NAME;
	char name[512], second[512];
	size_t len = sizeof(name), second_len = sizeof(second);

	if (gnutls_x509_crt_get_dn_by_oid(certificate, oid, 0, 0, name, &len) != 0 ||
	    gnutls_x509_crt_get_dn_by_oid(certificate, oid, 1, 0, second, &second_len) !=
		    GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE ||
	    strlen(name) != len)
		return NULL;
	return strdup(name);
}

bool http_handshake_client(const struct http_connection *c, char **common_name)
{
	unsigned count = 0;
	const gnutls_datum_t *chain = c->tls ? gnutls_certificate_get_peers(c->tls, &count) : NULL;
	gnutls_x509_crt_t certificate;

	*common_name = NULL;
	if (!chain || count == 0 || gnutls_x509_crt_init(&certificate) != 0)
		return false;
	if (gnutls_x509_crt_import(certificate, &chain[0], GNUTLS_X509_FMT_DER) == 0)
		*common_name = common_name_of(certificate);
	gnutls_x509_crt_deinit(certificate);
	return true;
}
