#include "tests/faults/counters.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MS 1000L

/* Of a page of metrics: the value of a sample without labels; 0 without it. */
static int64_t sample(const char *page, const char *name)
{
	char start[80];
	const char *line;

	(void)snprintf(start, sizeof(start), "\n%s ", name);
	line = strstr(page, start);
	return line ? (int64_t)strtod(line + strlen(start), NULL) : 0;
}

/* curl's write callback. */
static size_t collect(char *data, size_t size, size_t count, void *page)
{
	return fwrite(data, size, count, page);
}

/* The page, owned by the caller; "" without an answer. */
static char *fetch(int port)
{
	char url[64], *text = NULL;
	size_t len = 0;
	FILE *page = open_memstream(&text, &len);
	CURL *curl = curl_easy_init();

	if (page && curl) {
		(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/metrics", port);
		(void)curl_easy_setopt(curl, CURLOPT_URL, url);
		(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
		(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
		(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, ANSWER_MS);
		(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
		(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, page);
		(void)curl_easy_perform(curl);
	}
	curl_easy_cleanup(curl);
	if (page)
		(void)fclose(page);
	return text;
}

void counters_add(struct counters *counters, int port)
{
	char *page = fetch(port);

	if (!page)
		return;
	atomic_fetch_add(&counters->recognised_repeats,
			 sample(page, "delivery_events_duplicate_total"));
	atomic_fetch_add(&counters->parked, sample(page, "delivery_events_parked_total"));
	free(page);
}
