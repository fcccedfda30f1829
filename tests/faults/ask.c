#include "tests/faults/ask.h"

#include <curl/curl.h>
#include <stdio.h>

#include "common/service/http_caller.h"

#define ANSWER_MS 2500L /* /readyz takes a second, whatever hangs */

/* curl's write callback. */
static size_t collect(char *data, size_t size, size_t count, void *page)
{
	return fwrite(data, size, count, page);
}

static void perform(CURL *curl, const char *url, FILE *page, long *status)
{
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, ANSWER_MS);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, page);
	if (curl_easy_perform(curl) == CURLE_OK)
		(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
}

char *ask_get(int port, const char *path, long *status)
{
	const struct http_caller caller = http_caller_from_environment();
	struct error err = { 0 };
	char url[80], *text = NULL;
	size_t len = 0;
	FILE *page = open_memstream(&text, &len);
	CURL *curl = curl_easy_init();

	*status = 0;
	(void)snprintf(url, sizeof(url), "%s://127.0.0.1:%d%s", http_caller_scheme(&caller), port,
		       path);
	if (page && curl && http_caller_apply(&caller, curl, &err) == ST_OK)
		perform(curl, url, page, status);
	curl_easy_cleanup(curl);
	if (page)
		(void)fclose(page);
	return text;
}
