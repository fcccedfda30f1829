#include "tools/demo/call.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "common/service/http_caller.h"

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
	struct call_answer *answer = context;
	size_t len = size * count, room = CALL_BODY_SIZE - 1 - answer->len;
	size_t kept = len < room ? len : room;

	memcpy(answer->body + answer->len, data, kept);
	answer->len += kept;
	answer->body[answer->len] = '\0';
	return len;
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
	struct call_answer *answer = context;
	size_t len = size * count;

	if (len > 5 && memcmp(data, "HTTP/", 5) == 0)
		(void)snprintf(answer->status_line, sizeof(answer->status_line), "%.*s",
			       (int)strcspn(data, "\r\n"), data);
	return len;
}

static void set_options(CURL *curl, const char *method, const char *body, long timeout_ms,
			struct call_answer *answer)
{
	(void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	(void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer);
	if (body)
		(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
}

enum status call_make(const char *method, int port, const char *path, const char *body,
		      long timeout_ms, struct call_answer *answer, struct error *err)
{
	CURL *curl = curl_easy_init();
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	const struct http_caller caller = http_caller_from_environment();
	char url[256];
	long status = 0;
	CURLcode code;
	bool known;

	answer->len = 0;
	answer->body[0] = answer->status_line[0] = '\0';
	if (!curl || !headers) {
		curl_slist_free_all(headers);
		curl_easy_cleanup(curl);
		return error_set(err, ST_INTERNAL, "out of memory");
	}
	(void)snprintf(url, sizeof(url), "%s://127.0.0.1:%d%s", http_caller_scheme(&caller), port,
		       path);
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	set_options(curl, method, body, timeout_ms, answer);
	if (body)
		(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	known = http_caller_apply(&caller, curl, err) == ST_OK;
	code = known ? curl_easy_perform(curl) : CURLE_OK;
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	answer->status = (int)status;
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	if (!known)
		return err->status;
	if (code != CURLE_OK)
		return error_set(err, ST_UNAVAILABLE, "%s %s: %s", method, url,
				 curl_easy_strerror(code));
	return ST_OK;
}
