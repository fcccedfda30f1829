#include "tools/page/actions.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/page/action_command.h"

#define OUTPUT_MAX 8000 /* the last bytes that are kept */

struct actions {
	const char *stack;
	struct mailbox *box;
	int64_t last_id;
	/* The one that runs, or ran last: */
	struct action_command command;
	pthread_t thread;
	bool started; /* thread is there, and not joined */
	_Atomic bool running;
};

/* --- a command ----------------------------------------------------------------------------- */

/* Keeps the last OUTPUT_MAX bytes of what comes from fd. */
static void read_output(int fd, char output[OUTPUT_MAX + 1])
{
	char piece[1024];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) > 0 || (n < 0 && errno == EINTR)) {
		if (n < 0)
			continue;
		if (len + (size_t)n > OUTPUT_MAX) {
			size_t gone = len + (size_t)n - OUTPUT_MAX;

			memmove(output, output + gone, len - gone);
			len -= gone;
		}
		memcpy(output + len, piece, (size_t)n);
		len += (size_t)n;
	}
	output[len] = '\0';
}

/* Signals that we block are not blocked in the command. */
static int spawn(const struct action_command *command, int output, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none;
	int failed;

	(void)sigemptyset(&none);
	(void)posix_spawnattr_init(&attributes);
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&files, output, 1);
	(void)posix_spawn_file_actions_adddup2(&files, output, 2);
	failed = posix_spawn(pid, command->argv[0], &files, &attributes, command->argv,
			     command->environment);
	(void)posix_spawn_file_actions_destroy(&files);
	(void)posix_spawnattr_destroy(&attributes);
	return failed;
}

/* The exit status; 127: it could not be started. */
static int run(const struct action_command *command, char output[OUTPUT_MAX + 1])
{
	int fds[2], status = 0;
	pid_t pid;

	output[0] = '\0';
	if (pipe2(fds, O_CLOEXEC) != 0)
		return 127;
	if (spawn(command, fds[1], &pid) != 0) {
		(void)close(fds[0]);
		(void)close(fds[1]);
		return 127;
	}
	(void)close(fds[1]);
	read_output(fds[0], output);
	(void)close(fds[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static json_t *text_or_note(const char *output)
{
	json_t *text = json_string(output);

	return text ? text : json_string("(its output is no UTF-8)");
}

static void *thread_main(void *arg)
{
	struct actions *a = arg;
	char output[OUTPUT_MAX + 1];
	int status = run(&a->command, output);
	json_t *end = json_pack("{s:I, s:s, s:i, s:o}", "id", (json_int_t)a->last_id, "action",
				a->command.name, "status", status, "output", text_or_note(output));

	/* Whoever hears of its end may start the next one. */
	atomic_store(&a->running, false);
	(void)mailbox_put(a->box, MAIL_ACTION, end);
	return NULL;
}

/* --- open, start, close -------------------------------------------------------------------- */

struct actions *actions_open(const char *stack, struct mailbox *box)
{
	struct actions *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->stack = stack;
	a->box = box;
	return a;
}

static void join(struct actions *a)
{
	if (!a->started)
		return;
	(void)pthread_join(a->thread, NULL);
	a->started = false;
	action_command_fini(&a->command);
}

void actions_close(struct actions *a)
{
	if (!a)
		return;
	join(a);
	free(a);
}

enum status actions_start(struct actions *a, const char *name, const json_t *arguments, int64_t *id,
			  struct error *err)
{
	if (!a->stack)
		return error_set(err, ST_REFUSED, "this page cannot act on the stack");
	if (atomic_load(&a->running))
		return error_set(err, ST_CONFLICT, "%s is still running", a->command.name);
	join(a);
	if (action_command_make(&a->command, a->stack, name, arguments, err) != ST_OK)
		return err->status;
	*id = ++a->last_id;
	atomic_store(&a->running, true);
	a->started = pthread_create(&a->thread, NULL, thread_main, a) == 0;
	if (a->started)
		return ST_OK;
	atomic_store(&a->running, false);
	action_command_fini(&a->command);
	return error_set(err, ST_INTERNAL, "cannot start a thread");
}
