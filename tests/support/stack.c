#include "tests/support/stack.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/arena.h"
#include "tests/support/service.h"

static const char *needed(const char *name)
{
	const char *value = getenv(name);

	if (!value || !*value)
		cr_assert_fail(
			"%s is not set: run the tests with make test-integration or make test-e2e",
			name);
	return value;
}

const char *stack_kafka(void)
{
	return arena_format("127.0.0.1:%s", needed("KAFKA_PORT"));
}

const char *stack_build_dir(void)
{
	return needed("TEST_BUILD_DIR");
}

const char *stack_run_dir(void)
{
	return needed("RUN_DIR");
}

const char *stack_database_url(const char *role, const char *database)
{
	return arena_format("postgresql://%s@127.0.0.1:%s/%s", role, needed("PG_PORT"), database);
}

/* Runs in the child: the script's output goes to a log of its own. */
static void exec_script(const char *script, const char *command, const char *log)
{
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (fd >= 0) {
		(void)dup2(fd, STDOUT_FILENO);
		(void)dup2(fd, STDERR_FILENO);
	}
	(void)execl(script, script, command, (char *)NULL);
	_exit(127);
}

static void run_script(const char *script, const char *command)
{
	const char *log = arena_format("%s/log/tests-stack.log", stack_run_dir());
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		exec_script(script, command, log);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 0)
		cr_assert_fail("%s %s failed (status %d), see %s", script, command, status, log);
}

void broker_stop(void)
{
	service_allow_standstills();
	run_script("kafka/broker.sh", "stop");
}

void broker_start(void)
{
	run_script("kafka/broker.sh", "start");
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(path);
}

void broker_replace(void)
{
	broker_stop();
	cr_assert_eq(nftw(arena_format("%s/kafka", stack_run_dir()), remove_entry, 16,
			  FTW_DEPTH | FTW_PHYS),
		     0);
	broker_start();
}

void postgres_stop(void)
{
	service_allow_standstills();
	run_script("sql/cluster.sh", "stop");
}

void postgres_start(void)
{
	run_script("sql/cluster.sh", "start");
}

static const char *postgres_data(void)
{
	return arena_format("%s/postgres", stack_run_dir());
}

static const char *postgres_files(void)
{
	return arena_format("%s/postgres.copy", stack_run_dir());
}

static void remove_tree(const char *path)
{
	(void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* With owners and modes, which the server looks at. */
static void copy_tree(const char *from, const char *to)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		(void)execl("/bin/cp", "cp", "-a", from, to, (char *)NULL);
		_exit(127);
	}
	cr_assert(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
			  WEXITSTATUS(status) == 0,
		  "%s cannot be copied", from);
}

void postgres_copy(void)
{
	postgres_stop();
	remove_tree(postgres_files());
	copy_tree(postgres_data(), postgres_files());
	postgres_start();
}

void postgres_go_back(void)
{
	postgres_stop();
	remove_tree(postgres_data());
	cr_assert_eq(rename(postgres_files(), postgres_data()), 0);
	postgres_start();
}

void stack_ensure(void)
{
	broker_start();
	postgres_start();
}
