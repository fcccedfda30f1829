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

int http_next_text(int fd, char text[1024])
{
	char head[1024], scrap[4096];
	size_t len = 0, body = 0, kept = 0;
	const char *length;
	int status = 0;

	while (len < 4 || memcmp(head + len - 4, "\r\n\r\n", 4) != 0) {
		cr_assert_lt(len, sizeof(head) - 1);
		if (!readable(fd, ANSWER_MS))
			return -1;
		if (recv(fd, head + len, 1, 0) <= 0)
			return 0;
		len++;
	}
	head[len] = '\0';
	cr_assert_eq(sscanf(head, "HTTP/1.1 %d", &status), 1, "%s", head);
	length = strstr(head, "Content-Length: ");
	if (length)
		cr_assert_eq(sscanf(length, "Content-Length: %zu", &body), 1);
	while (body > 0 && readable(fd, ANSWER_MS)) {
		ssize_t n = recv(fd, scrap, body < sizeof(scrap) ? body : sizeof(scrap), 0);
		size_t more = n > 0 && (size_t)n < 1023 - kept ? (size_t)n : 1023 - kept;

		cr_assert_gt(n, 0);
		memcpy(text + kept, scrap, more);
		kept += more;
		body -= (size_t)n;
	}
	text[kept] = '\0';
	return status;
}

int http_next(int fd)
{
	char text[1024];

	return http_next_text(fd, text);
}
