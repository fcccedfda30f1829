/*
 * A client that keeps its connection and sends what it likes, in pieces if it likes: for what no
 * decent client does. Criterion's assertions fail the test.
 *
 * Threads: any.
 */
#ifndef TESTS_SUPPORT_HTTP_SOCKET_H
#define TESTS_SUPPORT_HTTP_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

/* A connected socket on 127.0.0.1. */
int http_open(int port);

void http_say(int fd, const char *text);

/* Whether it has something to read now. */
bool http_readable(int fd);

/* The next answer's status; 0: the connection ended, -1: none came. */
int http_next(int fd);

/* The same; the beginning of its body is in text. */
int http_next_text(int fd, char text[1024]);

/* How http_next_text reads an answer, whatever brings the bytes: 0: the connection ended, -1: none
 * came. */
typedef ssize_t http_receive(void *context, char *bytes, size_t size);
int http_read_answer(http_receive *receive, void *context, char text[1024]);

#endif
