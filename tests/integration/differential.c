/*
 * The models of the simulation (docs/simulation.md) answer random calls as the real servers do. A
 * difference names its seed, and make test-differential plays it again.
 */
#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/program.h"
#include "tests/support/stack.h"

TestSuite(differential, .timeout = 900);

static void compare(const char *subject, const char *calls)
{
	const char *settings[] = { "SEED=1", calls, NULL };
	struct program_run run = program_run(
		arena_format("%s/tests/differential", stack_build_dir()), subject, settings);

	cr_assert_eq(run.status, 0, "%s", run.output);
}

LAB_TEST(differential, postgresql_and_its_model_answer_alike, 1)
{
	compare("pg", "CALLS=2000");
}

LAB_TEST(differential, kafka_and_its_model_answer_alike, 1)
{
	compare("kafka", "CALLS=300");
}
