/*
 * A stack as a new user meets it: started, given wrong settings, looked at and stopped, from a
 * folder with a Korean name and a blank, under locales that the machine lacks or that know no
 * Korean; and what is in the way of a start is told at once, before anything is touched.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/runtime/command.h"
#include "tests/support/arena.h"
#include "tests/support/http_client.h"
#include "tests/support/ports.h"
#include "tests/support/stack.h"
#include "tests/support/wait.h"

#define TIMEOUT_MS 180000
#define PORTS      6

/* Kafka, its controller, PostgreSQL, order-service, two delivery-services. */
enum port { KAFKA, CONTROLLER, POSTGRES, ORDER, DELIVERY };

static struct {
	const char *run_dir, *output;
	int port;
	char text[65536]; /* what the last command printed */
} stack;

static void stop_stack(void);

TestSuite(first_use, .timeout = 400, .fini = stop_stack);

/* --- a stack of the test's own ------------------------------------------------------------- */

static void stack_of(const char *run_dir)
{
	stack.run_dir = arena_format("%s/%s", stack_run_dir(), run_dir);
	stack.output = arena_format("%s/log/first-use.log", stack_run_dir());
	stack.port = ports_free(PORTS);
}

/* The words of a command line: env with this stack's settings, then words, which end with NULL. A
 * make around the tests has settings of its own. */
static void put_words(struct command *command, const char *const *words)
{
	const char *const settings[] = {
		"/usr/bin/env",
		"-u",
		"MAKEFLAGS",
		"-u",
		"MAKEOVERRIDES",
		"-u",
		"LAB_LOCALE",
		"PAGE=off",
		arena_format("RUN_DIR=%s", stack.run_dir),
		arena_format("BUILD_DIR=%s", realpath(stack_build_dir(), NULL)),
		arena_format("CACHE_DIR=%s", realpath(".cache", NULL)),
		arena_format("KAFKA_PORT=%d", stack.port + KAFKA),
		arena_format("KAFKA_CONTROLLER_PORT=%d", stack.port + CONTROLLER),
		arena_format("PG_PORT=%d", stack.port + POSTGRES),
		arena_format("ORDER_PORT=%d", stack.port + ORDER),
		arena_format("DELIVERY_PORT=%d", stack.port + DELIVERY),
	};
	size_t n = sizeof(settings) / sizeof(settings[0]);

	memcpy(command->arguments, settings, sizeof(settings));
	for (; *words; words++)
		command->arguments[n++] = *words;
}

/* Its exit status; what it printed is in stack.text. */
static int run(const char *const *words)
{
	struct command command = { .output_path = stack.output, .timeout_ms = TIMEOUT_MS };
	int status;

	(void)unlink(stack.output);
	put_words(&command, words);
	status = command_run(&command);
	command_read_output(stack.output, 0, stack.text, sizeof(stack.text));
	return status;
}

#define RUN(...) run((const char *const[]){ __VA_ARGS__, NULL })

#define expect_said(what) cr_expect(strstr(stack.text, what), "no '%s' in: %s", what, stack.text)

static void stop_stack(void)
{
	if (stack.run_dir)
		(void)RUN("stack/stack.sh", "down");
	arena_release();
}

/* 0: it does not run. */
static int pid_of(const char *name)
{
	FILE *in = fopen(arena_format("%s/pid/%s", stack.run_dir, name), "re");
	int pid = 0;

	if (in && fscanf(in, "%d", &pid) != 1)
		pid = 0;
	if (in)
		(void)fclose(in);
	return pid;
}

static void expect_nothing_is_left(void)
{
	DIR *folder = opendir(arena_format("%s/pid", stack.run_dir));

	for (const struct dirent *entry; folder && (entry = readdir(folder));)
		cr_expect(entry->d_name[0] == '.', "%s is left: %s", entry->d_name, stack.text);
	if (folder)
		(void)closedir(folder);
	cr_expect(ports_are_free(stack.port, PORTS), "something listens: %s", stack.text);
}

/* --- from the first start to the last stop ------------------------------------------------- */

/* The scripts in a folder of that name, as if it were a clone; its stack is that of a lab. */
static const char *clone_to(const char *name)
{
	const char *clone = arena_format("%s/%s", stack_run_dir(), name);

	stack_of(arena_format("%s/.run/demo", name));
	cr_assert_eq(RUN("/bin/rm", "-rf", clone), 0);
	cr_assert_eq(RUN("/bin/mkdir", "-p", stack.run_dir), 0);
	cr_assert_eq(RUN("/bin/cp", "-r", "stack", "sql", "kafka", clone), 0);
	cr_assert_eq(RUN("/usr/bin/touch", arena_format("%s/made-by-a-lab", stack.run_dir)), 0);
	return arena_format("%s/stack/stack.sh", clone);
}

