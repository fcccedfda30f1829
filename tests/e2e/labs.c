/*
 * The load labs in their short form, from nothing to the verdict, each with a stack of its own; and
 * what one leaves behind when it is interrupted: nothing but its figures.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/arena.h"
#include "tests/support/http_client.h"
#include "tests/support/ports.h"
#include "tests/support/stack.h"
#include "tests/support/wait.h"

/* A sanitized build is no build to measure; what the labs start has its own tests there. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED false
#endif

TestSuite(labs, .timeout = 300, .fini = arena_release, .disabled = SANITIZED);

/* order-services from the first on, and behind 100 the others; Kafka from 200 */
#define PORTS 205

struct lab {
	const char *name;
	const char *run_dir; /* its own: result.json, table.txt */
	const char *output;  /* path */
	pid_t pid;
};

/* Runs in the child. */
static void exec_lab(const struct lab *lab, const char *script)
{
	int fd = open(lab->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int port = ports_free(PORTS);

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void)dup2(fd, STDOUT_FILENO);
	(void)dup2(fd, STDERR_FILENO);
	(void)putenv(arena_format("RUN_DIR=%s", stack_run_dir()));
	(void)putenv(arena_format("BUILD_DIR=%s", stack_build_dir()));
	(void)putenv(arena_format("ORDER_PORT=%d", port));
	(void)putenv(arena_format("DELIVERY_PORT=%d", port + 10));
	(void)putenv(arena_format("KAFKA_PORT=%d", port + 200));
	(void)putenv(arena_format("KAFKA_CONTROLLER_PORT=%d", port + 201));
	(void)putenv(arena_format("PG_PORT=%d", port + 202));
	(void)setenv("QUICK", "1", 1);
	(void)execl(script, script, (char *)NULL);
	_exit(127);
}

static struct lab lab_start(const char *name)
{
	struct lab lab = { .name = name };

	lab.run_dir = arena_format("%s/lab-%s", stack_run_dir(), name);
	lab.output = arena_format("%s/log/lab-%s.log", stack_run_dir(), name);
	lab.pid = fork();
	cr_assert_geq(lab.pid, 0);
	if (lab.pid == 0)
		exec_lab(&lab, arena_format("lab/%s.sh", name));
	return lab;
}

static const char *text_of(const char *path)
{
	static char text[65536];
	FILE *in = fopen(path, "re");
	size_t len = in ? fread(text, 1, sizeof(text) - 1, in) : 0;

	text[len] = '\0';
	if (in)
		(void)fclose(in);
	return text;
}

/* Its exit status. */
static int lab_end(const struct lab *lab)
{
	int status = 0;

	cr_assert_eq(waitpid(lab->pid, &status, 0), lab->pid);
	cr_assert(WIFEXITED(status), "%s ended by signal %d", lab->name, WTERMSIG(status));
	return WEXITSTATUS(status);
}

/* Nothing runs that the lab noted in its folder of pid files. */
static void expect_nothing_runs(const struct lab *lab)
{
	DIR *folder = opendir(arena_format("%s/pid", lab->run_dir));

	cr_assert_not_null(folder, "%s", lab->run_dir);
	for (const struct dirent *entry; (entry = readdir(folder));)
		cr_expect(entry->d_name[0] == '.', "%s still has %s", lab->name, entry->d_name);
	(void)closedir(folder);
}

static void expect_promises_kept(const char *name)
{
	struct lab lab = lab_start(name);
	int status = lab_end(&lab);
	json_t *result;

	cr_assert_eq(status, 0, "%s", text_of(lab.output));
	result = arena_json(json_load_file(arena_format("%s/result.json", lab.run_dir), 0, NULL));
	cr_expect_gt(json_array_size(json_object_get(result, "rows")), 1);
	cr_expect_gt(json_array_size(json_object_get(result, "promises")), 1);
	cr_expect_not_null(strstr(text_of(arena_format("%s/plot.svg", lab.run_dir)), "<svg"));
	expect_nothing_runs(&lab);
}

Test(labs, levelling)
{
	expect_promises_kept("levelling");
}

Test(labs, rush)
{
	expect_promises_kept("rush");
}

Test(labs, bulk)
{
	expect_promises_kept("bulk");
}

Test(labs, threads)
{
	expect_promises_kept("threads");
}

Test(labs, an_interrupted_one_leaves_its_figures)
{
	struct lab lab = lab_start("bulk");
	const char *series = arena_format("%s/http.tsv", lab.run_dir);

	cr_assert(wait_until(90000,
			     access(series, R_OK) == 0 || waitpid(lab.pid, NULL, WNOHANG) != 0) &&
			  access(series, R_OK) == 0,
		  "no load: %s", text_of(lab.output));
	cr_assert_eq(kill(lab.pid, SIGINT), 0);
	cr_expect_eq(lab_end(&lab), 130, "%s", text_of(lab.output));
	cr_expect_not_null(strstr(text_of(lab.output), "not finished; the figures so far: "), "%s",
			   text_of(lab.output));
	cr_expect_eq(access(arena_format("%s/table.txt", lab.run_dir), R_OK), 0);
	expect_nothing_runs(&lab);
}
