/* What a service tells its service manager: that it is up, that it lives, that it stops. */
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/service.h"
#include "tests/support/wait.h"

TestSuite(notify, .timeout = 300);

enum { TOLD_MS = 60000 };

static int manager = -1;

/* Listens, and returns the setting by which a service finds it. */
static const char *open_manager(void)
{
	const char *name = arena_format("notify-%s-%d", fixture.name, (int)getpid());
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(name);

	memcpy(address.sun_path + 1, name, len);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(manager, (struct sockaddr *)&address,
			  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len)),
		     0);
	return arena_format("NOTIFY_SOCKET=@%s", name);
}

/* The next message; "": none yet. */
static const char *next_message(void)
{
	char text[64];
	ssize_t len = recv(manager, text, sizeof(text), 0);

	return len > 0 ? arena_copy(text, (size_t)len) : "";
}

static bool is_told(const char *message)
{
	return wait_until(TOLD_MS, strcmp(next_message(), message) == 0);
}

static void expect_a_life(const char *program)
{
	struct service *service = service_start(program, open_manager(), NULL);

	cr_expect_str_eq(next_message(), "READY=1");
	cr_expect(is_told("WATCHDOG=1"));
	(void)service_stop(service, SIGTERM);
	cr_expect(is_told("STOPPING=1"));
	cr_expect_str_eq(next_message(), "");
	(void)close(manager);
}

LAB_TEST(notify, order_service_says_that_it_is_up_and_lives_and_stops, 1)
{
	expect_a_life(ORDER);
}

LAB_TEST(notify, delivery_service_says_that_it_is_up_and_lives_and_stops, 1)
{
	expect_a_life(DELIVERY);
}

/* A restart would find the same, again and again. */
static void expect_a_life_without_servers(const char *program)
{
	struct service *service =
		service_launch(program, "DATABASE_URL=postgresql://nobody@127.0.0.1:1/lab",
			       "KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:1", open_manager(), NULL);

	service_allow_errors();
	cr_expect(is_told("READY=1"));
	cr_expect(wait_until(2 * TOLD_MS, service_logged(service, "a part stands still")));
	while (*next_message())
		;
	cr_expect(is_told("WATCHDOG=1"));
	cr_expect_not(service_logged(service, "a thread hangs"));
	cr_expect_not(service_ready(service));
	(void)close(manager);
}

LAB_TEST(notify, order_service_lives_while_its_servers_are_away, 1)
{
	expect_a_life_without_servers(ORDER);
}

LAB_TEST(notify, delivery_service_lives_while_its_servers_are_away, 1)
{
	expect_a_life_without_servers(DELIVERY);
}
