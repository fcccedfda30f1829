#include "tools/page/web_guard.h"

#include <string.h>

static const char *header(struct evhttp_request *request, const char *name)
{
	return evhttp_find_header(evhttp_request_get_input_headers(request), name);
}

/* text is name:port, or name alone. The port is that of a tunnel or a mapping, perhaps. */
static bool is_name(const char *text, const char *name, size_t name_len)
{
	if (strncmp(text, name, name_len) != 0)
		return false;
	text += name_len;
	return *text == '\0' ||
	       (*text == ':' && strspn(text + 1, "0123456789") == strlen(text + 1));
}

/* Another name in Host is a page of somebody else's, by a name that he controls. */
static bool is_our_name(const struct web_config *config, const char *text)
{
	static const char *const names[] = { "127.0.0.1", "localhost", "[::1]" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (is_name(text, names[i], strlen(names[i])))
			return true;
	}
	if (is_name(text, config->host, strlen(config->host)))
		return true;
	for (const char *name = config->names; *name;) {
		size_t len = strcspn(name, ",");

		if (len > 0 && is_name(text, name, len))
			return true;
		name += len + (name[len] == ',');
	}
	return false;
}

static bool has_token(const struct web_config *config, struct evhttp_request *request)
{
	const char *text = header(request, "Authorization");
	size_t len = strlen(config->token);
	unsigned char differs = 0;

	if (!text || strncmp(text, "Bearer ", 7) != 0 || strlen(text + 7) != len)
		return false;
	for (size_t i = 0; i < len; i++) /* in the same time wherever it differs */
		differs |= (unsigned char)(text[7 + i] ^ config->token[i]);
	return differs == 0;
}

/* The Origin, which a browser sends with each action, is that of a page of ours: what it called us
 * by. */
static bool is_own_origin(const struct web_config *config, struct evhttp_request *request)
{
	const char *origin = header(request, "Origin"), *host = header(request, "Host");
	const char *scheme = config->certificate[0] ? "https://" : "http://";
	size_t len = strlen(scheme);

	return !origin || (strncmp(origin, scheme, len) == 0 && strcmp(origin + len, host) == 0);
}

bool web_guard_is_called_so(const struct web_config *config, struct evhttp_request *request)
{
	const char *host = header(request, "Host");

	return host && is_our_name(config, host);
}

bool web_guard_may_act(const struct web_config *config, struct evhttp_request *request)
{
	if (!config->token) {
		web_answer_problem(request, HTTP_PROBLEM_READ_ONLY, "it runs with READ_ONLY=on");
		return false;
	}
	if (!is_own_origin(config, request)) {
		web_answer_problem(request, HTTP_PROBLEM_FOREIGN_ORIGIN,
				   "an action comes from the page itself");
		return false;
	}
	if (has_token(config, request))
		return true;
	(void)evhttp_add_header(evhttp_request_get_output_headers(request), "WWW-Authenticate",
				header(request, "Authorization")
					? "Bearer realm=\"page\", error=\"invalid_token\""
					: "Bearer realm=\"page\"");
	web_answer_problem(request, HTTP_PROBLEM_IDENTITY_MISSING,
			   "an action needs the token of the address that was printed");
	return false;
}