static void bad_settings_touch_nothing(const char *script)
{
	int order = pid_of("order-service");

	cr_expect_eq(RUN("EVENT_KEY=nonsense", "WORKERS=x", script, "up"), 1);
	expect_said("EVENT_KEY=nonsense: must be one of order-id, none");
	expect_said("WORKERS=x: must be a whole number");
	cr_expect_gt(order, 0);
	cr_expect_eq(pid_of("order-service"), order, "it was restarted: %s", stack.text);
	cr_expect_eq(kill(order, 0), 0);
}

static void new_settings_keep_the_others(const char *script)
{
	struct http_answer answer =
		http_call(stack.port + ORDER, "POST", "/orders",
			  "{\"customerId\":1,\"productId\":\"1\",\"productName\":"
			  "\"TV\",\"qty\":1,\"address\":\"SEOUL\"}",
			  NULL);

	cr_assert_eq(json_number(answer.json, "id"), 1, "%s%s", answer.error, answer.body);
	cr_expect_eq(RUN("EVENT_KEY=none", script, "up"), 0, "%s", stack.text);
	expect_said("(event key: none)");
	expect_said("/orders/2 address=SEOUL");
	cr_expect_eq(RUN("/bin/cat", arena_format("%s/stack.env", stack.run_dir)), 0);
	expect_said("DELIVERY_DELAY_MS=100\n");
	cr_expect_eq(RUN("/usr/bin/stat", "-c", "mode %a",
			 arena_format("%s/stack.env", stack.run_dir)),
		     0);
	expect_said("mode 600\n"); /* KAFKA_CONF may have a password */
}

/* From the folder above a lab's stack: who looks reaches it, who changes it has to say so. */
static void from_outside_the_lab(const char *script)
{
	const char *inside = stack.run_dir;

	stack.run_dir = arena_format("%.*s", (int)strlen(inside) - (int)strlen("/demo"), inside);
	cr_expect_eq(RUN("SQL=select 6 * 7 as answer", script, "psql"), 0, "%s", stack.text);
	expect_said("this is the stack of the lab in ");
	expect_said("42");
	cr_expect_eq(RUN(script, "scale", "2"), 1);
	expect_said("the stack of a lab runs in demo: add RUN_DIR=");
	cr_expect_eq(RUN(script, "down"), 0);
	expect_said("nothing runs in ");
	stack.run_dir = inside;
}

/* Without it orders are taken; who stops it reads so, and how to start it again. */
static void the_broker_alone(const char *script)
{
	cr_expect_eq(RUN(script, "broker-stop"), 0, "%s", stack.text);
	expect_said("Kafka is stopped; orders are taken all the same");
	cr_expect_eq(pid_of("kafka-1"), 0);
	cr_expect_eq(RUN("LAB_LANG=ko", script, "broker-start"), 0, "%s", stack.text);
	expect_said("에서 실행 중입니다");
	cr_expect_neq(pid_of("kafka-1"), 0);
}

Test(first_use, in_a_korean_folder_with_a_blank)
{
	const char *script = clone_to("첫 사용");

	cr_assert_eq(RUN("LC_ALL=C", "DELIVERY_DELAY_MS=100", script, "up"), 0, "%s", stack.text);
	expect_said("/orders/1 address=SEOUL");
	expect_said("첫\\ 사용/.run/demo/log");
	bad_settings_touch_nothing(script);
	new_settings_keep_the_others(script);
	from_outside_the_lab(script);
	cr_expect_eq(RUN("LC_ALL=", "LANG=ko_KR.UTF-8", script, "reset"), 0, "%s", stack.text);
	expect_said("모두 비웠습니다: order-service 1개, delivery-service 1개, 파티션 1개");
	cr_expect_eq(RUN("LC_ALL=", "LANG=ko_KR.UTF-8", script, "scale", "0"), 0, "%s", stack.text);
	expect_said("실행 중인 delivery-service가 없습니다");
	cr_expect_eq(RUN("LAB_LANG=en", script, "scale", "0"), 0, "%s", stack.text);
	expect_said("no delivery-service runs");
	the_broker_alone(script);
	cr_expect_eq(RUN(script, "down"), 0, "%s", stack.text);
	expect_nothing_is_left();
}

/* --- one process --------------------------------------------------------------------------- */

/* What process.sh does, in a stack of that name. */
static int run_shell(const char *name, const char *script)
{
	stack_of(name);
	return RUN("/bin/bash", "-c", arena_format("set -e; . stack/process.sh; %s", script));
}

