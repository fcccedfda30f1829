#include "common/http/http_guard.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/http/http_connection.h"
#include "common/http/http_handshake.h"
#include "common/http/http_identities.h"
#include "common/http/http_json.h"
#include "common/runtime/log.h"

#define FILE_MAX       (1024 * 1024)
#define SCHEME         "Bearer"
#define REALM          "Bearer realm=\"ordering-lab\""
#define REFUSED_LOG_MS 10000

/* Why a request was refused. */
enum why { NOBODY, UNKNOWN_TOKEN, TOO_FEW_SCOPES, WHYS };
static const char *const why_names[WHYS] = { "none", "unknown", "scope" };

struct http_guard {
	const char *path; /* NULL: a client certificate is enough */
	pthread_mutex_t mu;
	struct http_identities *identities; /* guarded by mu */
	_Atomic int64_t refused[WHYS];
	int64_t next_log_ms;
};

/* --- the file ------------------------------------------------------------------------------ */

static enum status read_text(const char *path, char *text, size_t *len, struct error *err)
{
	FILE *file = fopen(path, "re");
	bool failed;

	if (!file)
		return error_set(err, ST_INVALID, "%s", strerror(errno));
	*len = fread(text, 1, FILE_MAX, file);
	failed = ferror(file);
	(void)fclose(file);
	if (failed || *len == FILE_MAX)
		return error_set(err, ST_INVALID,
				 failed ? "cannot be read" : "longer than a megabyte");
	return ST_OK;
}

static enum status read_file(struct http_identities **out, const char *path, struct error *err)
{
	char *text = malloc(FILE_MAX);
	enum status st = text ? ST_OK : error_set(err, ST_INTERNAL, "out of memory");
	size_t len = 0;

	if (st == ST_OK)
		st = read_text(path, text, &len, err);
	if (st == ST_OK)
		st = http_identities_read(out, text, len, err);
	free(text);
	/* One that is being written, more likely than one that is meant. */
	if (st == ST_OK && http_identities_count(*out) == 0) {
		http_identities_free(*out);
		st = error_set(err, ST_INVALID, "there is no identity in it");
	}
	return st == ST_OK ? ST_OK : error_wrap(err, "HTTP_IDENTITIES=%.100s", path);
}

enum status http_guard_open(struct http_guard **out, const char *path, struct error *err)
{
	struct http_guard *guard = calloc(1, sizeof(*guard));

	if (!guard)
		return error_set(err, ST_INTERNAL, "out of memory");
	guard->path = path;
	if (path && read_file(&guard->identities, path, err) != ST_OK) {
		free(guard);
		return err->status;
	}
	(void)pthread_mutex_init(&guard->mu, NULL);
	*out = guard;
	return ST_OK;
}

void http_guard_close(struct http_guard *guard)
{
	if (!guard)
		return;
	http_identities_free(guard->identities);
	(void)pthread_mutex_destroy(&guard->mu);
	free(guard);
}

enum status http_guard_reload(struct http_guard *guard, struct error *err)
{
	struct http_identities *now = NULL, *old;

	if (!guard->path)
		return ST_OK;
	if (read_file(&now, guard->path, err) != ST_OK)
		return err->status;
	(void)pthread_mutex_lock(&guard->mu);
	old = guard->identities;
	guard->identities = now;
	(void)pthread_mutex_unlock(&guard->mu);
	http_identities_free(old);
	return ST_OK;
}

/* --- who it is ----------------------------------------------------------------------------- */

/* The token of "Bearer <token>"; NULL: the field says something else. */
static const char *token_of(const char *authorization)
{
	const size_t len = strlen(SCHEME);

	if (!authorization || strncasecmp(authorization, SCHEME, len) != 0 ||
	    authorization[len] != ' ')
		return NULL;
	return authorization + len + strspn(authorization + len, " ");
}

static bool client_certificate(struct http_connection *c)
{
	if (!c->client_known)
		c->has_certificate = http_handshake_client(c, &c->common_name);
	c->client_known = true;
	return c->has_certificate;
}

