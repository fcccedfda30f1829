#include "common/http/http_json.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/utf8.h"
#include "common/runtime/log.h"

#define RETRY_AFTER_S    1
#define DETAIL_MAX_BYTES 400
#define FIELD_MAX_BYTES  64
#define NESTING_MAX      32 /* jansson recurses, and a worker thread's stack is small */

void http_respond_text(struct http_response *response, int status, const char *content_type,
		       char *text)
{
	http_response_fini(response);
	response->status = text ? status : 500;
	response->content_type = text ? content_type : NULL;
	response->body = text;
	response->body_len = text ? strlen(text) : 0;
}

void http_respond_json(struct http_response *response, int status, json_t *root)
{
	http_respond_text(response, status, "application/json",
			  root ? json_dumps(root, JSON_COMPACT) : NULL);
	json_decref(root);
}

void http_respond_problem(struct http_response *response, enum http_problem problem,
			  const char *field, const char *fmt, ...)
{
	char text[DETAIL_MAX_BYTES * 2], detail[DETAIL_MAX_BYTES + 1];
	char name[FIELD_MAX_BYTES + 1] = "";
	json_t *root;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* What a client sent may be quoted here: never cut it inside a character. */
	(void)snprintf(detail, sizeof(detail), "%.*s", (int)utf8_cut(text, DETAIL_MAX_BYTES), text);
	if (field)
		(void)snprintf(name, sizeof(name), "%.*s", (int)utf8_cut(field, FIELD_MAX_BYTES),
			       field);
	root = http_problem_json(problem, field ? name : NULL, detail);
	http_respond_text(response, http_problem_kind(problem)->status, "application/problem+json",
			  root ? json_dumps(root, JSON_COMPACT) : NULL);
	json_decref(root);
}

void http_respond_error(struct http_response *response, const struct error *err)
{
	if (err->status == ST_UNAVAILABLE) {
		http_response_header(response, "Retry-After", "%d", RETRY_AFTER_S);
		http_respond_problem(response, HTTP_PROBLEM_UNAVAILABLE, NULL,
				     "not possible just now; try again");
		return;
	}
	log_error("http", "request failed", "status=\"%s\" error=%s", status_name(err->status),
		  LOG_QUOTE(err->msg));
	http_respond_problem(response, HTTP_PROBLEM_INTERNAL_ERROR, NULL,
			     "an error inside the service; its log says more");
}

/* JSON in whatever dialect, but for patches that are lists of operations (RFC 6902). */
static bool is_json_type(const char *type)
{
	size_t len = strcspn(type, "; \t");

	return (len == 16 && strncasecmp(type, "application/json", len) == 0) ||
	       (len > 5 && strncasecmp(type + len - 5, "+json", 5) == 0 &&
		!(len == 27 && strncasecmp(type, "application/json-patch+json", len) == 0));
}

/* Says which types would do, as RFC 9110 section 15.5.16 and RFC 5789 section 3.1 ask for. A
 * request without a type is refused because a page of any origin may send one. */
static void respond_wrong_type(const struct http_request *request, struct http_response *response,
			       const char *type)
{
	bool patch = strcmp(request->method, "PATCH") == 0;

	http_response_header(response, patch ? "Accept-Patch" : "Accept", "application/json%s",
			     patch ? ", application/merge-patch+json" : "");
	http_respond_problem(
		response, HTTP_PROBLEM_MEDIA_TYPE, "Content-Type",
		"send the body as application/json, not %.80s: curl --json, or a field "
		"Content-Type: application/json",
		type ? type : "without a type");
}

static bool too_deep(const char *text, size_t len)
{
	int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		if (in_string) {
			if (text[i] == '\\')
				i++;
			else
				in_string = text[i] != '"';
		} else if (text[i] == '"') {
			in_string = true;
		} else if (text[i] == '{' || text[i] == '[') {
			if (++depth > NESTING_MAX)
				return true;
		} else if (text[i] == '}' || text[i] == ']') {
			depth--;
		}
	}
	return false;
}

/*
 * A number too large for any field makes the parser give up. Reading the integers as reals tells
 * which member it was. False: some other trouble.
 */
static bool respond_overflow(const struct http_request *request, struct http_response *response)
{
	json_t *root = json_loadb(request->body, request->body_len,
				  JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
	const char *name;
	json_t *value;
	bool found = false;

	json_object_foreach (root, name, value) {
		double number = json_real_value(value);

		found = fabs(number) >= 0x1p63;
		if (found) {
			http_respond_problem(response, HTTP_PROBLEM_INVALID_MEMBER, name,
					     "%.*s is out of range", (int)utf8_cut(name, 64), name);
			break;
		}
	}
	json_decref(root);
	return found;
}

/* Whether the body may be parsed. False: the response says why not. */
static bool may_parse(const struct http_request *request, struct http_response *response)
{
	const char *type = http_request_header(request, "Content-Type");

	if (request->body_len == 0)
		http_respond_problem(response, HTTP_PROBLEM_INVALID_BODY, NULL,
				     "the body is empty; send a JSON object");
	else if (!type || !is_json_type(type))
		respond_wrong_type(request, response, type);
	else if (too_deep(request->body, request->body_len))
		http_respond_problem(response, HTTP_PROBLEM_INVALID_BODY, NULL,
				     "the body nests deeper than %d", NESTING_MAX);
	else
		return true;
	return false;
}

/* NULL: the response says why. */
static json_t *parse(const struct http_request *request, struct http_response *response)
{
	json_error_t why;
	json_t *root = json_loadb(request->body, request->body_len,
				  JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);

	if (root || (json_error_code(&why) == json_error_numeric_overflow &&
		     respond_overflow(request, response)))
		return root;
	http_respond_problem(response, HTTP_PROBLEM_INVALID_BODY, NULL,
			     "the body is not JSON: %s (line %d, column %d)", why.text, why.line,
			     why.column);
	return NULL;
}

json_t *http_body_object(const struct http_request *request, struct http_response *response)
{
	json_t *root = may_parse(request, response) ? parse(request, response) : NULL;

	if (!root || json_is_object(root))
		return root;
	json_decref(root);
	http_respond_problem(response, HTTP_PROBLEM_INVALID_BODY, NULL,
			     "the body must be a JSON object");
	return NULL;
}
