/*
 * make demo, as a user runs it, with a short delay: its verdict, in both languages and on a narrow
 * screen; what it leaves behind when it is interrupted: nothing; and what make status and make
 * topic show of its stack.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/runtime/command.h"
#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/ports.h"
#include "tests/support/program.h"
#include "tests/support/stack.h"
#include "tests/support/wait.h"

TestSuite(demo, .timeout = 600);

/* PostgreSQL, Kafka and its controller, the live page, order-service, delivery-services. */
#define PORTS        10
#define SETTINGS_MAX 20
#define OUTPUT_SIZE  (256 * 1024)

/* The ports of a stack from first on, and then what more is given, ended by NULL. */
static void settings_of(const char *settings[SETTINGS_MAX], int first, const char *const *more)
{
	int n = 0;

	settings[n++] = arena_format("BUILD_DIR=%s", stack_build_dir());
	settings[n++] = arena_format("RUN_DIR=%s", stack_run_dir());
	settings[n++] = arena_format("KAFKA_PORT=%d", first);
	settings[n++] = arena_format("KAFKA_CONTROLLER_PORT=%d", first + 1);
	settings[n++] = arena_format("PG_PORT=%d", first + 2);
	settings[n++] = arena_format("PAGE_PORT=%d", first + 3);
	settings[n++] = arena_format("ORDER_PORT=%d", first + 4);
	settings[n++] = arena_format("DELIVERY_PORT=%d", first + 5);
	settings[n++] = "MAKEFLAGS=";
	settings[n++] = "MAKELEVEL"; /* none: make says nothing of folders */
	while (*more)
		settings[n++] = *more++;
	settings[n] = NULL;
}

#define MAKE_DEMO(first, ...) make_demo(first, (const char *const[]){ __VA_ARGS__, NULL })

static struct program_run make_demo(int first, const char *const *more)
{
	const char *settings[SETTINGS_MAX];

	settings_of(settings, first, more);
	return program_run("/usr/bin/make", "demo", settings);
}

static void expect_in(const char *output, const char *part)
{
	cr_expect_not_null(strstr(output, part), "\"%s\" is not in:\n%s", part, output);
}

static size_t longest_line(const char *text)
{
	size_t longest = 0;

	while (*text) {
		size_t len = strcspn(text, "\n");

		longest = len > longest ? len : longest;
		text += len + (text[len] == '\n');
	}
	return longest;
}

/* More than a busy machine needs from one call to the effect of the next. */
#define BUSY "DELIVERY_DELAY_MS=4000"

LAB_TEST(demo, plays_the_lab_to_its_verdict, 1)
{
	int first = ports_free(PORTS);
	struct program_run run = MAKE_DEMO(first, BUSY, "LAB_LANG=en", "COLUMNS=80");

	cr_assert_eq(run.status, 0, "%s", run.output);
	expect_in(run.output, "RIGHT: Order 2 was cancelled, and its delivery is cancelled.");
	expect_in(run.output, "WRONG: Order 3 was cancelled, and it is sent all the same");
	expect_in(run.output, "RIGHT: Order 4 was cancelled, and its delivery is cancelled.");
	expect_in(run.output, "The lab is reproduced: 3 of 3 as expected.");
	cr_expect_null(strchr(run.output, '\033'), "a colour where there is no terminal");
	cr_expect_leq(longest_line(run.output), 120, "%s", run.output); /* the folder's name */
	cr_expect(ports_are_free(first, PORTS), "something is left of it: %s", run.output);
}

/* A locale that the machine does not have, a narrow screen, and two rounds. What tests/run.sh took
 * for the user's locale goes. */
LAB_TEST(demo, speaks_korean_in_a_locale_that_is_not_there, 1)
{
	int first = ports_free(PORTS);
	struct program_run run = MAKE_DEMO(first, BUSY, "LAB_LOCALE", "LC_ALL=ko_KR.UTF-8",
					   "COLUMNS=60", "ROUNDS=2");

	cr_assert_eq(run.status, 0, "%s", run.output);
	expect_in(run.output, "틀림: 주문 ");
	expect_in(run.output, "실습이 재현되었습니다: 3개 중 3개가 예상대로입니다.");
	expect_in(run.output, "2회차: 주문 ");
	cr_expect_null(strstr(run.output, "arning"), "%s", run.output);
}

