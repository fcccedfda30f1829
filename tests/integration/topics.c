/*
 * The program behind kafka/topics.sh, on the real broker: topics are made, altered, emptied and
 * described, and what cannot be done is told. And make produce: lines that go to a topic.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/program.h"
#include "tests/support/topic.h"

TestSuite(topics, .timeout = 300);

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

/* --- make produce -------------------------------------------------------------------------- */

#define PLACED "{\"eventType\":\"OrderPlaced\",\"id\":7,\"version\":1}"

/* The lines are its standard input. */
static struct program_run type_lines(const char *lines, const char *setting)
{
	const char *settings[] = { "ACTION=produce", "LAB_LANG=en", "COLUMNS=80", setting, NULL };
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	cr_assert_eq(write(ends[1], lines, strlen(lines)), (ssize_t)strlen(lines));
	(void)close(ends[1]);
	(void)dup2(ends[0], STDIN_FILENO);
	(void)close(ends[0]);
	return program_run("demo", NULL, settings);
}

static const struct message *message_of(const struct tail *tail, const char *payload)
{
	for (size_t i = 0; i < tail->count; i++) {
		if (strcmp(tail->messages[i].payload, payload) == 0)
			return &tail->messages[i];
	}
	cr_assert(false, "no %s among %zu messages", payload, tail->count);
	return NULL;
}

LAB_TEST(topics, get_the_lines_that_are_typed, 2)
{
	struct tail *tail = tail_open(fixture.topic);
	const struct message *m;

	expect(type_lines("7:" PLACED "\n\nhello", "RAW=0"), 0,
	       "key 7   | OrderPlaced       | order 7, version 1\n");
	expect(type_lines("8:is {all} value\n", "RAW=1"), 0, "1 message sent\n");
	expect(type_lines("a\nb\n", "PARTITION=1"), 0, "2 messages sent\n");
	cr_assert_eq(tail_read(tail), 5);
	m = message_of(tail, PLACED);
	cr_expect_str_eq(m->key, "7");
	cr_expect_str_eq(message_header(m, "type"), "OrderPlaced");
	cr_expect_str_eq(message_header(m, "contentType"), "application/json");
	cr_expect_null(message_of(tail, "hello")->key);
	cr_expect_eq(message_of(tail, "hello")->header_count, 0);
	cr_expect_null(message_of(tail, "8:is {all} value")->key);
	cr_expect_eq(message_of(tail, "a")->partition, 1);
	cr_expect_eq(message_of(tail, "b")->partition, 1);
}

LAB_TEST(topics, do_not_get_what_was_mistyped, 1)
{
	struct program_run run = type_lines("7:{\"id\":}\nnext\n", "KEY=");

	expect(run, 1, "Line 1 was not sent: ");
	expect(run, 1, "1 message sent\n");
	expect(type_lines("a\n", "PARTITION=1"), 1, "has partitions 0 to 0\n");
	expect(type_lines("a\n", "HEADERS=type"), 1, "HEADERS: 'type' is not name=value");
	expect(type_lines("a\n", "KAFKA_TOPIC=no-such-topic"), 1,
	       "there is no topic no-such-topic: kafka/topics.sh create ");
	expect(type_lines("a\n", "KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:1"), 1,
	       "no broker answers on 127.0.0.1:1\n");
	cr_expect_eq(tail_read(tail_open(fixture.topic)), 1);
}

/* Its input is a file: a pipe would not hold it. */
LAB_TEST(topics, do_not_get_the_end_of_a_line_that_is_too_long, 1)
{
	const char *settings[] = { "ACTION=produce", "LAB_LANG=en", "COLUMNS=80", NULL };
	FILE *file = tmpfile();
	struct program_run run;

	cr_assert_not_null(file);
	for (int i = 0; i < 300000; i++)
		(void)fputs("a:b ", file);
	(void)fputs("\n7:next\n8:{\n", file);
	cr_assert_eq(fflush(file), 0);
	(void)lseek(fileno(file), 0, SEEK_SET);
	(void)dup2(fileno(file), STDIN_FILENO);
	run = program_run("demo", NULL, settings);
	expect(run, 1, "Line 1 was not sent: a line has at most 1048575 bytes\n");
	expect(run, 1, "Line 3 was not sent: ");
	expect(run, 1, "1 message sent\n");
	(void)fclose(file);
}
