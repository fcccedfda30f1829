/*
 * libcurl sends a call again by itself when a connection that it kept turns out to be dead, and
 * tells nobody. It made a new connection then; so after a call with a new connection the client
 * cannot be sure that its call was sent only once.
 */
#include "tools/order-clients/caller.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/runtime/clock.h"

#define CONNECT_TIMEOUT_MS 500L
#define TOTAL_TIMEOUT_MS   3000L
#define AVOID_MS           1000 /* a server that did not answer is not asked for so long */

struct caller {
	CURL *curl;
	const int *ports;
	size_t port_count;
	int64_t avoid_until_mono_ms[CALLER_SERVERS_MAX];
	struct tally *tally;
};

/* curl's write callback; a body that is too long is an error. */
static size_t collect(char *data, size_t size, size_t count, void *context)
{
	struct answer *answer = context;
	size_t len = size * count;

	if (answer->body_len + len >= sizeof(answer->body))
		return 0;
	memcpy(answer->body + answer->body_len, data, len);
	answer->body_len += len;
	answer->body[answer->body_len] = '\0';
	return len;
}

enum status caller_open(struct caller **out, const int *ports, size_t port_count,
			struct tally *tally, struct error *err)
{
	struct caller *caller = calloc(1, sizeof(*caller));

	if (!caller)
		return error_set(err, ST_INTERNAL, "out of memory");
	*caller = (struct caller){
		.curl = curl_easy_init(), .ports = ports, .port_count = port_count, .tally = tally
	};
	if (!caller->curl) {
		free(caller);
		return error_set(err, ST_INTERNAL, "libcurl gives no handle");
	}
	*out = caller;
	return ST_OK;
}

void caller_close(struct caller *caller)
{
	if (!caller)
		return;
	curl_easy_cleanup(caller->curl);
	free(caller);
}

/* The wanted server, or the first after it that is not to be avoided now. */
static size_t choose(const struct caller *caller, uint32_t wanted)
{
	int64_t now = clock_mono_ms();

	for (size_t i = 0; i < caller->port_count; i++) {
		size_t server = (wanted + i) % caller->port_count;

		if (now >= caller->avoid_until_mono_ms[server])
			return server;
	}
	return wanted % caller->port_count;
}

/* Everything that differs from call to call. */
static void prepare(CURL *curl, const char *url, const char *method, const char *body,
		    struct curl_slist *headers, struct answer *answer)
{
	curl_easy_reset(curl);
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TOTAL_TIMEOUT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	if (body)
		(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	(void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
}

bool caller_call(struct caller *caller, uint32_t server, const char *method, const char *path,
		 const char *body, const char *header, struct answer *answer)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	size_t chosen = choose(caller, server);
	long status = 0, connects = 0;
	char url[128];
	CURLcode code;

	*answer = (struct answer){ 0 };
	if (header)
		headers = curl_slist_append(headers, header);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", caller->ports[chosen], path);
	prepare(caller->curl, url, method, body, headers, answer);
	code = curl_easy_perform(caller->curl);
	(void)curl_easy_getinfo(caller->curl, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(caller->curl, CURLINFO_NUM_CONNECTS, &connects);
	curl_slist_free_all(headers);
	if (code == CURLE_OK)
		answer->status = (int)status;
	else
		caller->avoid_until_mono_ms[chosen] = clock_mono_ms() + AVOID_MS;
	answer->sure = answer->status > 0 && answer->status < 500 && connects == 0;
	if (answer->status > 0 && answer->status < 500)
		return true;
	tally_failure(caller->tally, answer->status);
	return false;
}
