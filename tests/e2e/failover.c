/*
 * The fail-over lab in its short form, as a user runs it: three brokers of its own, of which first
 * one is killed and then two. It judges itself; here it must have come to its end, with a verdict,
 * and have left nothing behind.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/support/fixture.h"
#include "tests/support/ports.h"
#include "tests/support/program.h"
#include "tests/support/three_brokers.h"

TestSuite(failover, .timeout = 400);

/* What the clients noted as acknowledged and the checker judged; 0: it judged none. */
static long acknowledged(const char *output)
{
	static const char before[] = "The history checker: ";
	const char *at = strstr(output, before);

	return at ? strtol(at + sizeof(before) - 1, NULL, 10) : 0;
}

LAB_TEST(failover, three_brokers_lose_one_and_then_two, 1)
{
	struct three_brokers lab;
	struct program_run run;

	three_brokers_choose(&lab, "QUICK=1");
	run = program_run("lab/failover.sh", NULL, lab.settings);
	cr_expect_eq(run.status, 0, "%s", run.output);
	cr_expect_gt(acknowledged(run.output), 0, "%s", run.output);
	cr_expect(strstr(run.output, "0 lost, 0 duplicated, 0 out of order"), "%s", run.output);
	cr_expect(ports_are_free(lab.first_port, THREE_BROKERS_PORTS),
		  "something is left of it: %s", run.output);
}
