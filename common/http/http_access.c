#include "common/http/http_access.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

bool http_access_loopback(const char *host)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, host, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6);
	return strcasecmp(host, "localhost") == 0;
}

/* Whether the comma-separated list has the text, in any case. */
static bool listed(const char *list, const char *text, size_t len)
{
	while (*list) {
		size_t span;

		list += strspn(list, " ,");
		span = strcspn(list, " ,");
		if (span == len && strncasecmp(list, text, len) == 0)
			return true;
		list += span;
	}
	return false;
}

/* No page can choose by which address its own name leads here: only names can be rebound. */
static bool is_address(const char *host, size_t len)
{
	struct in6_addr ignored;
	char text[INET6_ADDRSTRLEN];
	bool v6 = host[0] == '[';

	(void)snprintf(text, sizeof(text), "%.*s", (int)len - 2 * v6, host + v6);
	return inet_pton(v6 ? AF_INET6 : AF_INET, text, &ignored) == 1;
}

static bool is_own_name(const struct http_access *access, const char *authority)
{
	size_t len = http_authority_host(authority);

	if (strcmp(access->hosts, "*") == 0 || (!access->loopback && !access->hosts[0]))
		return true;
	return is_address(authority, len) || listed("localhost", authority, len) ||
	       listed(access->hosts, authority, len);
}

/* A page that the server itself sent. */
static bool is_own_origin(const struct http_access *access, const char *origin,
			  const char *authority)
{
	const char *scheme = access->secure ? "https://" : "http://";
	const size_t len = strlen(scheme);

	return authority && strncasecmp(origin, scheme, len) == 0 &&
	       strcasecmp(origin + len, authority) == 0;
}

const char *http_access_foreign_origin(const struct http_access *access, const char *authority,
				       const char *origin)
{
	return origin && !is_own_origin(access, origin, authority) ? origin : NULL;
}

struct http_refusal http_access_check(const struct http_access *access, const char *authority,
				      const char *origin)
{
	const char *foreign = http_access_foreign_origin(access, authority, origin);

	if (authority && !is_own_name(access, authority))
		return (struct http_refusal){ 421, "this server is not known by that name; "
						   "HTTP_ALLOWED_HOSTS can give it more" };
	if (foreign && strcmp(access->origins, "*") != 0 &&
	    !listed(access->origins, foreign, strlen(foreign)))
		return (struct http_refusal){ 403, "pages of that origin may not call this server; "
						   "HTTP_ALLOWED_ORIGINS can let them" };
	return (struct http_refusal){ 0 };
}
