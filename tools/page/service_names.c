#include "tools/page/service_names.h"

#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NULL: the name has no addresses. */
static struct addrinfo *resolve(const char *host)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct addrinfo *list;

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		const struct addrinfo hints = { .ai_family = families[i],
						.ai_socktype = SOCK_STREAM };

		if (getaddrinfo(host, NULL, &hints, &list) == 0)
			return list;
	}
	return NULL;
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

size_t service_names_expand(const char *url, char (*urls)[SERVICE_URL_MAX], size_t max)
{
	const char *host = strstr(url, "://") + 3, *port = strrchr(url, ':');
	const int scheme = (int)(host - url);
	char name[SERVICE_URL_MAX], address[NI_MAXHOST];
	struct addrinfo *list;
	size_t count = 0;

	(void)snprintf(name, sizeof(name), "%.*s", (int)(port - host), host);
	list = resolve(name);
	for (const struct addrinfo *a = list; a && count < max; a = a->ai_next) {
		bool six = a->ai_family == AF_INET6;

		if (getnameinfo(a->ai_addr, a->ai_addrlen, address, sizeof(address), NULL, 0,
				NI_NUMERICHOST) != 0)
			continue;
		if (snprintf(urls[count], SERVICE_URL_MAX, "%.*s%s%.64s%s%s", scheme, url,
			     six ? "[" : "", address, six ? "]" : "", port) < SERVICE_URL_MAX)
			count++;
	}
	if (list)
		freeaddrinfo(list);
	qsort(urls, count, sizeof(urls[0]), compare);
	return count;
}
