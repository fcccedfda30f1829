/*
 * The kinds of errors that all APIs share, RFC 9457. A kind's name is part of the contract: it
 * never changes and never gets another meaning; new ones may come. docs/errors.md explains each.
 *
 * Threads: any.
 */
#ifndef COMMON_HTTP_HTTP_PROBLEM_H
#define COMMON_HTTP_HTTP_PROBLEM_H

#include <jansson.h>

enum http_problem {
	HTTP_PROBLEM_MALFORMED_REQUEST,
	HTTP_PROBLEM_INVALID_PARAMETER,
	HTTP_PROBLEM_INVALID_HEADER,
	HTTP_PROBLEM_INVALID_BODY,
	HTTP_PROBLEM_IDENTITY_MISSING,
	HTTP_PROBLEM_FOREIGN_ORIGIN,
	HTTP_PROBLEM_READ_ONLY,
	HTTP_PROBLEM_SCOPE_MISSING,
	HTTP_PROBLEM_NO_SUCH_PATH,
	HTTP_PROBLEM_UNKNOWN_ORDER,
	HTTP_PROBLEM_UNKNOWN_DELIVERY,
	HTTP_PROBLEM_METHOD_NOT_ALLOWED,
	HTTP_PROBLEM_CONFLICT,
	HTTP_PROBLEM_CONDITION_FAILED,
	HTTP_PROBLEM_BODY_TOO_LARGE,
	HTTP_PROBLEM_TARGET_TOO_LONG,
	HTTP_PROBLEM_MEDIA_TYPE,
	HTTP_PROBLEM_CONTENT_CODING,
	HTTP_PROBLEM_EXPECTATION,
	HTTP_PROBLEM_WRONG_HOST,
	HTTP_PROBLEM_INVALID_MEMBER,
	HTTP_PROBLEM_KEY_REUSED,
	HTTP_PROBLEM_HEAD_TOO_LARGE,
	HTTP_PROBLEM_INTERNAL_ERROR,
	HTTP_PROBLEM_NOT_IMPLEMENTED,
	HTTP_PROBLEM_UPSTREAM_REFUSED,
	HTTP_PROBLEM_UNAVAILABLE,
	HTTP_PROBLEM_UPSTREAM_TIMEOUT,
	HTTP_PROBLEM_COUNT,
};

/* type is a reference to the page that a service serves: "/errors#unknown-order". */
struct http_problem_kind {
	const char *type;
	int status;
	const char *title;
};

const struct http_problem_kind *http_problem_kind(enum http_problem problem);

/* What a status means if the server itself, not a handler, answers with it. */
enum http_problem http_problem_of(int status);

/* The body of application/problem+json, owned. field (NULL: none) is the input at fault. A text
 * that is no UTF-8 is left out. NULL: out of memory. */
json_t *http_problem_json(enum http_problem problem, const char *field, const char *detail);

#endif
