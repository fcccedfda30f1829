/*
 * What a container needs of a service: a health check that is the program itself, and a name that
 * no other replica has where all have the same port.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/program.h"
#include "tests/support/service.h"
#include "tests/support/stack.h"
#include "tests/support/wait.h"

TestSuite(probe, .timeout = 600);

/* The service's own program asks the one at the port. */
static struct program_run ask(const char *program, const char *flag, int port)
{
	const char *const settings[] = { arena_format("HTTP_PORT=%d", port), NULL };

	return program_run(program, flag, settings);
}

static void expect_yes(const struct service *service, const char *program)
{
	const struct program_run ready = ask(program, "--ready", service->port);
	const struct program_run alive = ask(program, "--alive", service->port);

	cr_expect_eq(ready.status, 0, "--ready: %s", ready.output);
	cr_expect_not_null(strstr(ready.output, "\"database\":\"up\""), "%s", ready.output);
	cr_expect_eq(alive.status, 0, "--alive: %s", alive.output);
}

LAB_TEST(probe, a_service_says_that_it_is_ready_and_alive, 1)
{
	expect_yes(service_start(ORDER, NULL), ORDER);
	expect_yes(service_start(DELIVERY, NULL), DELIVERY);
}

LAB_TEST(probe, without_a_broker_it_is_alive_and_not_ready, 1)
{
	const struct service *service =
		service_launch(ORDER, "KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:1", NULL);
	const struct program_run ready = ask(ORDER, "--ready", service->port);

	cr_expect_eq(ready.status, 1);
	cr_expect_not_null(strstr(ready.output, "\"broker\":\"down\""), "%s", ready.output);
	cr_expect_eq(ask(ORDER, "--alive", service->port).status, 0);
}

LAB_TEST(probe, where_nobody_answers_it_says_so, 1)
{
	const struct program_run run = ask(ORDER, "--ready", 1);

	cr_expect_eq(run.status, 1);
	cr_expect_not_null(strstr(run.output, "no answer from 127.0.0.1:1/readyz"), "%s",
			   run.output);
}

LAB_TEST(probe, a_replica_is_named_after_its_machine, 1)
{
	const struct service *service = service_start(ORDER, "REPLICA=a-%h-z", NULL);
	const char *holder;
	char host[65] = "";

	cr_assert_eq(gethostname(host, sizeof(host) - 1), 0);
	/* It is ready before its relay has the lease. */
	holder = arena_format("holder=\"%.50s/", arena_format("a-%s-z", host));
	cr_expect(wait_until(5000, service_logged(service, holder)), "the log has not %s", holder);
}

static bool has_ended(pid_t pid)
{
	int status;

	return waitpid(pid, &status, WNOHANG) == pid;
}

/* Who started the health check does not read what it prints. */
LAB_TEST(probe, an_answer_that_nobody_reads_is_no_hang, 1)
{
	const struct service *service = service_start(ORDER, NULL);
	char page[4096] = "";
	int ends[2];
	pid_t pid;

	cr_assert_eq(pipe(ends), 0);
	cr_assert_eq(fcntl(ends[1], F_SETPIPE_SZ, sizeof(page)), sizeof(page));
	cr_assert_eq(write(ends[1], page, sizeof(page)), sizeof(page));
	(void)setenv("HTTP_PORT", arena_format("%d", service->port), 1);
	pid = fork();
	if (pid == 0) {
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)execl(arena_format("%s/%s", stack_build_dir(), ORDER), ORDER, "--ready",
			    (char *)NULL);
		_exit(127);
	}
	cr_assert_gt(pid, 0);
	cr_expect(wait_until(60000, has_ended(pid)), "it hangs");
	(void)kill(pid, SIGKILL);
	(void)close(ends[0]);
	(void)close(ends[1]);
}
