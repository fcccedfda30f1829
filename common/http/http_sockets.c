#include "common/http/http_sockets.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/parse.h"
#include "common/runtime/clock.h"

#define SILENT_MAX_S  60
#define SCAN_EVERY_US 20000
#define SCAN_SHARE    20 /* a scan takes a twentieth of the time at most */

typedef int name_call(int fd, struct sockaddr *address, socklen_t *len);

/* The port that getsockname or getpeername tells; -1: none. */
static int port_of(int fd, name_call *call)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address;
	socklen_t len = sizeof(address);

	if (call(fd, &address.any, &len) != 0)
		return -1;
	if (address.any.sa_family == AF_INET6)
		return ntohs(address.v6.sin6_port);
	return address.any.sa_family == AF_INET ? ntohs(address.v4.sin_port) : -1;
}

static void each_socket(int port, void (*act)(int fd, bool listens, void *context), void *context)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		int64_t fd = -1;
		int listens = 0;
		socklen_t len = sizeof(listens);

		if (parse_i64(entry->d_name, strlen(entry->d_name), 0, INT_MAX, &fd) &&
		    port_of((int)fd, getsockname) == port &&
		    getsockopt((int)fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0)
			act((int)fd, listens, context);
	}
	if (dir)
		(void)closedir(dir);
}

static void defer(int fd, bool listens, void *context)
{
	int seconds = SILENT_MAX_S;

	(void)context;
	if (listens)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds));
}

static void shut(int fd, bool listens, void *context)
{
	(void)context;
	if (!listens)
		(void)shutdown(fd, SHUT_RDWR);
}

void http_sockets_defer_silent(int port)
{
	each_socket(port, defer, NULL);
}

void http_sockets_shut(int port)
{
	each_socket(port, shut, NULL);
}

/* --- which socket a connection has --------------------------------------------------------- */

enum { NONE = -1, SEVERAL = -2 };

struct http_sockets {
	pthread_mutex_t mu;
	/* guarded by mu */
	int64_t scan_us, next_scan_us;
	bool complete;            /* each socket has a peer */
	int from[UINT16_MAX + 1]; /* the socket, by its peer's port */
};

struct http_sockets *http_sockets_new(void)
{
	struct http_sockets *sockets = calloc(1, sizeof(*sockets));

	if (sockets)
		(void)pthread_mutex_init(&sockets->mu, NULL);
	return sockets;
}

void http_sockets_free(struct http_sockets *sockets)
{
	if (sockets)
		(void)pthread_mutex_destroy(&sockets->mu);
	free(sockets);
}

static void note_peer(int fd, bool listens, void *context)
{
	struct http_sockets *sockets = context;
	int port = port_of(fd, getpeername);

	if (port >= 0)
		sockets->from[port] = sockets->from[port] == NONE ? fd : SEVERAL;
	else if (!listens)
		sockets->complete = false;
}

/* A scan costs about a microsecond for each open file: it is made so seldom that it does not
 * matter, and serves all connections there are. */
static void scan(struct http_sockets *sockets, int port)
{
	sockets->scan_us = clock_mono_us();
	for (size_t i = 0; i <= UINT16_MAX; i++)
		sockets->from[i] = NONE;
	sockets->complete = true;
	each_socket(port, note_peer, sockets);
	sockets->next_scan_us = clock_mono_us() + SCAN_EVERY_US +
				SCAN_SHARE * (clock_mono_us() - sockets->scan_us);
}

int http_sockets_find(struct http_sockets *sockets, int port, int peer_port, int64_t since_us)
{
	int fd = NONE;

	if (pthread_mutex_trylock(&sockets->mu) != 0)
		return NONE;
	if ((sockets->scan_us <= since_us || !sockets->complete) &&
	    clock_mono_us() >= sockets->next_scan_us)
		scan(sockets, port);
	if (sockets->scan_us > since_us && sockets->complete)
		fd = sockets->from[peer_port & UINT16_MAX];
	(void)pthread_mutex_unlock(&sockets->mu);
	return fd < 0 ? NONE : fd;
}
