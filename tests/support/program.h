/*
 * A program that ends by itself (the history checker, dead-letters, a lab), run on the test's
 * fixture. The test fails if it does not within ten minutes.
 *
 * Threads: the test's own. It dies with the test's process.
 */
#ifndef TESTS_SUPPORT_PROGRAM_H
#define TESTS_SUPPORT_PROGRAM_H

struct program_run {
	int status;         /* exit status; the test fails if it did not exit */
	const char *output; /* stdout and stderr; in the arena */
};

/* Runs it to its end with the settings ("NAME=value", ended by NULL) over the fixture's. A name
 * with a slash is a script of the project. argument NULL: none. */
struct program_run program_run(const char *name, const char *argument, const char *const *settings);

#endif
