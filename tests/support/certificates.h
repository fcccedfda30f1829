/*
 * Certificates made for a test: an authority, and what it signs. They are P-256, good for a day,
 * and written as PEM into the run's folder.
 *
 * Threads: the test's own. Criterion's assertions fail the test.
 */
#ifndef TESTS_SUPPORT_CERTIFICATES_H
#define TESTS_SUPPORT_CERTIFICATES_H

#include <stdint.h>

struct authority;

/* Paths, in the arena. */
struct certificate {
	const char *certificate, *key;
	int64_t expires_s;
};

struct authority *authority_make(const char *name);
const char *authority_path(const struct authority *authority);

/* For a server at 127.0.0.1 and localhost, and for a client of that common name. file names the
 * files: made twice, they are overwritten. */
struct certificate authority_server(const struct authority *authority, const char *file);
struct certificate authority_client(const struct authority *authority, const char *common_name);

/* A file in the run's folder with that text; its path, in the arena. */
const char *test_file(const char *name, const char *text);

#endif
