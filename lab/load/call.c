#include "lab/load/call.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/parse.h"

#define LOCATION "location: /orders/"
#define ORDER                                                                                      \
	"{\"customerId\":2000,\"productId\":\"100\",\"productName\":\"RADIO\",\"qty\":3,"          \
	"\"address\":\"PUSAN\"}"

/* curl's header callback: the order that was made. */
static size_t take_header(char *line, size_t size, size_t count, void *context)
{
	const size_t len = size * count, prefix = sizeof(LOCATION) - 1;
	struct call *call = context;
	size_t digits = 0;

	if (len > prefix && strncasecmp(line, LOCATION, prefix) == 0) {
		while (prefix + digits < len && line[prefix + digits] >= '0' &&
		       line[prefix + digits] <= '9')
			digits++;
		(void)parse_i64(line + prefix, digits, 1, INT64_MAX, &call->order_id);
	}
	return len;
}

/* curl's write callback: the body is of no interest. */
static size_t drop(char *data, size_t size, size_t count, void *context)
{
	(void)data;
	(void)context;
	return size * count;
}

enum status call_init(struct call *call, enum call_method method, struct error *err)
{
	*call = (struct call){ .curl = curl_easy_init() };
	call->headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (!call->curl || !call->headers) {
		call_fini(call);
		return error_set(err, ST_INTERNAL, "out of memory");
	}
	if (method == CALL_POST) {
		(void)curl_easy_setopt(call->curl, CURLOPT_POSTFIELDS, ORDER);
		(void)curl_easy_setopt(call->curl, CURLOPT_HTTPHEADER, call->headers);
	}
	(void)curl_easy_setopt(call->curl, CURLOPT_NOPROXY, "*");
	(void)curl_easy_setopt(call->curl, CURLOPT_HEADERFUNCTION, take_header);
	(void)curl_easy_setopt(call->curl, CURLOPT_HEADERDATA, call);
	(void)curl_easy_setopt(call->curl, CURLOPT_WRITEFUNCTION, drop);
	return ST_OK;
}

void call_fini(struct call *call)
{
	curl_easy_cleanup(call->curl);
	curl_slist_free_all(call->headers);
	*call = (struct call){ .curl = NULL };
}

void call_aim(struct call *call, int64_t port, const char *path, int64_t timeout_ms)
{
	char url[256];

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%" PRId64 "%s", port, path);
	(void)curl_easy_setopt(call->curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(call->curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	call->order_id = 0;
}

bool call_succeeded(struct call *call, CURLcode code, int *status)
{
	long answered = 0;

	(void)curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &answered);
	*status = (int)answered;
	return code == CURLE_OK && answered / 100 == 2 && (answered != 201 || call->order_id > 0);
}
