#include "order-service/sync/delivery_call.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/runtime/log.h"

/* Whole, and with nothing behind host and port. */
static bool is_base_url(const char *url)
{
	CURLU *parsed = curl_url();
	char *scheme = NULL, *path = NULL;
	bool good = parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
		    curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		    curl_url_get(parsed, CURLUPART_PATH, &path, 0) == CURLUE_OK &&
		    (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) &&
		    strcmp(path, "/") == 0;

	curl_free(scheme);
	curl_free(path);
	curl_url_cleanup(parsed);
	return good;
}

enum status delivery_call_init(struct delivery_call_target *target,
			       const struct delivery_call_config *config, struct error *err)
{
	size_t len = strlen(config->base_url);

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(err, ST_INTERNAL, "libcurl cannot start");
	if (!is_base_url(config->base_url)) {
		curl_global_cleanup();
		return error_set(err, ST_INVALID,
				 "DELIVERY_URL must be like http://127.0.0.1:8082, not \"%.100s\"",
				 config->base_url);
	}
	if (config->base_url[len - 1] == '/')
		len--;
	target->kept = calloc((size_t)config->kept + 1, sizeof(CURL *));
	if (!target->kept ||
	    asprintf(&target->url, "%.*s%s", (int)len, config->base_url, config->path) < 0) {
		free(target->kept);
		curl_global_cleanup();
		return error_set(err, ST_INTERNAL, "out of memory");
	}
	(void)pthread_mutex_init(&target->mu, NULL);
	target->caller = config->caller;
	target->timeout_ms = config->timeout_ms;
	target->kept_max = (size_t)config->kept;
	target->kept_count = 0;
	target->next_log_mono_ms = 0;
	return ST_OK;
}

void delivery_call_fini(struct delivery_call_target *target)
{
	for (size_t i = 0; i < target->kept_count; i++)
		curl_easy_cleanup(target->kept[i]);
	free(target->kept);
	free(target->url);
	(void)pthread_mutex_destroy(&target->mu);
	curl_global_cleanup();
}

/* NULL: out of memory. */
static CURL *take(struct delivery_call_target *target)
{
	CURL *curl = NULL;

	(void)pthread_mutex_lock(&target->mu);
	if (target->kept_count > 0)
		curl = target->kept[--target->kept_count];
	(void)pthread_mutex_unlock(&target->mu);
	return curl ? curl : curl_easy_init();
}

/* curl may be NULL. Its connection stays open if it is kept. */
static void give(struct delivery_call_target *target, CURL *curl)
{
	if (!curl)
		return;
	curl_easy_reset(curl);
	(void)pthread_mutex_lock(&target->mu);
	if (target->kept_count < target->kept_max) {
		target->kept[target->kept_count++] = curl;
		curl = NULL;
	}
	(void)pthread_mutex_unlock(&target->mu);
	curl_easy_cleanup(curl);
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
	return atomic_load(&target->stopping);
}

/* Which file it is, and what is wrong with it, is for the log: the error goes to the client. */
static void log_no_token(struct delivery_call_target *target, const struct error *err)
{
	bool due;

	(void)pthread_mutex_lock(&target->mu);
	due = log_due(&target->next_log_mono_ms, 2000);
	(void)pthread_mutex_unlock(&target->mu);
	if (due)
		log_warn("sync", "no token to show to delivery-service", "error=%s",
			 LOG_QUOTE(err->msg));
}

static enum status set_options(CURL *curl, struct delivery_call_target *target,
			       const struct curl_slist *headers, const char *body,
			       struct error *err)
{
	(void)curl_easy_setopt(curl, CURLOPT_URL, target->url);
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)target->timeout_ms);
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)target->timeout_ms);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard);
	(void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, target);
	if (http_caller_apply(target->caller, curl, err) == ST_OK)
		return ST_OK;
	log_no_token(target, err);
	return error_set(err, ST_REFUSED, "delivery-service cannot be asked: no token to show");
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
		return error_set(err, status / 100 == 4 ? ST_INVALID : ST_REFUSED,
				 "delivery-service answered %ld", status);
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

enum status delivery_call(struct delivery_call_target *target, const char *body, struct error *err)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	CURL *curl = take(target);
	enum status st = ST_UNAVAILABLE;

	if (!curl || !headers) {
		(void)error_set(err, st, "out of memory");
	} else {
		st = set_options(curl, target, headers, body, err);
		if (st == ST_OK)
			st = read_outcome(curl, curl_easy_perform(curl), target, err);
	}
	give(target, curl);
	curl_slist_free_all(headers);
	return st;
}
