/*
 * The HTTP server's sockets, which civetweb keeps to itself: they are found by their local port.
 *
 * Threads: any.
 */
#ifndef COMMON_HTTP_SOCKETS_H
#define COMMON_HTTP_SOCKETS_H

/* From now on, who connects to port and says nothing gets no thread: many clients connect ahead of
 * their need. */
void http_sockets_defer_silent(int port);

/* Ends the connections at port: threads that wait for more requests see it at once. */
void http_sockets_shut(int port);

#endif