/* Copies whoever it is; the file may be read again at once. False: nobody. */
static bool find(struct http_guard *guard, struct http_connection *c, const char *token,
		 struct http_identity *who)
{
	const struct http_identity *found = NULL;
	unsigned char hash[HTTP_TOKEN_HASH_BYTES];

	if (token &&
	    (!*token || gnutls_hash_fast(GNUTLS_DIG_SHA256, token, strlen(token), hash) != 0))
		return false;
	if (!token && (!client_certificate(c) || !c->common_name))
		return false;
	(void)pthread_mutex_lock(&guard->mu);
	found = token ? http_identities_by_hash(guard->identities, hash)
		      : http_identities_by_common_name(guard->identities, c->common_name);
	if (found)
		*who = *found;
	(void)pthread_mutex_unlock(&guard->mu);
	return found;
}

/* --- refused ------------------------------------------------------------------------------- */

static int64_t count_refused(struct http_guard *guard, enum why why)
{
	return atomic_fetch_add(&guard->refused[why], 1) + 1;
}

static void log_refused(struct http_guard *guard, const struct http_connection *c, enum why why,
			const char *name)
{
	const int64_t refused = count_refused(guard, why);

	if (log_due(&guard->next_log_ms, REFUSED_LOG_MS))
		log_warn("http", "a caller was refused",
			 "why=%s identity=%s method=%s route=%s refused=%" PRId64, why_names[why],
			 LOG_QUOTE(name), LOG_QUOTE(c->route->method), LOG_QUOTE(c->route->path),
			 refused);
}

static bool refuse_nobody(struct http_guard *guard, struct http_connection *c, bool token,
			  struct http_response *response)
{
	log_refused(guard, c, token ? UNKNOWN_TOKEN : NOBODY, "");
	http_response_header(response, "WWW-Authenticate", REALM "%s",
			     token ? ", error=\"invalid_token\"" : "");
	http_respond_problem(response, HTTP_PROBLEM_IDENTITY_MISSING, "Authorization",
			     token ? "nobody has that token"
				   : "send a bearer token, or come with a client certificate that "
				     "is known");
	return false;
}

static bool refuse_scope(struct http_guard *guard, struct http_connection *c, const char *name,
			 struct http_response *response)
{
	const char *scope = http_scope_name(c->route->scope);

	log_refused(guard, c, TOO_FEW_SCOPES, name);
	http_response_header(response, "WWW-Authenticate",
			     REALM ", error=\"insufficient_scope\", scope=\"%s\"", scope);
	http_respond_problem(response, HTTP_PROBLEM_SCOPE_MISSING, NULL,
			     "%s %s needs the scope %s, which %s has not", c->route->method,
			     c->route->path, scope, name);
	return false;
}

bool http_guard_admits(struct http_guard *guard, struct http_connection *c,
		       struct http_response *response)
{
	const char *token = token_of(c->framing.known[HTTP_AUTHORIZATION]);
	struct http_identity who;

	if (c->route->scope == HTTP_SCOPE_NONE)
		return true;
	if (!guard->path)
		return client_certificate(c) || refuse_nobody(guard, c, false, response);
	if (!find(guard, c, token, &who))
		return refuse_nobody(guard, c, token, response);
	return (who.scopes >> c->route->scope & 1) || refuse_scope(guard, c, who.name, response);
}

void http_guard_metrics(const struct http_guard *guard, struct metrics_out *out)
{
	static const char name[] = "http_identity_refusals_total";

	metrics_family(
		out, name, "counter",
		"Requests refused: from nobody, with an unknown token, with too few scopes.");
	for (int i = 0; i < WHYS; i++) {
		char label[32];

		(void)snprintf(label, sizeof(label), "why=\"%s\"", why_names[i]);
		metrics_sample(out, name, label, guard ? atomic_load(&guard->refused[i]) : 0);
	}
}
