#include "common/http/http_response.h"

#include <microhttpd.h>
#include <stdlib.h>

#define EXPOSED "ETag, Idempotency-Replayed, Link, Location, Retry-After"

static bool add(struct MHD_Response *made, const char *name, const char *value)
{
	return MHD_add_response_header(made, name, value) == MHD_YES;
}

static bool add_own(struct MHD_Response *made, const struct http_response *response)
{
	for (size_t i = 0; i < response->header_count; i++) {
		if (!add(made, response->headers[i].name, response->headers[i].value))
			return false;
	}
	return true;
}

static bool add_all(struct MHD_Response *made, const struct http_response *response,
		    const char *origin)
{
	if (response->content_type && !add(made, "Content-Type", response->content_type))
		return false;
	if (!add_own(made, response))
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
