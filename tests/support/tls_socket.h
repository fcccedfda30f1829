/*
 * A TLS client that keeps its connection and sends what it likes, like http_socket.h without TLS.
 * It does not look at the server's certificate beyond its serial number. Criterion's assertions
 * fail the test.
 *
 * Threads: any, each with its own.
 */
#ifndef TESTS_SUPPORT_TLS_SOCKET_H
#define TESTS_SUPPORT_TLS_SOCKET_H

#include <stdint.h>

struct tls_socket;

/* Connects, and shakes hands with GnuTLS's priorities ("NORMAL"); NULL: the server refuses. */
struct tls_socket *tls_open(int port, const char *priorities);
/* The same with what is current; each byte of the handshake goes out alone. */
struct tls_socket *tls_open_slowly(int port);
void tls_close(struct tls_socket *tls);

void tls_say(struct tls_socket *tls, const char *text);

/* The next answer's status, its body is read; 0: the connection ended. */
int tls_next(struct tls_socket *tls);

/* Of the certificate that the server has shown: the test's authority counts them. */
uint32_t tls_serial(const struct tls_socket *tls);

/* "TLS1.3" */
const char *tls_version(const struct tls_socket *tls);

#endif
