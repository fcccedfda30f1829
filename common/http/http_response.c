#include "common/http/http_response.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#define EXPOSED "ETag, Idempotency-Replayed, Link, Location, Retry-After"

static bool add(struct MHD_Response *made, const char *name, const char *value)
{
	return MHD_add_response_header(made, name, value) == MHD_YES;
}

/* The lines of the response's own headers, each ending with CRLF; they are taken apart. */
static bool add_lines(struct MHD_Response *made, char *line)
{
	while (*line) {
		char *value = strstr(line, ": "), *end = strstr(line, "\r\n");

		if (!value || !end)
			return false;
		*value = *end = '\0';
		if (!add(made, line, value + 2))
			return false;
		line = end + 2;
	}
	return true;
}

static bool add_all(struct MHD_Response *made, struct http_response *response, const char *origin)
{
	if (response->content_type && !add(made, "Content-Type", response->content_type))
		return false;
	if (response->headers.len > 0 && !add_lines(made, response->header_text))
		return false;
	return !origin ||
	       (add(made, "Access-Control-Allow-Origin", origin) && add(made, "Vary", "Origin") &&
		add(made, "Access-Control-Expose-Headers", EXPOSED));
}

struct MHD_Response *http_response_make(struct http_response *response, const char *origin)
{
	struct MHD_Response *made = MHD_create_response_from_buffer(
		response->body_len, response->body,
		response->body ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);

	if (!made)
		return NULL;
	response->body = NULL;
	response->body_len = 0;
	if (add_all(made, response, origin))
		return made;
	MHD_destroy_response(made);
	return NULL;
}
