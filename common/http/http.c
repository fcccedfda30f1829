#include "common/http/http.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool path_matches(const char *pattern, const char *path, const char **param)
{
	const char *hole = strstr(pattern, "{}");
	size_t fixed = hole ? (size_t)(hole - pattern) : strlen(pattern);

	if (strncmp(pattern, path, fixed) != 0)
		return false;
	*param = hole ? path + fixed : NULL;
	return hole ? path[fixed] != '\0' && !strchr(path + fixed, '/') : path[fixed] == '\0';
}

enum http_match http_route_find(const struct http_route *routes, size_t count, const char *method,
				const char *path, const struct http_route **route,
				const char **param, struct strbuf *allow)
{
	enum http_match found = HTTP_NO_PATH;

	for (size_t i = 0; i < count; i++) {
		if (!path_matches(routes[i].path, path, param))
			continue;
		if (strcmp(routes[i].method, method) == 0) {
			*route = &routes[i];
			return HTTP_MATCHED;
		}
		strbuf_printf(allow, "%s%s", allow->len ? ", " : "", routes[i].method);
		found = HTTP_NO_METHOD;
	}
	return found;
}

const char *http_query(const struct http_request *request, const char *name, size_t *len)
{
	size_t name_len = strlen(name);

	for (const char *at = request->query; at && *at;) {
		size_t span = strcspn(at, "&");

		if (span > name_len && at[name_len] == '=' && strncmp(at, name, name_len) == 0) {
			*len = span - name_len - 1;
			return at + name_len + 1;
		}
		at += span + (at[span] == '&');
	}
	return NULL;
}

const char *http_request_header(const struct http_request *request, const char *name)
{
	return request->header ? request->header(request->source, name) : NULL;
}

void http_response_init(struct http_response *response)
{
	*response = (struct http_response){ .status = 500 };
}

void http_response_fini(struct http_response *response)
{
	free(response->body);
	response->body = NULL;
}

void http_response_header(struct http_response *response, const char *name, const char *fmt, ...)
{
	char *value = response->header_text + response->header_text_len;
	const size_t room = sizeof(response->header_text) - response->header_text_len;
	va_list ap;
	int len;

	if (response->header_count == HTTP_RESPONSE_HEADERS_MAX)
		return;
	va_start(ap, fmt);
	len = vsnprintf(value, room, fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= room)
		return;
	response->headers[response->header_count++] = (struct http_header){ name, value };
	response->header_text_len += (size_t)len + 1;
}

struct http_deferred *http_defer(const struct http_request *request, struct http_response *response)
{
	response->deferred = true;
	return request->deferred;
}

void http_send_deferred(struct http_deferred *deferred, struct http_response *response)
{
	deferred->send(deferred, response);
}
