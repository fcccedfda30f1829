#include "common/http/http_listen.h"

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096

/* What the kernel keeps of answers that a client does not read: without a bound, megabytes. */
#define UNREAD_MAX_BYTES (128 * 1024)

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

int http_listen_port(int fd)
{
	union address address = { 0 };
	socklen_t len = sizeof(address);

	(void)getsockname(fd, &address.any, &len);
	return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port
						       : address.v4.sin_port);
}

/* -1 with errno. */
static int listen_on(const struct addrinfo *info, int port)
{
	int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
	int unread = UNREAD_MAX_BYTES;
	union address address = { 0 };
	int error;

	if (fd < 0)
		return -1;
	memcpy(&address, info->ai_addr, info->ai_addrlen);
	if (info->ai_family == AF_INET6)
		address.v6.sin6_port = htons((uint16_t)port);
	else
		address.v4.sin_port = htons((uint16_t)port);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &unread, sizeof(unread)); /* inherited */
	if (bind(fd, &address.any, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

static enum status failed(const char *host, int64_t port, const char *why, struct error *err)
{
	return error_set(err, ST_INVALID,
			 strchr(host, ':') ? "cannot listen on [%s]:%" PRId64
					     " (%s): is the port in use? change HTTP_PORT"
					   : "cannot listen on %s:%" PRId64
					     " (%s): is the port in use? change HTTP_PORT",
			 host, port, why);
}

enum status http_listen(const char *host, int64_t port, int *fd, struct error *err)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC,
					.ai_socktype = SOCK_STREAM,
					.ai_flags = AI_PASSIVE };
	struct addrinfo *list = NULL;
	int code = getaddrinfo(host, NULL, &hints, &list);

	if (code != 0)
		return failed(host, port, gai_strerror(code), err);
	*fd = listen_on(list, (int)port);
	if (*fd < 0)
		(void)failed(host, port, strerror(errno), err);
	freeaddrinfo(list);
	return *fd < 0 ? err->status : ST_OK;
}
