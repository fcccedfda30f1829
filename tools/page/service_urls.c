#include "tools/page/service_urls.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"

/* The ports behind the last colon of text[0..len): one, or a range. */
static int read_ports(const char *text, size_t len, size_t *host_len, int64_t *first, int64_t *last)
{
	const char *colon = memrchr(text, ':', len), *end = text + len, *dash;

	if (!colon)
		return 0;
	*host_len = (size_t)(colon - text);
	dash = memchr(colon, '-', (size_t)(end - colon));
	return parse_i64(colon + 1, (size_t)((dash ? dash : end) - colon - 1), 1, 65535, first) &&
	       (dash ? parse_i64(dash + 1, (size_t)(end - dash - 1), *first, 65535, last)
		     : (*last = *first));
}

static enum status add(const char *text, size_t len, char (*urls)[SERVICE_URL_MAX], size_t max,
		       size_t *count, struct error *err)
{
	int64_t first = 0, last = 0;
	size_t host_len = 0;

	if ((strncmp(text, "http://", 7) != 0 && strncmp(text, "https://", 8) != 0) ||
	    !read_ports(text, len, &host_len, &first, &last) || host_len > SERVICE_URL_MAX - 8)
		return error_set(err, ST_INVALID,
				 "'%.*s' is no http://host:port, or http://host:first-last",
				 (int)len, text);
	for (int64_t port = first; port <= last && *count < max; port++)
		(void)snprintf(urls[(*count)++], SERVICE_URL_MAX, "%.*s:%" PRId64, (int)host_len,
			       text, port);
	return ST_OK;
}

enum status service_urls_read(const char *text, char (*urls)[SERVICE_URL_MAX], size_t max,
			      size_t *count, struct error *err)
{
	*count = 0;
	while (*text) {
		size_t len = strcspn(text, ",");

		if (len > 0 && add(text, len, urls, max, count, err) != ST_OK)
			return err->status;
		text += len + (text[len] == ',');
	}
	return ST_OK;
}
