#include "common/http/http_target.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/base/parse.h"

static const char *const schemes[] = { "http://", "https://" }; /* by whether it came by TLS */

/* --- authorities --------------------------------------------------------------------------- */

static size_t host_len(const char *authority)
{
	if (authority[0] == '[') {
		size_t len = strspn(authority + 1, "0123456789abcdefABCDEF:.");

		return len > 0 && authority[1 + len] == ']' ? len + 2 : 0;
	}
	return strspn(authority, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 "-._~!$&'()*+,;=%");
}

size_t http_authority_host(const char *authority)
{
	size_t len = host_len(authority), port_len;
	int64_t port;

	if (len == 0 || authority[len] == '\0')
		return len;
	if (authority[len] != ':')
		return 0;
	port_len = strlen(authority + len + 1); /* none is allowed: it is the default's */
	return port_len == 0 || (isdigit((unsigned char)authority[len + 1]) &&
				 parse_i64(authority + len + 1, port_len, 0, 65535, &port))
		       ? len
		       : 0;
}

/* --- paths --------------------------------------------------------------------------------- */

static int hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

static bool is_unreserved(int c)
{
	return isalnum(c) || strchr("-._~", c);
}

/* Escapes are whole; those that nothing needs are undone if undo says so. False: one is not. */
static bool read_escapes(char *text, bool undo)
{
	char *out = text;

	if (!strchr(text, '%'))
		return true;
	for (const char *at = text; *at; at++) {
		int high, low;

		if (*at != '%') {
			*out++ = *at;
			continue;
		}
		high = hex(at[1]);
		low = high < 0 ? -1 : hex(at[2]);
		if (low < 0)
			return false;
		if (undo && high * 16 + low > 0 && high < 8 && is_unreserved(high * 16 + low)) {
			*out++ = (char)(high * 16 + low);
		} else {
			memmove(out, at, 3);
			out += 3;
		}
		at += 2;
	}
	*out = '\0';
	return true;
}

static struct http_refusal read_path(char *path, struct http_target *target)
{
	char *query = strchr(path, '?');

	if (query)
		*query++ = '\0';
	target->path = path;
	target->query = query;
	if (strpbrk(path, "[]") || !read_escapes(path, true) ||
	    (query && !read_escapes(query, false)))
		return (struct http_refusal){ 400, "the request's target is no valid URI" };
	return (struct http_refusal){ 0 };
}

/* http://host:port/path?query: the authority moves to the front, to end where the path begins. */
static struct http_refusal read_absolute(char *text, size_t scheme, bool options,
					 struct http_target *target)
{
	char *authority = text + scheme;
	size_t len = strcspn(authority, "/?");
	char *rest = authority + len;

	memmove(text, authority, len);
	text[len] = '\0';
	target->authority = text;
	if (*rest == '/')
		return read_path(rest, target);
	target->path = options && *rest == '\0' ? "*" : "/";
	target->query = *rest ? rest + 1 : NULL;
	return (struct http_refusal){ 0 };
}

static bool begins_with(const char *text, const char *scheme)
{
	return strncasecmp(text, scheme, strlen(scheme)) == 0;
}

static struct http_refusal read_form(char *text, const char *method, bool secure,
				     struct http_target *target)
{
	const bool options = strcmp(method, "OPTIONS") == 0;

	if (text[0] == '/')
		return read_path(text, target);
	if (begins_with(text, schemes[secure]))
		return read_absolute(text, strlen(schemes[secure]), options, target);
	if (begins_with(text, schemes[!secure]))
		return (struct http_refusal){ 421, secure ? "only https is spoken here"
							  : "https is not spoken here" };
	if (!options || strcmp(text, "*") != 0)
		return (struct http_refusal){ 400, "the request's target must be a path, or a URI "
						   "that begins with http:// or https://" };
	target->path = "*";
	return (struct http_refusal){ 0 };
}

/* Visible ASCII without a fragment. */
static bool is_visible(const char *text)
{
	for (; *text; text++) {
		if (*text <= 0x20 || *text >= 0x7f || *text == '#')
			return false;
	}
	return true;
}

struct http_refusal http_target_read(char *text, const char *method, const char *host, bool secure,
				     struct http_target *target)
{
	struct http_refusal refusal;

	*target = (struct http_target){ .authority = host };
	if (strlen(text) > HTTP_TARGET_MAX_BYTES)
		return (struct http_refusal){ 414, "the target may have at most 8192 bytes" };
	if (!is_visible(text))
		return (struct http_refusal){ 400, "the request's target is no valid URI" };
	refusal = read_form(text, method, secure, target);
	if (refusal.status == 0 &&
	    ((host && http_authority_host(host) == 0) ||
	     (target->authority && http_authority_host(target->authority) == 0)))
		return (struct http_refusal){ 400, "the host asked for is no valid name" };
	return refusal;
}
