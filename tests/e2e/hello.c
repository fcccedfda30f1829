/*
 * The smallest producer and consumer, as a user plays them. The lab judges itself; here it must
 * have come to its end and have left nothing behind.
 */
#include <string.h>

#include "tests/support/fixture.h"
#include "tests/support/ports.h"
#include "tests/support/program.h"
#include "tests/support/three_brokers.h"

TestSuite(hello, .timeout = 900);

LAB_TEST(hello, two_replicas_survive_the_loss_of_a_leader, 1)
{
	struct three_brokers lab;
	struct program_run run;

	three_brokers_choose(&lab, NULL);
	run = program_run("lab/hello/hello.sh", NULL, lab.settings);
	cr_expect_eq(run.status, 0, "%s", run.output);
	cr_expect(strstr(run.output, "24 messages were sent and printed"), "%s", run.output);
	cr_expect(ports_are_free(lab.first_port, THREE_BROKERS_PORTS),
		  "something is left of it: %s", run.output);
}
