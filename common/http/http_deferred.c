#include "common/http/http_deferred.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/parse.h"
#include "common/http/http_response.h"
#include "common/runtime/clock.h"

#define SILENT_MAX_S  60
#define SCAN_EVERY_US 20000
#define SCAN_SHARE    20 /* a scan takes a twentieth of the time at most */

/* --- all sockets at a port ----------------------------------------------------------------- */

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

static void defer_accept(int fd, bool listens, void *context)
{
	int seconds = SILENT_MAX_S;

	(void)context;
	if (listens)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds));
}

static void disconnect(int fd, bool listens, void *context)
{
	(void)context;
	if (!listens)
		(void)shutdown(fd, SHUT_RDWR);
}

void http_deferred_accept(int port)
{
	each_socket(port, defer_accept, NULL);
}

void http_deferred_disconnect(int port)
{
	each_socket(port, disconnect, NULL);
}

/* --- which socket a connection has --------------------------------------------------------- */

enum { NOT_KNOWN = -1, SEVERAL = -2 };

struct http_deferred_sockets {
	pthread_mutex_t mu;
	/* guarded by mu */
	int64_t scan_us, next_scan_us;
	bool complete;            /* each socket has a peer */
	int from[UINT16_MAX + 1]; /* the socket, by its peer's port */
};

struct http_deferred_sockets *http_deferred_sockets_new(void)
{
	struct http_deferred_sockets *sockets = calloc(1, sizeof(*sockets));

	if (sockets)
		(void)pthread_mutex_init(&sockets->mu, NULL);
	return sockets;
}

void http_deferred_sockets_free(struct http_deferred_sockets *sockets)
{
	if (sockets)
		(void)pthread_mutex_destroy(&sockets->mu);
	free(sockets);
}

/* Clients on several addresses may have the same port: then no socket counts as known. */
static void note_peer(int fd, bool listens, void *context)
{
	struct http_deferred_sockets *sockets = context;
	int port = port_of(fd, getpeername);

	if (port >= 0)
		sockets->from[port] = sockets->from[port] == NOT_KNOWN ? fd : SEVERAL;
	else if (!listens)
		sockets->complete = false;
}

/* A scan costs about a microsecond for each open file: it is made so seldom that it does not
 * matter, and serves all connections there are. */
static void scan(struct http_deferred_sockets *sockets, int port)
{
	sockets->scan_us = clock_mono_us();
	for (size_t i = 0; i <= UINT16_MAX; i++)
		sockets->from[i] = NOT_KNOWN;
	sockets->complete = true;
	each_socket(port, note_peer, sockets);
	sockets->next_scan_us = clock_mono_us() + SCAN_EVERY_US +
				SCAN_SHARE * (clock_mono_us() - sockets->scan_us);
}

/*
 * The connection's socket. -1: not known, now or as long as two connections come from the same
 * peer_port. Costs little however often it is asked.
 *
 * Invariant: it is taken from a scan of all sockets that began after since_us, so the connection's
 * own is among them; each of them had a peer, so the connection's own had that port; and no other
 * had. Else the client could be gone and back from the same port, with another socket.
 */
static int find(const struct http_deferred_connection *c)
{
	struct http_deferred_sockets *sockets = c->sockets;
	int fd = NOT_KNOWN;

	if (!sockets || pthread_mutex_trylock(&sockets->mu) != 0)
		return NOT_KNOWN;
	if ((sockets->scan_us <= c->since_us || !sockets->complete) &&
	    clock_mono_us() >= sockets->next_scan_us)
		scan(sockets, c->port);
	if (sockets->scan_us > c->since_us && sockets->complete)
		fd = sockets->from[c->peer_port & UINT16_MAX];
	(void)pthread_mutex_unlock(&sockets->mu);
	return fd < 0 ? NOT_KNOWN : fd;
}

/* --- who answers --------------------------------------------------------------------------- */

enum answer { NONE, DEFERRED, AWAITED };

void http_deferred_open(struct http_deferred_connection *c, struct mg_connection *mg,
			struct http_deferred_sockets *sockets)
{
	const struct mg_request_info *info = mg_get_request_info(mg);

	c->mg = mg;
	c->sockets = info->is_ssl ? NULL : sockets;
	c->fd = NOT_KNOWN;
	c->port = info->server_port;
	c->peer_port = info->remote_port;
	c->since_us = clock_mono_us();
	atomic_store(&c->answer, NONE);
	(void)sem_init(&c->ended, 0, 0);
	c->text = NULL;
}

void http_deferred_close(struct http_deferred_connection *c)
{
	http_deferred_await(c);
	(void)sem_destroy(&c->ended);
}

void http_deferred_begin(struct http_deferred_connection *c)
{
	if (c->fd < 0)
		c->fd = find(c);
	atomic_store(&c->answer, DEFERRED);
}

void http_deferred_await(struct http_deferred_connection *c)
{
	int deferred = DEFERRED;

	if (!atomic_compare_exchange_strong(&c->answer, &deferred, AWAITED))
		return;
	while (sem_wait(&c->ended) != 0)
		; /* interrupted */
}

void http_deferred_end(struct http_deferred_connection *c)
{
	if (atomic_exchange(&c->answer, NONE) == AWAITED)
		(void)sem_post(&c->ended);
}

enum http_deferred_result http_deferred_send(struct http_deferred_connection *c,
					     const struct http_response *response, bool keep)
{
	size_t len = 0;
	char *text = http_response_format(response, keep, &len);
	ssize_t sent;

	if (c->fd < 0) {
		c->text = text;
		c->text_len = len;
		return HTTP_HANDED_TO_WORKER;
	}
	sent = text ? send(c->fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
	free(text);
	if (sent == (ssize_t)len && text)
		return HTTP_SENT;
	if (sent < 0 && errno != EAGAIN)
		return HTTP_SENT; /* nobody is there any more */
	(void)shutdown(c->fd, SHUT_RDWR);
	return HTTP_SLOW_CLIENT;
}

bool http_deferred_finish(struct http_deferred_connection *c)
{
	if (c->fd >= 0)
		return false;
	http_deferred_await(c);
	http_response_write_text(c->mg, c->text, c->text_len);
	c->text = NULL;
	return true;
}
