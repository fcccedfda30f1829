#include "tests/support/ports.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST 10000
#define LAST  32000

static bool is_free(int port)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
					     .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
					     .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool refused;

	/* A bind would also fail on connections of the last user that are still closing. */
	refused = connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 &&
		  errno == ECONNREFUSED;
	(void)close(fd);
	return refused;
}

bool ports_are_free(int first, int count)
{
	for (int i = 0; i < count; i++) {
		if (!is_free(first + i))
			return false;
	}
	return true;
}

int ports_free(int count)
{
	int first = FIRST + (int)getpid() % FIRST;

	while (!ports_are_free(first, count)) {
		first += count;
		cr_assert_leq(first + count, LAST, "no ports are free");
	}
	return first;
}

int ports_listen(int *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&at, size) == 0 && listen(fd, 64) == 0 &&
		  getsockname(fd, (struct sockaddr *)&at, &size) == 0);
	*port = ntohs(at.sin_port);
	return fd;
}
