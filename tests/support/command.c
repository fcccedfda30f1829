#include "tests/support/command.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/wait.h"

#define KILL_MS 10000 /* from a SIGTERM to a SIGKILL */

/* Nothing of the caller's: neither its terminal, nor its signal mask, nor what it ignores. */
static void set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	(void)posix_spawnattr_setsigmask(attributes, &none);
	(void)posix_spawnattr_setsigdefault(attributes, &all);
	(void)posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
							   POSIX_SPAWN_SETSIGDEF);
}

static void set_files(posix_spawn_file_actions_t *actions, const struct command *command)
{
	const int flags = O_WRONLY | O_CREAT | O_APPEND;

	(void)posix_spawn_file_actions_addopen(
		actions, STDIN_FILENO, command->input_path ? command->input_path : "/dev/null",
		O_RDONLY, 0);
	if (command->output_path)
		(void)posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, command->output_path,
						       flags, 0666);
	if (command->error_path)
		(void)posix_spawn_file_actions_addopen(actions, STDERR_FILENO, command->error_path,
						       flags, 0666);
	else
		(void)posix_spawn_file_actions_adddup2(actions, STDOUT_FILENO, STDERR_FILENO);
}

static bool start(const struct command *command, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int failed;

	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawnattr_init(&attributes);
	set_files(&actions, command);
	set_attributes(&attributes);
	failed = posix_spawnp(pid, command->arguments[0], &actions, &attributes,
			      (char *const *)command->arguments, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attributes);
	return failed == 0;
}

/* It has ended, or its time is over. */
static bool over(pid_t pid, int *status, const atomic_bool *cancel, bool *ended)
{
	*ended = waitpid(pid, status, WNOHANG) == pid;
	return *ended || (cancel && atomic_load(cancel));
}

int command_run(const struct command *command)
{
	bool ended = false;
	int status = 0;
	pid_t pid;

	if (!start(command, &pid))
		return -1;
	(void)wait_within(command->timeout_ms, over(pid, &status, command->cancel, &ended));
	if (!ended) {
		(void)kill(pid, SIGTERM);
		(void)wait_within(KILL_MS, over(pid, &status, NULL, &ended));
	}
	if (!ended) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, &status, 0);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int64_t command_output_size(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 ? (int64_t)info.st_size : 0;
}

void command_read_output(const char *path, int64_t from, char *text, size_t size)
{
	int64_t last = command_output_size(path) - (int64_t)size + 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : pread(fd, text, size - 1, from > last ? from : last);

	if (fd >= 0)
		(void)close(fd);
	text[len > 0 ? len : 0] = '\0';
}

const char *command_last_line(char *text)
{
	size_t len = strlen(text);
	const char *line;

	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	line = strrchr(text, '\n');
	return line ? line + 1 : text;
}
