#include "common/http/http_params.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/http/http_json.h"

bool http_path_id(const struct http_request *request, struct http_response *response,
		  const char *field, int64_t *id)
{
	if (parse_i64(request->param, strlen(request->param), 1, INT64_MAX, id))
		return true;
	http_respond_problem(response, HTTP_PROBLEM_INVALID_PARAMETER, field,
			     "%s must be a whole number from 1 to %" PRId64, field, INT64_MAX);
	return false;
}

/* A query parameter in [min, max]; *value keeps its default when absent. False: answered. */
static bool query_number(const struct http_request *request, struct http_response *response,
			 const char *name, int64_t min, int64_t max, int64_t *value)
{
	size_t len = 0;
	const char *text = http_query(request, name, &len);

	if (!text || parse_i64(text, len, min, max, value))
		return true;
	http_respond_problem(response, HTTP_PROBLEM_INVALID_PARAMETER, name,
			     "%s must be a whole number from %" PRId64 " to %" PRId64, name, min,
			     max);
	return false;
}

bool http_query_page(const struct http_request *request, struct http_response *response,
		     int64_t *limit, int64_t *after)
{
	*limit = HTTP_PAGE_DEFAULT;
	*after = 0;
	return query_number(request, response, "limit", 1, HTTP_PAGE_MAX, limit) &&
	       query_number(request, response, "after", 0, INT64_MAX, after);
}

void http_link_next(struct http_response *response, const char *path, size_t count, int64_t limit,
		    int64_t last_id, char next[96])
{
	next[0] = '\0';
	if (count == 0 || count < (size_t)limit)
		return;
	(void)snprintf(next, 96, "%s?limit=%" PRId64 "&after=%" PRId64, path, limit, last_id);
	http_response_header(response, "Link", "<%s>; rel=\"next\"", next);
}
