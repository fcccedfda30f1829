#include "tests/support/http_socket.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/support/http_client.h"
#include "tests/support/wait.h"

#define ANSWER_MS 20000

int http_open(int port)
{
	int fd = http_connect(port);

	cr_assert_geq(fd, 0);
	return fd;
}

void http_say(int fd, const char *text)
{
	cr_assert_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

bool http_readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) > 0;
}

static bool readable(int fd, int64_t ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, (int)wait_stretch(ms)) > 0;
}

static ssize_t receive_from(void *context, char *bytes, size_t size)
{
	const int fd = *(const int *)context;
	ssize_t n;

	if (!readable(fd, ANSWER_MS))
		return -1;
	n = recv(fd, bytes, size, 0);
	return n > 0 ? n : 0;
}

int http_read_answer(http_receive *receive, void *context, char text[1024])
{
	char head[1024], scrap[4096];
	size_t len = 0, body = 0, kept = 0;
	const char *length;
	int status = 0;
	ssize_t n;

	while (len < 4 || memcmp(head + len - 4, "\r\n\r\n", 4) != 0) {
		cr_assert_lt(len, sizeof(head) - 1);
		n = receive(context, head + len, 1);
		if (n <= 0)
			return (int)n;
		len++;
	}
	head[len] = '\0';
	cr_assert_eq(sscanf(head, "HTTP/1.1 %d", &status), 1, "%s", head);
	length = strstr(head, "Content-Length: ");
	if (length)
		cr_assert_eq(sscanf(length, "Content-Length: %zu", &body), 1);
	while (body > 0 &&
	       (n = receive(context, scrap, body < sizeof(scrap) ? body : sizeof(scrap))) >= 0) {
		size_t more = (size_t)n < 1023 - kept ? (size_t)n : 1023 - kept;

		cr_assert_gt(n, 0);
		memcpy(text + kept, scrap, more);
		kept += more;
		body -= (size_t)n;
	}
	text[kept] = '\0';
	return status;
}

int http_next_text(int fd, char text[1024])
{
	return http_read_answer(receive_from, &fd, text);
}

int http_next(int fd)
{
	char text[1024];

	return http_next_text(fd, text);
}
