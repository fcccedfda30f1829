#include "tests/support/certificates.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/stack.h"

#define LIFE_S 86400

struct authority {
	gnutls_x509_crt_t certificate;
	gnutls_x509_privkey_t key;
	const char *path;
};

/* What a certificate is for. */
enum use { AUTHORITY, SERVER, CLIENT };

const char *test_file(const char *name, const char *text)
{
	const char *folder = arena_format("%s/tls", stack_run_dir());
	const char *path = arena_format("%s/%s-%s", folder, fixture.name, name);
	FILE *file;

	(void)mkdir(folder, 0700);
	file = fopen(path, "we");
	cr_assert_not_null(file, "%s", path);
	cr_assert_geq(fputs(text, file), 0);
	cr_assert_eq(fclose(file), 0);
	return path;
}

static gnutls_x509_privkey_t make_key(void)
{
	gnutls_x509_privkey_t key;

	cr_assert_eq(gnutls_x509_privkey_init(&key), 0);
	cr_assert_eq(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
						  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
						  0),
		     0);
	return key;
}

static void set_use(gnutls_x509_crt_t certificate, enum use use)
{
	const unsigned char loopback[] = { 127, 0, 0, 1 };

	cr_assert_eq(gnutls_x509_crt_set_basic_constraints(certificate, use == AUTHORITY, -1), 0);
	cr_assert_eq(gnutls_x509_crt_set_key_usage(certificate,
						   use == AUTHORITY ? GNUTLS_KEY_KEY_CERT_SIGN
								    : GNUTLS_KEY_DIGITAL_SIGNATURE),
		     0);
	if (use == AUTHORITY)
		return;
	cr_assert_eq(gnutls_x509_crt_set_key_purpose_oid(certificate,
							 use == SERVER ? GNUTLS_KP_TLS_WWW_SERVER
								       : GNUTLS_KP_TLS_WWW_CLIENT,
							 0),
		     0);
	if (use == CLIENT)
		return;
	cr_assert_eq(gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME,
							  "localhost", 9, GNUTLS_FSAN_SET),
		     0);
	cr_assert_eq(gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS,
							  loopback, 4, GNUTLS_FSAN_APPEND),
		     0);
}

static gnutls_x509_crt_t make_certificate(const char *common_name, enum use use,
					  gnutls_x509_privkey_t key)
{
	static uint32_t serial;
	const uint32_t number = htonl(++serial);
	const time_t now = time(NULL);
	gnutls_x509_crt_t made;

	cr_assert_eq(gnutls_x509_crt_init(&made), 0);
	cr_assert_eq(gnutls_x509_crt_set_version(made, 3), 0);
	cr_assert_eq(gnutls_x509_crt_set_serial(made, &number, sizeof(number)), 0);
	cr_assert_eq(gnutls_x509_crt_set_activation_time(made, now - LIFE_S), 0);
	cr_assert_eq(gnutls_x509_crt_set_expiration_time(made, now + LIFE_S), 0);
	cr_assert_eq(gnutls_x509_crt_set_dn_by_oid(made, GNUTLS_OID_X520_COMMON_NAME, 0,
						   common_name, (unsigned)strlen(common_name)),
		     0);
	cr_assert_eq(gnutls_x509_crt_set_key(made, key), 0);
	set_use(made, use);
	return made;
}

static void sign(gnutls_x509_crt_t made, const struct authority *authority)
{
	cr_assert_eq(gnutls_x509_crt_sign2(made, authority->certificate, authority->key,
					   GNUTLS_DIG_SHA256, 0),
		     0);
}

static const char *write_certificate(gnutls_x509_crt_t certificate, const char *name)
{
	gnutls_datum_t text;
	const char *path;

	cr_assert_eq(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &text), 0);
	path = test_file(name, (const char *)text.data);
	gnutls_free(text.data);
	return path;
}

static const char *write_key(gnutls_x509_privkey_t key, const char *name)
{
	gnutls_datum_t text;
	const char *path;

	cr_assert_eq(gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
						       GNUTLS_PKCS_PLAIN, &text),
		     0);
	path = test_file(name, (const char *)text.data);
	gnutls_free(text.data);
	return path;
}

struct authority *authority_make(const char *name)
{
	struct authority *made = arena_alloc(sizeof(*made));

	made->key = make_key();
	made->certificate = make_certificate(name, AUTHORITY, made->key);
	sign(made->certificate, made);
	made->path = write_certificate(made->certificate, arena_format("%s.ca.pem", name));
	return made;
}

const char *authority_path(const struct authority *authority)
{
	return authority->path;
}

static struct certificate issue(const struct authority *authority, const char *common_name,
				enum use use, const char *file)
{
	gnutls_x509_privkey_t key = make_key();
	gnutls_x509_crt_t made = make_certificate(common_name, use, key);
	struct certificate paths = { 0 };

	sign(made, authority);
	paths.certificate = write_certificate(made, arena_format("%s.pem", file));
	paths.key = write_key(key, arena_format("%s.key", file));
	paths.expires_s = gnutls_x509_crt_get_expiration_time(made);
	gnutls_x509_crt_deinit(made);
	gnutls_x509_privkey_deinit(key);
	return paths;
}

struct certificate authority_server(const struct authority *authority, const char *file)
{
	return issue(authority, "order-service", SERVER, file);
}

struct certificate authority_client(const struct authority *authority, const char *common_name)
{
	return issue(authority, common_name, CLIENT, common_name);
}
