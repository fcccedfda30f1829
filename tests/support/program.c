#include "tests/support/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/runtime/clock.h"
#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/stack.h"

#define END_MS 600000

/* Runs in the child. */
static void exec_program(int output, const char *name, const char *argument,
			 const char *const *settings)
{
	const char *program = strchr(name, '/') ? name
						: arena_format("%s/%s", stack_build_dir(), name);

	/* A lab stops then what it has started. */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void)dup2(output, STDOUT_FILENO);
	(void)dup2(output, STDERR_FILENO);
	(void)setenv("KAFKA_BOOTSTRAP_SERVERS", stack_kafka(), 1);
	(void)setenv("KAFKA_TOPIC", fixture.topic, 1);
	(void)setenv("DATABASE_URL", stack_database_url("lab", fixture.database), 1);
	for (; *settings; settings++)
		(void)putenv((char *)*settings);
	(void)execl(program, program, argument, (char *)NULL);
	_exit(127);
}

/* What comes until the end of it all. A program that does not end gets SIGTERM, and fails the test:
 * else it would outlive the test's own limit, and hold up all others. */
static const char *read_all(int fd, pid_t pid)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int64_t end_mono_ms = clock_mono_ms() + END_MS;
	bool late = false;
	char *text = NULL, chunk[4096];
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);
	const char *copy;

	cr_assert_not_null(memory);
	for (ssize_t n = 1; n > 0 && !late;) {
		int64_t left_ms = end_mono_ms - clock_mono_ms();

		late = left_ms <= 0 || poll(&ready, 1, (int)left_ms) == 0;
		n = late ? 0 : read(fd, chunk, sizeof(chunk));
		(void)fwrite(chunk, 1, n > 0 ? (size_t)n : 0, memory);
	}
	(void)fclose(memory);
	copy = arena_copy(text, len);
	free(text);
	if (late)
		(void)kill(pid, SIGTERM);
	cr_assert(!late, "it does not end: %s", copy);
	return copy;
}

struct program_run program_run(const char *name, const char *argument, const char *const *settings)
{
	struct program_run run;
	int ends[2], status = 0;
	pid_t pid;

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0)
		exec_program(ends[1], name, argument, settings);
	(void)close(ends[1]);
	run.output = read_all(ends[0], pid);
	(void)close(ends[0]);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status), "%s ended with status 0x%x", name, (unsigned)status);
	run.status = WEXITSTATUS(status);
	return run;
}
