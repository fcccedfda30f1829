/*
 * What a client may send, after the library has cut it into its parts: the first line is the
 * request line, a line each a field, an empty one, and the body. All that judges and reads them.
 */
#include <assert.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/http/http.h"
#include "common/http/http_access.h"
#include "common/http/http_etag.h"
#include "common/http/http_framing.h"
#include "common/http/http_json.h"
#include "common/http/http_params.h"
#include "common/http/http_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void handler(void *context, const struct http_request *request,
		    struct http_response *response)
{
	(void)context;
	(void)request;
	(void)response;
}

static const struct http_route routes[] = {
	{ "POST", "/orders", handler, NULL, HTTP_ON_LOOP, HTTP_SCOPE_WRITE },
	{ "GET", "/orders/{}", handler, NULL, HTTP_ON_WORKER, HTTP_SCOPE_READ },
};

/* Cuts the next piece off *text, which ends with a NUL. NULL: there is none. */
static char *cut(char **text, char end)
{
	char *piece = *text, *at = piece ? strchr(piece, end) : NULL;

	if (at)
		*at = '\0';
	*text = at ? at + 1 : NULL;
	return piece;
}

/* As the library gives it: no blanks around the value. */
static void judge_field(struct http_framing *framing, char *line)
{
	char *value = line, *name = cut(&value, ':');
	size_t len;

	if (!value)
		return;
	value += strspn(value, " \t");
	len = strlen(value);
	while (len > 0 && strchr(" \t", value[len - 1]))
		value[--len] = '\0';
	http_framing_field(framing, name, strlen(name), value, len);
}

static const char *type_of(const void *source, const char *name)
{
	const struct http_framing *framing = source;

	return strcmp(name, "Content-Type") == 0 ? framing->known[HTTP_CONTENT_TYPE] : NULL;
}

static void read_tags(const char *list)
{
	struct http_etag tag;

	if (!list)
		return;
	while (http_etag_next(&list, &tag))
		assert(tag.len >= 2 && tag.text[0] == '"' && tag.text[tag.len - 1] == '"');
}

/* What handlers do with a request that is let in. */
static void handle(const struct http_framing *framing, const struct http_target *target,
		   const char *method, const char *body, size_t body_len)
{
	struct http_request request = { .method = method,
					.path = target->path,
					.query = target->query,
					.body = body,
					.body_len = body_len,
					.header = type_of,
					.source = framing };
	const struct http_route *route = NULL;
	int64_t limit, after, id;
	char methods[64] = "";
	struct strbuf allow = STRBUF_ON(methods);
	struct http_response response;

	http_response_init(&response);
	if (http_route_find(routes, 2, method, request.path, &route, &request.param, &allow) ==
		    HTTP_MATCHED &&
	    request.param)
		(void)http_path_id(&request, &response, "id", &id);
	if (http_query_page(&request, &response, &limit, &after))
		assert(limit >= 1 && limit <= HTTP_PAGE_MAX && after >= 0);
	json_decref(http_body_object(&request, &response));
	assert(!response.body || strlen(response.body) == response.body_len);
	http_response_fini(&response);
	read_tags(framing->known[HTTP_IF_MATCH]);
	read_tags(framing->known[HTTP_IF_NONE_MATCH]);
}

/* What is let in has one meaning. */
static void expect_clear(const struct http_framing *framing, const struct http_target *target)
{
	assert(!framing->known[HTTP_CONTENT_LENGTH] || !framing->known[HTTP_TRANSFER_ENCODING]);
	assert(framing->chunked == (framing->known[HTTP_TRANSFER_ENCODING] != NULL));
	assert(framing->minor == 0 || framing->known[HTTP_HOST]);
	assert(target->path[0] == '/' || strcmp(target->path, "*") == 0);
	assert(!target->authority || http_authority_host(target->authority) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct http_access access = { true, false, "a.example,b", "https://c.example" };
	char *text = malloc(size + 1), *rest = text, *line, *method, *path, *version;
	struct http_framing framing;
	struct http_target target;
	size_t body_len;

	memcpy(text, data, size);
	text[size] = '\0';
	version = cut(&rest, '\n');
	method = cut(&version, ' ');
	path = cut(&version, ' ');
	if (!version) {
		free(text);
		return 0;
	}
	http_framing_begin(&framing, method, version);
	while ((line = cut(&rest, '\n')) && line[0])
		judge_field(&framing, line);
	body_len = rest ? size - (size_t)(rest - text) : 0;
	if (http_framing_end(&framing).status == 0 &&
	    http_target_read(path, method, framing.known[HTTP_HOST], size % 2, &target).status ==
		    0) {
		expect_clear(&framing, &target);
		(void)http_access_check(&access, target.authority, framing.known[HTTP_ORIGIN]);
		handle(&framing, &target, method, rest, body_len);
	}
	http_framing_fini(&framing);
	free(text);
	return 0;
}
