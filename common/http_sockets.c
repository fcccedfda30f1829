#include "common/http_sockets.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "common/parse.h"

#define SILENT_MAX_S 60

static int local_port(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} local;
	socklen_t len = sizeof(local);

	if (getsockname(fd, &local.any, &len) != 0)
		return -1;
	if (local.any.sa_family == AF_INET6)
		return ntohs(local.v6.sin6_port);
	return local.any.sa_family == AF_INET ? ntohs(local.v4.sin_port) : -1;
}

static void each_socket(int port, void (*act)(int fd, bool listens))
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		int64_t fd = -1;
		int listens = 0;
		socklen_t len = sizeof(listens);

		if (parse_i64(entry->d_name, strlen(entry->d_name), 0, INT_MAX, &fd) &&
		    local_port((int)fd) == port &&
		    getsockopt((int)fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0)
			act((int)fd, listens);
	}
	if (dir)
		(void)closedir(dir);
}

static void defer(int fd, bool listens)
{
	int seconds = SILENT_MAX_S;

	if (listens)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds));
}

static void shut(int fd, bool listens)
{
	if (!listens)
		(void)shutdown(fd, SHUT_RDWR);
}

void http_sockets_defer_silent(int port)
{
	each_socket(port, defer);
}

void http_sockets_shut(int port)
{
	each_socket(port, shut);
}
