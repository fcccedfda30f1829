/*
 * The HTTP server's sockets, which civetweb keeps to itself: they are found by their ports.
 *
 * Threads: any.
 */
#ifndef COMMON_HTTP_HTTP_SOCKETS_H
#define COMMON_HTTP_HTTP_SOCKETS_H

#include <stdint.h>

/* From now on, who connects to port and says nothing gets no thread: many clients connect ahead of
 * their need. */
void http_sockets_defer_silent(int port);

/* Ends the connections at port: threads that wait for more requests see it at once. */
void http_sockets_shut(int port);

/* Which socket a connection has. */
struct http_sockets;

/* NULL: no memory. */
struct http_sockets *http_sockets_new(void);
void http_sockets_free(struct http_sockets *sockets);

/*
 * The socket at port of the connection from peer_port that the server has had open since since_us
 * (clock_mono_us). -1: not known, now or as long as two connections come from the same peer_port.
 * Costs little however often it is asked.
 *
 * Invariant: it is taken from a scan of all sockets that began after since_us, so the
 * connection's own is among them; each of them had a peer, so the connection's own had that port;
 * and no other had. Else the client could be gone and back from the same port, with another socket.
 */
int http_sockets_find(struct http_sockets *sockets, int port, int peer_port, int64_t since_us);

#endif
