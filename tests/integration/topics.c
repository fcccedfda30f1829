/*
 * The program behind kafka/topics.sh, on the real broker: topics are made, altered, emptied and
 * described, and what cannot be done is told.
 */
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/program.h"

TestSuite(topics, .timeout = 120);

static struct program_run run(const char *action, const char *topic, int partitions)
{
	const char *settings[] = { arena_format("ACTION=%s", action),
				   arena_format("KAFKA_TOPIC=%s", topic),
				   arena_format("PARTITIONS=%d", partitions), NULL };

	return program_run("topics", NULL, settings);
}

static void expect(struct program_run run, int status, const char *said)
{
	cr_expect_eq(run.status, status, "%s", run.output);
	cr_expect(strstr(run.output, said), "no '%s' in: %s", said, run.output);
}

LAB_TEST(topics, are_made_once_and_described, 1)
{
	const char *topic = arena_format("%s-made", fixture.topic);

	expect(run("describe", topic, 1), 1, "there is no topic ");
	expect(run("make", topic, 2), 0, "made, partitions: 2\n");
	cr_expect_str_eq(run("make", topic, 3).output, "");
	expect(run("describe", topic, 1), 0, "Partition: 1\tLeader: 1\tReplicas: 1\tIsr: 1\n");
}

LAB_TEST(topics, only_grow, 2)
{
	expect(run("alter", fixture.topic, 3), 0, "");
	expect(run("alter", fixture.topic, 3), 0, "");
	expect(run("describe", fixture.topic, 1), 0, "Partition: 2\t");
	expect(run("alter", fixture.topic, 2), 1,
	       "was not altered to 2 partitions: it has 3, and Kafka can only add some");
	expect(run("alter", fixture.topic, 0), 2, "PARTITIONS=0: must be a whole number");
	expect(run("alter", "no-such-topic", 2), 1, "there is no topic no-such-topic");
}
