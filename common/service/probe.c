#include "common/service/probe.h"

#include <curl/curl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_MS   2000L
#define NAME_MAX_LEN 256
#define END_S        3 /* whatever holds it up: a stdout that nobody reads, too */

/* Where the service is, and by what it is known. */
struct probe_target {
	char url[NAME_MAX_LEN + 64], shown[NAME_MAX_LEN], host[NAME_MAX_LEN + 8],
		connect[NAME_MAX_LEN + 8];
	const char *trust; /* PEM file; NULL: no TLS */
};

/* The path that the arguments ask for; NULL without one of the flags. */
static const char *path_of(int argc, char **argv)
{
	if (argc != 2)
		return NULL;
	if (strcmp(argv[1], "--ready") == 0)
		return "/readyz";
	return strcmp(argv[1], "--alive") == 0 ? "/healthz" : NULL;
}

/* The body goes to standard output. False: there was no answer, for the reason in why. */
static bool ask(CURL *curl, const struct probe_target *target, char why[CURL_ERROR_SIZE],
		long *status)
{
	struct curl_slist *host = curl_slist_append(NULL, target->host);
	struct curl_slist *address = curl_slist_append(NULL, target->connect);
	bool answered;

	(void)curl_easy_setopt(curl, CURLOPT_CONNECT_TO, address);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, host);
	if (target->trust)
		(void)curl_easy_setopt(curl, CURLOPT_CAINFO, target->trust);
	(void)curl_easy_setopt(curl, CURLOPT_URL, target->url);
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
	answered = curl_easy_perform(curl) == CURLE_OK &&
		   curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status) == CURLE_OK;
	curl_slist_free_all(host);
	curl_slist_free_all(address);
	return answered;
}

/* A name of the certificate's, so that it can be checked at whatever address the service listens;
 * a star stands for any label. False: it has none, or cannot be read. */
static bool read_name(const char *path, char name[NAME_MAX_LEN])
{
	gnutls_datum_t text = { NULL, 0 };
	gnutls_x509_crt_t certificate = NULL;
	size_t len = NAME_MAX_LEN;
	bool found = gnutls_load_file(path, &text) == 0 &&
		     gnutls_x509_crt_init(&certificate) == 0 &&
		     gnutls_x509_crt_import(certificate, &text, GNUTLS_X509_FMT_PEM) == 0;

	for (unsigned i = 0; found; i++) {
		int type;

		len = NAME_MAX_LEN;
		type = gnutls_x509_crt_get_subject_alt_name(certificate, i, name, &len, NULL);
		if (type == GNUTLS_SAN_DNSNAME)
			break;
		found = type != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
	}
	if (found && name[0] == '*')
		name[0] = 'x';
	if (certificate)
		gnutls_x509_crt_deinit(certificate);
	gnutls_free(text.data);
	return found;
}

/* By TLS it is called by its certificate's name, and trusted by HTTP_CA; without, it is the
 * certificate itself that is trusted: it is the service's own. */
static void set_target(struct probe_target *target, const struct service_config *config,
		       const char *path)
{
	const bool v6 = strchr(config->http_host, ':');
	const bool tls = config->http_tls_cert && config->http_tls_cert[0];
	const char *open = v6 ? "[" : "", *close = v6 ? "]" : "";
	char name[NAME_MAX_LEN] = "";

	(void)snprintf(target->shown, sizeof(target->shown), "%s%s%s:%" PRId64, open,
		       config->http_host, close, config->http_port);
	(void)snprintf(target->host, sizeof(target->host), "Host: %s", target->shown);
	(void)snprintf(target->connect, sizeof(target->connect), "::%s", target->shown);
	if (tls && read_name(config->http_tls_cert, name))
		(void)snprintf(target->url, sizeof(target->url), "https://%s:%" PRId64 "%s", name,
			       config->http_port, path);
	else
		(void)snprintf(target->url, sizeof(target->url), "%s://%s%s",
			       tls ? "https" : "http", target->shown, path);
	if (tls)
		target->trust = config->caller.ca && config->caller.ca[0] ? config->caller.ca
									  : config->http_tls_cert;
}

/* Returns the exit status. */
static int probe(const struct service_config *config, const char *path)
{
	struct probe_target target = { .trust = NULL };
	char why[CURL_ERROR_SIZE] = "";
	CURL *curl = curl_easy_init();
	long status = 0;

	(void)alarm(END_S);
	set_target(&target, config, path);
	if (curl && ask(curl, &target, why, &status))
		(void)putchar('\n');
	else
		(void)fprintf(stderr, "no answer from %s%s: %s\n", target.shown, path, why);
	curl_easy_cleanup(curl);
	return status == 200 ? 0 : 1;
}

int probe_main(const struct config_program *program, int argc, char **argv, void *cfg,
	       const struct service_config *service)
{
	const char *path = path_of(argc, argv);
	int done = config_main(program, path ? 1 : argc, argv, cfg);

	return done < 0 && path ? probe(service, path) : done;
}
