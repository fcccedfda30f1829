/*
 * A test's own fixture on the shared servers: a migrated database, a topic, a consumer group, so
 * that tests that run at the same time do not see each other. (The dead-letter topic's name is
 * fixed; tail_open_dead_letters picks out a test's own.)
 *
 * Use: LAB_TEST(suite, name, partitions) { ... }. Every Criterion test is a process of its own, so
 * there is one fixture per process. Assertions in a .fini do not count in Criterion: what is to be
 * judged at the end (the services' logs and exit codes) is judged inside the test, by
 * fixture_close.
 *
 * Threads: the test's own.
 */
#ifndef TESTS_SUPPORT_FIXTURE_H
#define TESTS_SUPPORT_FIXTURE_H

#include <criterion/criterion.h>

struct fixture {
	const char *name; /* unique in the run */
	const char *topic, *group, *database;
};

extern struct fixture fixture;

void fixture_open(const char *test, int partitions);

/* The test's last act: stops the services and judges them, removes the fixture. */
void fixture_close(void);

/* After a failure: ends everything that still runs. */
void fixture_abandon(void);

#define LAB_TEST(suite, name, partitions, ...)                                                     \
	static void suite##_##name##_body(void);                                                   \
	Test(suite, name, .fini = fixture_abandon, ##__VA_ARGS__)                                  \
	{                                                                                          \
		fixture_open(#name, partitions);                                                   \
		suite##_##name##_body();                                                           \
		fixture_close();                                                                   \
	}                                                                                          \
	static void suite##_##name##_body(void)

#endif
