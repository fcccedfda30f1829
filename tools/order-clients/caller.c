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
#include "common/service/http_caller.h"

#define CONNECT_TIMEOUT_MS 500L
#define TOTAL_TIMEOUT_MS   3000L
#define AVOID_MS           1000 /* a server that did not answer is not asked for so long */

struct caller {
	CURL *curl[2]; /* the second: of a call that is made twice */
	CURLM *both;
	const int *ports;
	size_t port_count;
	int64_t avoid_until_mono_ms[CALLER_SERVERS_MAX];
	struct tally *tally;
	struct http_caller as;
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
	*caller = (struct caller){ .curl = { curl_easy_init(), curl_easy_init() },
				   .both = curl_multi_init(),
				   .ports = ports,
				   .port_count = port_count,
				   .tally = tally,
				   .as = http_caller_from_environment() };
	if (!caller->curl[0] || !caller->curl[1] || !caller->both) {
		caller_close(caller);
		return error_set(err, ST_INTERNAL, "libcurl gives no handle");
	}
	*out = caller;
	return ST_OK;
}

void caller_close(struct caller *caller)
{
	if (!caller)
		return;
	curl_easy_cleanup(caller->curl[0]);
	curl_easy_cleanup(caller->curl[1]);
	(void)curl_multi_cleanup(caller->both);
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

/* A call on its way. */
struct call {
	CURL *curl;
	size_t server;
	struct curl_slist *headers;
	struct answer *answer;
	CURLcode code;
};

static struct call begin(struct caller *caller, size_t handle, size_t server, const char *method,
			 const char *path, const char *body, const char *header,
			 struct answer *answer)
{
	struct call call = { .curl = caller->curl[handle],
			     .server = server,
			     .headers = curl_slist_append(NULL, "Content-Type: application/json"),
			     .answer = answer };
	char url[128];

	*answer = (struct answer){ 0 };
	if (header)
		call.headers = curl_slist_append(call.headers, header);
	(void)snprintf(url, sizeof(url), "%s://127.0.0.1:%d%s", http_caller_scheme(&caller->as),
		       caller->ports[server], path);
	prepare(call.curl, url, method, body, call.headers, answer);
	/* Without its token it is refused, and counted so. */
	(void)!http_caller_apply(&caller->as, call.curl, &(struct error){ 0 });
	return call;
}

static bool end(struct caller *caller, const struct call *call)
{
	struct answer *answer = call->answer;
	long status = 0, connects = 0;

	(void)curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(call->curl, CURLINFO_NUM_CONNECTS, &connects);
	curl_slist_free_all(call->headers);
	if (call->code == CURLE_OK)
		answer->status = (int)status;
	else
		caller->avoid_until_mono_ms[call->server] = clock_mono_ms() + AVOID_MS;
	answer->sure = answer->status > 0 && answer->status < 500 && connects == 0;
	if (answer->status > 0 && answer->status < 500)
		return true;
	tally_failure(caller->tally, answer->status);
	return false;
}

bool caller_call(struct caller *caller, uint32_t server, const char *method, const char *path,
		 const char *body, const char *header, struct answer *answer)
{
	struct call call =
		begin(caller, 0, choose(caller, server), method, path, body, header, answer);

	call.code = curl_easy_perform(call.curl);
	return end(caller, &call);
}

/* Until both are through. */
static void perform(struct caller *caller, struct call calls[2])
{
	int running = 2, left;
	CURLMsg *message;

	for (int i = 0; i < 2; i++)
		(void)curl_multi_add_handle(caller->both, calls[i].curl);
	while (curl_multi_perform(caller->both, &running) == CURLM_OK && running > 0)
		(void)curl_multi_poll(caller->both, NULL, 0, 1000, NULL);
	while ((message = curl_multi_info_read(caller->both, &left))) {
		for (int i = 0; i < 2; i++) {
			if (calls[i].curl == message->easy_handle)
				calls[i].code = message->data.result;
		}
	}
	for (int i = 0; i < 2; i++)
		(void)curl_multi_remove_handle(caller->both, calls[i].curl);
}

void caller_call_twice(struct caller *caller, uint32_t server, const char *method, const char *path,
		       const char *body, const char *header, struct answer answers[2],
		       bool answered[2])
{
	struct call calls[2];

	for (uint32_t i = 0; i < 2; i++)
		calls[i] = begin(caller, i, choose(caller, server + i), method, path, body, header,
				 &answers[i]);
	perform(caller, calls);
	for (int i = 0; i < 2; i++)
		answered[i] = end(caller, &calls[i]);
}
