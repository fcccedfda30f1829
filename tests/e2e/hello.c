/*
 * The smallest producer and consumer, as a user plays them. The lab judges itself; here it must
 * have come to its end and have left nothing behind.
 */
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/ports.h"
#include "tests/support/program.h"
#include "tests/support/stack.h"

TestSuite(hello, .timeout = 900);

/* Three brokers, three controllers, PostgreSQL, the producer. */
#define PORTS 10

LAB_TEST(hello, two_replicas_survive_the_loss_of_a_leader, 1)
{
	int first = ports_free(PORTS);
	const char *settings[] = { "NO_COLOR=1",
				   arena_format("BUILD_DIR=%s", stack_build_dir()),
				   arena_format("KAFKA_PORT=%d", first),
				   arena_format("KAFKA_CONTROLLER_PORT=%d", first + 1),
				   arena_format("PG_PORT=%d", first + 6),
				   arena_format("ORDER_PORT=%d", first + 7),
				   arena_format("DELIVERY_PORT=%d", first + 8),
				   NULL };
	struct program_run run = program_run("lab/hello/hello.sh", NULL, settings);

	cr_expect_eq(run.status, 0, "%s", run.output);
	cr_expect(strstr(run.output, "24 messages were sent and printed"), "%s", run.output);
	cr_expect(ports_are_free(first, PORTS), "something is left of it: %s", run.output);
}