/* What stands against the lab: a resequencer makes the wrong one right. */
LAB_TEST(demo, says_what_is_not_as_the_lab_shows_it, 1)
{
	int first = ports_free(PORTS);
	struct program_run run =
		MAKE_DEMO(first, "DELIVERY_DELAY_MS=500", "LAB_LANG=en", "SEQUENCING=enforce");

	cr_expect_neq(run.status, 0, "%s", run.output);
	expect_in(run.output, "with SEQUENCING=enforce, which is not the lab's own setting");
	expect_in(run.output, "RIGHT: Order 3 was cancelled, and its delivery is cancelled.");
	expect_in(run.output, "The lab is NOT reproduced: 2 of 3 as expected.");
}

LAB_TEST(demo, a_pace_without_a_keyboard_is_refused, 1)
{
	int first = ports_free(PORTS);
	struct program_run run = MAKE_DEMO(first, "PACE=enter", "LAB_LANG=en");

	cr_expect_neq(run.status, 0, "%s", run.output);
	expect_in(run.output, "PACE=enter waits for your keyboard, and the input is no terminal");
	cr_expect_null(strstr(run.output, "starting PostgreSQL"), "%s", run.output);
}

/* --- one that is interrupted --------------------------------------------------------------- */

struct running {
	int first; /* port */
	const char *output;
	pid_t pid;
};

/* Runs in the child. */
static void exec_demo(const char *output, const char *const *settings)
{
	int fd = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	const char *script = "stack/temporary_stack.sh";

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void)dup2(fd, STDOUT_FILENO);
	(void)dup2(fd, STDERR_FILENO);
	for (; *settings; settings++)
		(void)putenv((char *)*settings);
	(void)execl(script, script, "run", "demo", arena_format("%s/demo", stack_build_dir()),
		    (char *)NULL);
	_exit(127);
}

static struct running start_demo(int first, const char *const *more)
{
	const char *settings[SETTINGS_MAX];
	struct running running = { .first = first,
				   .output = arena_format("%s/log/demo.out", stack_run_dir()) };

	settings_of(settings, first, more);
	running.pid = fork();
	cr_assert_geq(running.pid, 0);
	if (running.pid == 0)
		exec_demo(running.output, settings);
	return running;
}

static const char *said(const struct running *running)
{
	static char text[OUTPUT_SIZE];

	command_read_output(running->output, 0, text, sizeof(text));
	return text;
}

/* What a command says of its stack. */
static const char *make(const struct running *running, const char *target, const char *setting)
{
	const char *settings[SETTINGS_MAX];
	const char *const more[] = { arena_format("RUN_DIR=%s/demo", stack_run_dir()),
				     "KAFKA_TOPIC=kafka.scaling",
				     "FOLLOW=0",
				     "LAB_LANG=en",
				     setting,
				     NULL };
	struct program_run run;

	settings_of(settings, running->first, more);
	run = program_run("/usr/bin/make", target, settings);
	cr_expect_eq(run.status, 0, "%s: %s", target, run.output);
	return run.output;
}

/* One partition, and a second replica that finds none left. */
static void expect_shown(const struct running *running)
{
	const char *status;

	(void)make(running, "scale", "N=2");
	status = make(running, "status", "RAW=0");
	expect_in(status, "delivery-service 1: partition 0; ");
	expect_in(status, "delivery-service 2: idle, there is no partition left for it\n");
	expect_in(status, "topic kafka.scaling: 1 partition\n");
	expect_in(status, "partition 0: delivery-service 1, position ");
	cr_expect_leq(longest_line(status), 80, "%s", status);
	expect_in(make(running, "topic", "RAW=0"), " | OrderModified     | order 2, version 2\n");
	expect_in(make(running, "topic", "RAW=1"), "\"productName\":\"RADIO\"");
}

LAB_TEST(demo, an_interrupted_one_leaves_nothing, 1)
{
	int first = ports_free(PORTS), status = 0;
	struct running running =
		start_demo(first, (const char *const[]){ "DELIVERY_DELAY_MS=600000", "LAB_LANG=en",
							 "COLUMNS=80", NULL });

	cr_assert(wait_until(180000, strstr(said(&running), "OrderCancelled ")), "%s",
		  said(&running));
	expect_shown(&running);
	cr_assert_eq(kill(running.pid, SIGINT), 0);
	cr_assert_eq(waitpid(running.pid, &status, 0), running.pid);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 130, "status 0x%x: %s",
		  (unsigned)status, said(&running));
	expect_in(said(&running), "interrupted: stopping everything");
	expect_in(said(&running), "all is stopped; the logs are in ");
	cr_expect(ports_are_free(first, PORTS), "something is left of it: %s", said(&running));
}
