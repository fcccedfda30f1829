#include "tests/support/tls_socket.h"

#include <criterion/criterion.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/http_socket.h"
#include "tests/support/wait.h"

#define PATIENCE_MS 60000

struct tls_socket {
	int fd;
	gnutls_session_t session;
	gnutls_certificate_credentials_t trust;
};

void tls_close(struct tls_socket *tls)
{
	gnutls_deinit(tls->session);
	gnutls_certificate_free_credentials(tls->trust);
	(void)close(tls->fd);
	free(tls);
}

/* GnuTLS's: sends a byte. */
static ssize_t push_one(gnutls_transport_ptr_t fd, const void *bytes, size_t size)
{
	return send((int)(intptr_t)fd, bytes, size > 0, MSG_NOSIGNAL);
}

static struct tls_socket *open_with(int port, const char *priorities, gnutls_push_func push)
{
	struct tls_socket *tls = calloc(1, sizeof(*tls));
	int code;

	cr_assert_not_null(tls);
	tls->fd = http_open(port);
	cr_assert_eq(gnutls_init(&tls->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL), 0);
	cr_assert_eq(gnutls_priority_set_direct(tls->session, priorities, NULL), 0);
	cr_assert_eq(gnutls_certificate_allocate_credentials(&tls->trust), 0);
	cr_assert_eq(gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE, tls->trust), 0);
	gnutls_transport_set_int(tls->session, tls->fd);
	if (push)
		gnutls_transport_set_push_function(tls->session, push);
	gnutls_handshake_set_timeout(tls->session, (unsigned)wait_patience(PATIENCE_MS));
	gnutls_record_set_timeout(tls->session, (unsigned)wait_patience(PATIENCE_MS));
	do {
		code = gnutls_handshake(tls->session);
	} while (code < 0 && !gnutls_error_is_fatal(code));
	if (code == 0)
		return tls;
	cr_assert_neq(code, GNUTLS_E_TIMEDOUT, "the handshake hangs");
	tls_close(tls);
	return NULL;
}

struct tls_socket *tls_open(int port, const char *priorities)
{
	return open_with(port, priorities, NULL);
}

struct tls_socket *tls_open_slowly(int port)
{
	return open_with(port, "NORMAL", push_one);
}

void tls_say(struct tls_socket *tls, const char *text)
{
	size_t len = strlen(text);

	for (size_t at = 0; at < len;) {
		ssize_t n = gnutls_record_send(tls->session, text + at, len - at);

		cr_assert_gt(n, 0, "%s", gnutls_strerror((int)n));
		at += (size_t)n;
	}
}

static ssize_t receive(void *context, char *bytes, size_t size)
{
	struct tls_socket *tls = context;
	ssize_t n;

	do {
		n = gnutls_record_recv(tls->session, bytes, size);
	} while (n < 0 && !gnutls_error_is_fatal((int)n) && n != GNUTLS_E_TIMEDOUT);
	cr_assert_neq(n, GNUTLS_E_TIMEDOUT, "no answer");
	return n > 0 ? n : 0;
}

int tls_next(struct tls_socket *tls)
{
	char text[1024];

	return http_read_answer(receive, tls, text);
}

uint32_t tls_serial(const struct tls_socket *tls)
{
	unsigned count = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(tls->session, &count);
	gnutls_x509_crt_t certificate;
	unsigned char bytes[20];
	size_t len = sizeof(bytes);
	uint32_t serial = 0;

	cr_assert_gt(count, 0);
	cr_assert_eq(gnutls_x509_crt_init(&certificate), 0);
	cr_assert_eq(gnutls_x509_crt_import(certificate, &chain[0], GNUTLS_X509_FMT_DER), 0);
	cr_assert_eq(gnutls_x509_crt_get_serial(certificate, bytes, &len), 0);
	for (size_t i = 0; i < len; i++)
		serial = serial << 8 | bytes[i];
	gnutls_x509_crt_deinit(certificate);
	return serial;
}

const char *tls_version(const struct tls_socket *tls)
{
	return gnutls_protocol_get_name(gnutls_protocol_get_version(tls->session));
}
