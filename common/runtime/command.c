#include "common/runtime/command.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/runtime/clock.h"

#define KILL_MS     30000 /* from a SIGTERM to a SIGKILL: it may have servers to stop */
#define INTERVAL_MS 10

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

bool command_start(const struct command *command, pid_t *pid)
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

/* Waits for its end, for timeout_ms at most, unless cancelled. False: it still runs. */
static bool wait_for(const struct command *command, bool cancellable, pid_t pid, int *status,
		     int64_t timeout_ms)
{
	int64_t end_mono_ms = clock_mono_ms() + timeout_ms;

	for (;;) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		if (clock_mono_ms() >= end_mono_ms ||
		    (cancellable && command->cancel && atomic_load(command->cancel)))
			return false;
		if (command->tick)
			command->tick(command->context);
		clock_pause_ms(INTERVAL_MS);
	}
}

int command_run(const struct command *command)
{
	int status = 0;
	pid_t pid;

	if (!command_start(command, &pid))
		return -1;
	if (!wait_for(command, true, pid, &status, command->timeout_ms)) {
		(void)kill(pid, SIGTERM);
		if (!wait_for(command, false, pid, &status, KILL_MS)) {
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, &status, 0);
		}
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
