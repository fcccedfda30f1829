/*
 * The fail-over lab in its short form, as a user runs it: three brokers of its own, of which first
 * one is killed and then two. It judges itself; here it must have come to its end, with a verdict,
 * and have left nothing behind.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/keep.h"
#include "tests/support/program.h"
#include "tests/support/stack.h"
#include "tests/support/world.h"

TestSuite(failover, .timeout = 400);

/* Three brokers, three controllers, PostgreSQL, order-service, two delivery-services. */
#define PORTS 10

/* Nobody listens on it. */
static bool is_free(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
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

static bool are_free(int first)
{
	for (int i = 0; i < PORTS; i++) {
		if (!is_free(first + i))
			return false;
	}
	return true;
}

/* The first of so many in a row, below the ephemeral ones. */
static int free_ports(void)
{
	int first = 20000 + (int)(getpid() % 1000) * PORTS;

	for (int i = 0; i < 100; i++, first += PORTS) {
		if (are_free(first))
			return first;
	}
	cr_assert_fail("no free ports");
	return 0;
}

LAB_TEST(failover, three_brokers_lose_one_and_then_two, 1)
{
	int first = free_ports();
	const char *settings[] = { "QUICK=1",
				   "NO_COLOR=1",
				   keep_format("BUILD_DIR=%s", stack_build_dir()),
				   keep_format("KAFKA_PORT=%d", first),
				   keep_format("KAFKA_CONTROLLER_PORT=%d", first + 1),
				   keep_format("PG_PORT=%d", first + 6),
				   keep_format("ORDER_PORT=%d", first + 7),
				   keep_format("DELIVERY_PORT=%d", first + 8),
				   NULL };
	struct program_run run = program_run("lab/failover.sh", NULL, settings);

	cr_expect_eq(run.status, 0, "%s", run.output);
	cr_expect(strstr(run.output, "0 lost, 0 doubled, 0 inverted"), "%s", run.output);
	cr_expect(are_free(first), "something is left of it: %s", run.output);
}
