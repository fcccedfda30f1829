#include "tools/page/actions.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/runtime/clock.h"
#include "tools/page/action_command.h"

#define OUTPUT_MAX    8000 /* the last bytes that are kept */
#define ROOM_PAUSE_MS 50   /* until there may be room for its end */

struct actions {
	const char *project;
	struct mailbox *box;
	int64_t last_id;
	/* The one that runs, or ran last: */
	struct action_command command;
	pthread_t thread;
	bool started; /* thread is there, and not joined */
	_Atomic bool running;
	pthread_mutex_t mu;
	pid_t group;  /* of the command's processes; 0: none; guarded by mu */
	bool closing; /* no other is started; guarded by mu */
};

/* --- a command ----------------------------------------------------------------------------- */

struct output {
	char text[OUTPUT_MAX + 1]; /* its last bytes */
	size_t len;
	size_t told; /* bytes of text that viewers have, in whole lines */
};

static json_t *text_of(const char *text, size_t len)
{
	json_t *json = json_stringn(text, len);

	return json ? json : json_string("(it is no UTF-8)\n");
}

static void make_room(struct output *o, size_t len)
{
	size_t gone = o->len + len > OUTPUT_MAX ? o->len + len - OUTPUT_MAX : 0;

	memmove(o->text, o->text + gone, o->len - gone);
	o->len -= gone;
	o->told -= gone < o->told ? gone : o->told;
}

/* The whole lines that have come since the last time. */
static void tell_lines(struct actions *a, struct output *o)
{
	const char *begin = o->text + o->told;
	const char *end = memrchr(begin, '\n', o->len - o->told);

	if (!end)
		return;
	(void)mailbox_put(a->box, MAIL_OUTPUT,
			  json_pack("{s:I, s:s, s:o}", "id", (json_int_t)a->last_id, "action",
				    a->command.name, "text",
				    text_of(begin, (size_t)(end + 1 - begin))));
	o->told = (size_t)(end + 1 - o->text);
}

static void read_output(struct actions *a, int fd, struct output *o)
{
	char piece[1024];
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) > 0 || (n < 0 && errno == EINTR)) {
		if (n < 0)
			continue;
		make_room(o, (size_t)n);
		memcpy(o->text + o->len, piece, (size_t)n);
		o->len += (size_t)n;
		tell_lines(a, o);
	}
}

/* Signals that we block are not blocked in the command. It leads a group, so that what it starts
 * can be ended with it. */
static int spawn(const struct action_command *command, int output, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none;
	int failed;

	(void)sigemptyset(&none);
	(void)posix_spawnattr_init(&attributes);
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
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

static bool start_group(struct actions *a, int output)
{
	bool started;

	(void)pthread_mutex_lock(&a->mu);
	started = !a->closing && spawn(&a->command, output, &a->group) == 0;
	if (!started)
		a->group = 0;
	(void)pthread_mutex_unlock(&a->mu);
	return started;
}

/* 0: it tidies up by itself. */
static pid_t take_group(struct actions *a)
{
	pid_t group;

	(void)pthread_mutex_lock(&a->mu);
	group = a->closing ? 0 : a->group;
	a->group = 0;
	(void)pthread_mutex_unlock(&a->mu);
	return group;
}

/* The exit status; 127: it could not be started. */
static int run(struct actions *a, struct output *o)
{
	int fds[2], status = 0;
	bool started;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return 127;
	started = start_group(a, fds[1]);
	(void)close(fds[1]);
	if (started)
		read_output(a, fds[0], o);
	(void)close(fds[0]);
	if (!started)
		return 127;
	pid = take_group(a);
	if (pid == 0)
		return 128 + SIGTERM;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Somebody waits for it: it is not dropped where there is no room. */
static void put_end(struct mailbox *box, json_t *end)
{
	while (!mailbox_put(box, MAIL_ACTION, json_incref(end)) &&
	       mailbox_pause(box, ROOM_PAUSE_MS))
		continue;
	json_decref(end);
}

static void *thread_main(void *arg)
{
	struct actions *a = arg;
	struct output o = { .len = 0 };
	int status = run(a, &o);
	json_t *end = json_pack("{s:I, s:s, s:i, s:o, s:I}", "id", (json_int_t)a->last_id, "action",
				a->command.name, "status", status, "output", text_of(o.text, o.len),
				"ended", (json_int_t)clock_mono_ms());

	/* Whoever hears of its end may start the next one. */
	atomic_store(&a->running, false);
	put_end(a->box, end);
	return NULL;
}

/* --- open, start, close -------------------------------------------------------------------- */

struct actions *actions_open(const char *project, struct mailbox *box)
{
	struct actions *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	(void)pthread_mutex_init(&a->mu, NULL);
	a->project = project;
	a->box = box;
	a->last_id =
		clock_wall_ms(); /* a viewer may remember numbers of the page before this one */
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
	(void)pthread_mutex_lock(&a->mu);
	a->closing = true;
	if (a->group)
		(void)kill(-a->group, SIGTERM);
	(void)pthread_mutex_unlock(&a->mu);
	join(a);
	(void)pthread_mutex_destroy(&a->mu);
	free(a);
}

enum status actions_start(struct actions *a, const char *language, const char *name,
			  const json_t *arguments, int64_t *id, struct error *err)
{
	struct action_command command;

	if (!a->project)
		return error_set(err, ST_REFUSED, "this page cannot act on the stack");
	if (action_command_make(&command, a->project, language, name, arguments, err) != ST_OK)
		return err->status;
	if (atomic_load(&a->running)) {
		action_command_fini(&command);
		return error_set(err, ST_CONFLICT, "%s is still running", a->command.name);
	}
	join(a);
	a->command = command;
	*id = ++a->last_id;
	atomic_store(&a->running, true);
	a->started = pthread_create(&a->thread, NULL, thread_main, a) == 0;
	if (a->started)
		return ST_OK;
	atomic_store(&a->running, false);
	action_command_fini(&a->command);
	return error_set(err, ST_INTERNAL, "cannot start a thread");
}