/* The disk that it waits for hangs: no signal reaches it. */
Test(first_use, what_cannot_be_killed_stays_noted)
{
	cr_expect_eq(run_shell("first-use-kill",
			       "process_start x - sleep 60; kill() { :; }; "
			       "! process_stop x 0 || echo forgotten; unset -f kill; "
			       "process_alive x; process_stop x 0"),
		     0, "%s", stack.text);
	cr_expect_null(strstr(stack.text, "forgotten"));
	expect_nothing_is_left();
}

/* A folder in the place of the note: as little can be written as on a full disk. */
Test(first_use, what_cannot_be_noted_does_not_run)
{
	cr_expect_eq(run_shell("first-use-note", "run_dir_prepare; mkdir -p $RUN_DIR/pid/x.new; "
						 "process_start x - flock $RUN_DIR/held sleep 60"),
		     1, "%s", stack.text);
	expect_said("x is not started");
	cr_expect_eq(run_shell("first-use-note", "sleep 1; rmdir $RUN_DIR/pid/x.new; "
						 "flock -n $RUN_DIR/held true"),
		     0, "it runs: %s", stack.text);
}

/* --- what is in the way -------------------------------------------------------------------- */

static int listen_on(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(fd, 1), 0);
	return fd;
}

Test(first_use, all_taken_ports_are_told_in_one_line)
{
	int sockets[2];

	stack_of("first-use-ports");
	sockets[0] = listen_on(stack.port + POSTGRES);
	sockets[1] = listen_on(stack.port + DELIVERY);
	cr_expect_eq(RUN("stack/stack.sh", "up"), 1);
	expect_said(arena_format("port %d (PostgreSQL) is in use by pid %d", stack.port + POSTGRES,
				 getpid()));
	expect_said(arena_format("; port %d (delivery-service 1)", stack.port + DELIVERY));
	expect_said(arena_format(" PG_PORT=%d", stack.port + POSTGRES + 100));
	expect_said(arena_format(" DELIVERY_PORT=%d", stack.port + DELIVERY + 100));
	cr_expect_eq(strchr(stack.text, '\n'), stack.text + strlen(stack.text) - 1, "%s",
		     stack.text);
	(void)close(sockets[0]);
	(void)close(sockets[1]);
	expect_nothing_is_left();
}

Test(first_use, a_mistyped_setting_is_refused)
{
	stack_of("first-use-typo");
	cr_expect_neq(RUN("/usr/bin/make", "-s", "up", "EVENTKEY=none", "DELIVERY_DELAY_MS=5"), 0);
	expect_said("EVENTKEY is no setting: did you mean EVENT_KEY?");
	cr_expect_null(strstr(stack.text, "DELIVERY_DELAY_MS"), "%s", stack.text);
	expect_nothing_is_left();
}

Test(first_use, a_full_disk_is_told)
{
	stack_of("first-use-disk");
	cr_assert_eq(RUN("/bin/mkdir", "-p", stack.run_dir), 0);
	if (RUN("/usr/bin/unshare", "-m", "/bin/true") != 0)
		cr_skip_test("no mount of its own");
	cr_expect_eq(RUN("/usr/bin/unshare", "-m", "/bin/sh", "-c",
			 "mount -t tmpfs -o size=8m none \"$RUN_DIR\" && exec stack/stack.sh up"),
		     1);
	expect_said("the disk is full: ");
	expect_said("set RUN_DIR to a folder of another disk");
	expect_nothing_is_left();
}

/* --- Ctrl-C -------------------------------------------------------------------------------- */

/* As a terminal does it: the signal goes to the whole process group. */
static pid_t start_in_group(const char *const *words)
{
	struct command command = { 0 };
	pid_t pid;

	put_words(&command, words);
	pid = fork();
	if (pid == 0) {
		int fd = open(stack.output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

		(void)setpgid(0, 0);
		(void)dup2(fd, STDOUT_FILENO);
		(void)dup2(fd, STDERR_FILENO);
		(void)execv(command.arguments[0], (char *const *)command.arguments);
		_exit(127);
	}
	return pid;
}

Test(first_use, an_interrupted_start_leaves_nothing)
{
	const char *words[] = { "stack/stack.sh", "up", NULL };
	int status = 0;
	pid_t pid;

	stack_of("first-use-interrupt");
	pid = start_in_group(words);
	cr_assert(wait_until(60000, pid_of("kafka-1") > 0 || pid_of("postgres") > 0));
	cr_assert_eq(kill(-pid, SIGINT), 0);
	cr_assert(wait_until(60000, waitpid(pid, &status, WNOHANG) == pid), "it goes on");
	command_read_output(stack.output, 0, stack.text, sizeof(stack.text));
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 130, "status 0x%x: %s",
		  (unsigned)status, stack.text);
	cr_expect_null(strstr(stack.text, "What to type next"), "%s", stack.text);
	expect_nothing_is_left();
}
