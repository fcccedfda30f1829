/* A service manager gets each message as one datagram; without one nothing happens. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/runtime/notify.h"
#include "tests/unit/unit.h"

TestSuite(notify, .init = unit_deadline);

/* A manager's socket; name: of NOTIFY_SOCKET, @ for an abstract one. */
static int listen_at(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, name, strlen(name));
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, len), 0);
	cr_assert_eq(setenv("NOTIFY_SOCKET", name, 1), 0);
	return fd;
}

static void expect_message(int fd, const char *expected)
{
	char text[64] = "";

	cr_expect_eq(recv(fd, text, sizeof(text) - 1, 0), (ssize_t)strlen(expected));
	cr_expect_str_eq(text, expected);
}

Test(notify, each_message_is_a_datagram)
{
	char name[100];
	int fd;

	(void)snprintf(name, sizeof(name), "@notify-test-%d", (int)getpid());
	fd = listen_at(name);
	notify_manager("READY=1");
	notify_manager("STOPPING=1");
	expect_message(fd, "READY=1");
	expect_message(fd, "STOPPING=1");
	(void)close(fd);
}

Test(notify, takes_a_path)
{
	char folder[] = "/tmp/notify-test-XXXXXX", name[100];
	int fd;

	cr_assert_not_null(mkdtemp(folder));
	(void)snprintf(name, sizeof(name), "%s/socket", folder);
	fd = listen_at(name);
	notify_manager("WATCHDOG=1");
	expect_message(fd, "WATCHDOG=1");
	(void)close(fd);
	(void)unlink(name);
	(void)rmdir(folder);
}

Test(notify, does_nothing_without_a_manager)
{
	char longer[200];

	(void)unsetenv("NOTIFY_SOCKET");
	notify_manager("READY=1");
	(void)setenv("NOTIFY_SOCKET", "", 1);
	notify_manager("READY=1");
	(void)setenv("NOTIFY_SOCKET", "/nobody/is/here", 1);
	notify_manager("READY=1");
	memset(longer, 'a', sizeof(longer) - 1);
	longer[0] = '@';
	longer[sizeof(longer) - 1] = '\0';
	(void)setenv("NOTIFY_SOCKET", longer, 1);
	notify_manager("READY=1");
}
