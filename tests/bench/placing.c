#include "tests/bench/placing.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"

#define CALL_MS  20000L
#define LOCATION "location: /orders/"
#define ORDER                                                                                      \
	"{\"customerId\":2000,\"productId\":\"100\",\"productName\":\"RADIO\",\"qty\":3,"          \
	"\"address\":\"PUSAN\"}"

/* curl's header callback: the order that was made. */
static size_t take_header(char *line, size_t size, size_t count, void *context)
{
	const size_t len = size * count, prefix = sizeof(LOCATION) - 1;
	struct placing *placing = context;
	size_t digits = 0;

	if (len > prefix && strncasecmp(line, LOCATION, prefix) == 0) {
		while (prefix + digits < len && line[prefix + digits] >= '0' &&
		       line[prefix + digits] <= '9')
			digits++;
		(void)parse_i64(line + prefix, digits, 1, INT64_MAX, &placing->order_id);
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

enum status placing_init(struct placing *placing, int64_t port, struct error *err)
{
	char url[80];

	*placing = (struct placing){ .curl = curl_easy_init() };
	placing->headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (!placing->curl || !placing->headers) {
		placing_fini(placing);
		return error_set(err, ST_INTERNAL, "out of memory");
	}
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%" PRId64 "/orders", port);
	(void)curl_easy_setopt(placing->curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(placing->curl, CURLOPT_NOPROXY, "*");
	(void)curl_easy_setopt(placing->curl, CURLOPT_TIMEOUT_MS, CALL_MS);
	(void)curl_easy_setopt(placing->curl, CURLOPT_POSTFIELDS, ORDER);
	(void)curl_easy_setopt(placing->curl, CURLOPT_HTTPHEADER, placing->headers);
	(void)curl_easy_setopt(placing->curl, CURLOPT_HEADERFUNCTION, take_header);
	(void)curl_easy_setopt(placing->curl, CURLOPT_HEADERDATA, placing);
	(void)curl_easy_setopt(placing->curl, CURLOPT_WRITEFUNCTION, drop);
	return ST_OK;
}

void placing_fini(struct placing *placing)
{
	curl_easy_cleanup(placing->curl);
	curl_slist_free_all(placing->headers);
	*placing = (struct placing){ .curl = NULL };
}

bool placing_succeeded(struct placing *placing, CURLcode code, long *status)
{
	*status = 0;
	(void)curl_easy_getinfo(placing->curl, CURLINFO_RESPONSE_CODE, status);
	return code == CURLE_OK && *status == 201 && placing->order_id > 0;
}
