#include "order-service/sync/delivery_call.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whole, and with nothing behind host and port. */
static bool is_base_url(const char *url)
{
	CURLU *parsed = curl_url();
	char *scheme = NULL, *path = NULL;
	bool good = parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
		    curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		    curl_url_get(parsed, CURLUPART_PATH, &path, 0) == CURLUE_OK &&
		    strcmp(scheme, "http") == 0 && strcmp(path, "/") == 0;

	curl_free(scheme);
	curl_free(path);
	curl_url_cleanup(parsed);
	return good;
}

enum status delivery_call_init(struct delivery_call_target *target, const char *base_url,
			       int64_t timeout_ms, const _Atomic bool *stopping, struct error *err)
{
	size_t len = strlen(base_url);

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(err, ST_INTERNAL, "libcurl cannot start");
	if (!is_base_url(base_url)) {
		curl_global_cleanup();
		return error_set(err, ST_INVALID,
				 "DELIVERY_URL must be like http://127.0.0.1:8082, not \"%.100s\"",
				 base_url);
	}
	if (base_url[len - 1] == '/')
		len--;
	if (asprintf(&target->url, "%.*s/deliveries", (int)len, base_url) < 0) {
		curl_global_cleanup();
		return error_set(err, ST_INTERNAL, "out of memory");
	}
	target->timeout_ms = timeout_ms;
	target->stopping = stopping;
	return ST_OK;
}

void delivery_call_fini(struct delivery_call_target *target)
{
	free(target->url);
	curl_global_cleanup();
}

/* curl's write callback: the answer's status says all. */
static size_t discard(char *data, size_t size, size_t count, void *context)
{
	(void)data;
	(void)context;
	return size * count;
}

/* curl's progress callback, about once a second while nothing happens. */
static int on_progress(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
		       curl_off_t up)
{
	const struct delivery_call_target *target = context;

	(void)down_total;
	(void)down;
	(void)up_total;
	(void)up;
	return atomic_load(target->stopping);
}

static void set_options(CURL *curl, const struct delivery_call_target *target,
			const struct curl_slist *headers, const char *event)
{
	(void)curl_easy_setopt(curl, CURLOPT_URL, target->url);
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)target->timeout_ms);
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)target->timeout_ms);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, event);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard);
	(void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, target);
}

static enum status read_outcome(CURL *curl, CURLcode code,
				const struct delivery_call_target *target, struct error *err)
{
	long status = 0;

	switch (code) {
	case CURLE_OK:
		(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
		if (status / 100 == 2)
			return ST_OK;
		return error_set(err, ST_REFUSED, "delivery-service answered %ld", status);
	case CURLE_OPERATION_TIMEDOUT:
		return error_set(
			err, ST_TIMEOUT,
			"delivery-service did not answer in %" PRId64
			" ms: the order is unchanged, its delivery may be there all the same",
			target->timeout_ms);
	case CURLE_ABORTED_BY_CALLBACK:
		return error_set(err, ST_UNAVAILABLE, "stopping");
	case CURLE_OUT_OF_MEMORY:
		return error_set(err, ST_UNAVAILABLE, "out of memory");
	default:
		return error_set(err, ST_REFUSED, "delivery-service cannot be asked: %s",
				 curl_easy_strerror(code));
	}
}

enum status delivery_call(const struct delivery_call_target *target, const char *event,
			  struct error *err)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	CURL *curl = curl_easy_init();
	enum status st = ST_UNAVAILABLE;

	if (!curl || !headers) {
		(void)error_set(err, st, "out of memory");
	} else {
		set_options(curl, target, headers, event);
		st = read_outcome(curl, curl_easy_perform(curl), target, err);
	}
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	return st;
}
