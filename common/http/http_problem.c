#include "common/http/http_problem.h"

#include <stddef.h>

#define PAGE "/errors#"

/* Of a status the first one is the server's own. */
static const struct http_problem_kind kinds[HTTP_PROBLEM_COUNT] = {
	[HTTP_PROBLEM_MALFORMED_REQUEST] = { PAGE "malformed-request", 400,
					     "The request is not well formed" },
	[HTTP_PROBLEM_INVALID_PARAMETER] = { PAGE "invalid-parameter", 400,
					     "A parameter is wrong" },
	[HTTP_PROBLEM_INVALID_HEADER] = { PAGE "invalid-header", 400, "A header is wrong" },
	[HTTP_PROBLEM_INVALID_BODY] = { PAGE "invalid-body", 400, "The body is no JSON object" },
	[HTTP_PROBLEM_IDENTITY_MISSING] = { PAGE "identity-missing", 401,
					    "The caller is not known" },
	[HTTP_PROBLEM_FOREIGN_ORIGIN] = { PAGE "foreign-origin", 403,
					  "Pages of that origin may not call" },
	[HTTP_PROBLEM_READ_ONLY] = { PAGE "read-only", 403, "The page only shows" },
	[HTTP_PROBLEM_SCOPE_MISSING] = { PAGE "scope-missing", 403, "The caller may not do that" },
	[HTTP_PROBLEM_NO_SUCH_PATH] = { PAGE "no-such-path", 404, "There is nothing at that path" },
	[HTTP_PROBLEM_UNKNOWN_ORDER] = { PAGE "unknown-order", 404, "There is no such order" },
	[HTTP_PROBLEM_UNKNOWN_DELIVERY] = { PAGE "unknown-delivery", 404,
					    "There is no delivery of that order" },
	[HTTP_PROBLEM_METHOD_NOT_ALLOWED] = { PAGE "method-not-allowed", 405,
					      "The path does not take that method" },
	[HTTP_PROBLEM_CONFLICT] = { PAGE "conflict", 409, "Something else was done, or is being" },
	[HTTP_PROBLEM_CONDITION_FAILED] = { PAGE "condition-failed", 412,
					    "The order is not at the version asked for" },
	[HTTP_PROBLEM_BODY_TOO_LARGE] = { PAGE "body-too-large", 413, "The body is too long" },
	[HTTP_PROBLEM_TARGET_TOO_LONG] = { PAGE "target-too-long", 414,
					   "The request's target is too long" },
	[HTTP_PROBLEM_MEDIA_TYPE] = { PAGE "media-type", 415, "The body is not marked as JSON" },
	[HTTP_PROBLEM_CONTENT_CODING] = { PAGE "content-coding", 415, "The body is encoded" },
	[HTTP_PROBLEM_EXPECTATION] = { PAGE "expectation", 417, "The expectation is not known" },
	[HTTP_PROBLEM_WRONG_HOST] = { PAGE "wrong-host", 421,
				      "The server is not known by that name" },
	[HTTP_PROBLEM_INVALID_MEMBER] = { PAGE "invalid-member", 422,
					  "A member of the body is missing or wrong" },
	[HTTP_PROBLEM_KEY_REUSED] = { PAGE "key-reused", 422,
				      "The Idempotency-Key belongs to another order" },
	[HTTP_PROBLEM_HEAD_TOO_LARGE] = { PAGE "head-too-large", 431, "The headers are too long" },
	[HTTP_PROBLEM_INTERNAL_ERROR] = { PAGE "internal-error", 500, "The service failed" },
	[HTTP_PROBLEM_NOT_IMPLEMENTED] = { PAGE "not-implemented", 501,
					   "The server does not do that" },
	[HTTP_PROBLEM_UPSTREAM_REFUSED] = { PAGE "upstream-refused", 502,
					    "The service behind this one refused" },
	[HTTP_PROBLEM_UNAVAILABLE] = { PAGE "unavailable", 503, "Not possible just now" },
	[HTTP_PROBLEM_UPSTREAM_TIMEOUT] = { PAGE "upstream-timeout", 504,
					    "The service behind this one did not answer in time" },
};

const struct http_problem_kind *http_problem_kind(enum http_problem problem)
{
	return &kinds[problem];
}

enum http_problem http_problem_of(int status)
{
	for (size_t i = 0; i < HTTP_PROBLEM_COUNT; i++) {
		if (kinds[i].status == status)
			return (enum http_problem)i;
	}
	return HTTP_PROBLEM_INTERNAL_ERROR;
}

json_t *http_problem_json(enum http_problem problem, const char *field, const char *detail)
{
	const struct http_problem_kind *kind = &kinds[problem];
	json_t *root = json_pack("{s:s, s:s, s:i}", "type", kind->type, "title", kind->title,
				 "status", kind->status);

	if (detail)
		(void)json_object_set_new(root, "detail", json_string(detail));
	if (field)
		(void)json_object_set_new(root, "field", json_string(field));
	return root;
}
