#include "common/service/probe.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_MS 2000L
#define END_S      3 /* whatever holds it up: a stdout that nobody reads, too */

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
static bool ask(CURL *curl, const char *url, char why[CURL_ERROR_SIZE], long *status)
{
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
	return curl_easy_perform(curl) == CURLE_OK &&
	       curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status) == CURLE_OK;
}

/* Returns the exit status. */
static int probe(const struct service_config *config, const char *path)
{
	bool v6 = strchr(config->http_host, ':');
	char why[CURL_ERROR_SIZE] = "", url[256];
	CURL *curl = curl_easy_init();
	long status = 0;

	(void)alarm(END_S);
	(void)snprintf(url, sizeof(url),
		       v6 ? "http://[%s]:%" PRId64 "%s" : "http://%s:%" PRId64 "%s",
		       config->http_host, config->http_port, path);
	if (curl && ask(curl, url, why, &status))
		(void)putchar('\n');
	else
		(void)fprintf(stderr, "no answer from %s: %s\n", url + strlen("http://"), why);
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
