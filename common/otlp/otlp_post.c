#include "common/otlp/otlp_post.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/runtime/clock.h"

#define ANSWER_MAX 4096 /* of the collector's answer; more is not looked at */

/* --- settings ------------------------------------------------------------------------------ */

static bool is_http(const char *url)
{
	CURLU *parsed = curl_url();
	char *scheme = NULL;
	bool good = parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
		    curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		    (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);

	curl_free(scheme);
	curl_url_cleanup(parsed);
	return good;
}

static bool append(struct curl_slist **list, const char *line)
{
	struct curl_slist *grown = curl_slist_append(*list, line);

	if (grown)
		*list = grown;
	return grown;
}

/* name=value, the value percent-encoded. */
static enum status add_header(struct curl_slist **list, const char *text, size_t len,
			      struct error *err)
{
	const char *equals = memchr(text, '=', len);
	int name = equals ? (int)(equals - text) : 0;
	int value_len = equals ? (int)len - name - 1 : 0; /* 0 is all that follows to curl */
	char *value = value_len > 0 ? curl_easy_unescape(NULL, equals + 1, value_len, NULL) : NULL;
	char line[2048];
	bool good = value && name > 0 && !strpbrk(value, "\r\n") &&
		    snprintf(line, sizeof(line), "%.*s: %s", name, text, value) <
			    (int)sizeof(line) &&
		    append(list, line);

	curl_free(value);
	return good ? ST_OK
		    : error_set(err, ST_INVALID,
				"OTEL_EXPORTER_OTLP_HEADERS must be like name=value,name=value");
}

static enum status add_headers(struct curl_slist **list, const char *text, struct error *err)
{
	while (*text) {
		size_t len = strcspn(text, ",");

		if (len > 0 && add_header(list, text, len, err) != ST_OK)
			return err->status;
		text += len + (text[len] == ',');
	}
	return ST_OK;
}

/* The answer's beginning, as text. */
struct answer {
	char text[ANSWER_MAX + 1];
	size_t len;
};

static size_t take_answer(char *data, size_t size, size_t count, void *context)
{
	struct answer *answer = context;
	size_t all = size * count, room = ANSWER_MAX - answer->len;
	size_t taken = all < room ? all : room;

	memcpy(answer->text + answer->len, data, taken);
	answer->len += taken;
	answer->text[answer->len] = '\0';
	return all;
}

/* curl's progress callback, about once a second while nothing happens. */
static int on_progress(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
		       curl_off_t up)
{
	const struct otlp_post *post = context;

	(void)down_total;
	(void)down;
	(void)up_total;
	(void)up;
	return clock_mono_ms() >= atomic_load(&post->stop_mono_ms);
}

static void set_options(struct otlp_post *post)
{
	CURL *curl = post->curl;

	(void)curl_easy_setopt(curl, CURLOPT_URL, post->url);
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, post->headers);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer);
	(void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, post);
}

static enum status make(struct otlp_post *post, const char *endpoint, const char *headers,
			struct error *err)
{
	size_t len = strlen(endpoint);

	if (!is_http(endpoint))
		return error_set(err, ST_INVALID,
				 "OTEL_EXPORTER_OTLP_ENDPOINT must be like http://127.0.0.1:4318");
	if (add_headers(&post->headers, headers, err) != ST_OK)
		return err->status;
	if (endpoint[len - 1] == '/')
		len--;
	post->curl = curl_easy_init();
	if (!post->curl || asprintf(&post->url, "%.*s/v1/traces", (int)len, endpoint) < 0 ||
	    !append(&post->headers, "Content-Type: application/json") ||
	    !append(&post->headers, "Expect:"))
		return error_set(err, ST_INTERNAL, "out of memory");
	set_options(post);
	return ST_OK;
}

enum status otlp_post_init(struct otlp_post *post, const char *endpoint, const char *headers,
			   int64_t timeout_ms, struct error *err)
{
	*post = (struct otlp_post){ .timeout_ms = timeout_ms };
	atomic_store(&post->stop_mono_ms, INT64_MAX);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(err, ST_INTERNAL, "libcurl cannot start");
	if (make(post, endpoint, headers, err) == ST_OK)
		return ST_OK;
	otlp_post_fini(post);
	return err->status;
}

void otlp_post_fini(struct otlp_post *post)
{
	curl_easy_cleanup(post->curl);
	curl_slist_free_all(post->headers);
	free(post->url);
	curl_global_cleanup();
	*post = (struct otlp_post){ 0 };
}

/* --- sending ------------------------------------------------------------------------------- */

/* {"partialSuccess":{"rejectedSpans":"3"}}: a number, or one as text. */
static int64_t rejected_of(const char *text)
{
	json_t *root = json_loads(text, 0, NULL);
	const json_t *count =
		json_object_get(json_object_get(root, "partialSuccess"), "rejectedSpans");
	const char *digits = json_string_value(count);
	int64_t rejected = json_integer_value(count);

	if (digits)
		(void)parse_i64(digits, strlen(digits), 0, INT64_MAX, &rejected);
	json_decref(root);
	return rejected;
}

static enum status judge(struct otlp_post *post, const struct answer *answer, struct error *err)
{
	long status = 0;

	(void)curl_easy_getinfo(post->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status / 100 == 2) {
		post->rejected = rejected_of(answer->text);
		return ST_OK;
	}
	/* Those that the protocol says to try again. */
	if (status == 429 || status == 502 || status == 503 || status == 504)
		return error_set(err, ST_UNAVAILABLE, "the collector answered %ld", status);
	return error_set(err, ST_REFUSED, "the collector answered %ld: %.120s", status,
			 answer->text);
}

enum status otlp_post_send(struct otlp_post *post, const char *body, size_t len, struct error *err)
{
	int64_t left = atomic_load(&post->stop_mono_ms) - clock_mono_ms();
	int64_t timeout = left < post->timeout_ms ? left : post->timeout_ms;
	struct answer answer = { .len = 0 };
	CURLcode code;

	post->rejected = 0;
	if (timeout <= 0)
		return error_set(err, ST_UNAVAILABLE, "stopping");
	(void)curl_easy_setopt(post->curl, CURLOPT_TIMEOUT_MS, (long)timeout);
	(void)curl_easy_setopt(post->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout);
	(void)curl_easy_setopt(post->curl, CURLOPT_WRITEDATA, &answer);
	(void)curl_easy_setopt(post->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
	(void)curl_easy_setopt(post->curl, CURLOPT_POSTFIELDS, body);
	code = curl_easy_perform(post->curl);
	if (code != CURLE_OK)
		return error_set(err, ST_UNAVAILABLE, "the collector cannot be asked: %s",
				 curl_easy_strerror(code));
	return judge(post, &answer, err);
}
