/*
 * Another authority takes the place of the first while orders are placed, changed and cancelled: it
 * is trusted beside the old one, then it has signed all certificates, then it is trusted alone.
 * After each step the services read again what SIGHUP lets them (HTTPS); then the broker is
 * restarted, and the services and the page one by one. docs/security.md has the same steps.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "common/runtime/command.h"
#include "common/runtime/pid_file.h"
#include "tests/secure/secure.h"
#include "tests/support/arena.h"
#include "tests/support/process.h"
#include "tests/support/wait.h"

#define STEP_MS  180000
#define STOP_MS  30000
#define AGAIN_MS 10000 /* SIGHUP is heeded */
#define CLIENTS  "rotation-clients"
#define ACKS     "rotation-acks.txt"

/* Two of each, so that one may be restarted; the command that starts what is missing. */
static const struct {
	const char *name, *command, *count;
} parts[] = { { "order-service", "scale-orders", "2" },
	      { "order-service-2", "scale-orders", "2" },
	      { "delivery-1", "scale", "2" },
	      { "delivery-2", "scale", "2" },
	      { "page", "page", NULL } };

#define PARTS (sizeof(parts) / sizeof(parts[0]))

/* --- programs ------------------------------------------------------------------------------ */

static bool run(const struct secure *secure, const struct command *command)
{
	struct command logged = *command;

	/* No log: page says its address, with its token, to who types it. */
	logged.output_path = secure_path(secure, "up.txt");
	logged.timeout_ms = wait_stretch(STEP_MS);
	return command_run(&logged) == 0;
}

static bool stack(const struct secure *secure, const char *command, const char *count)
{
	return run(secure, &(struct command){ .arguments = { "stack/stack.sh", command, count } });
}

/* A goal of stack/secure/Makefile. */
static bool goal(const struct secure *secure, const char *name)
{
	return run(secure,
		   &(struct command){
			   .arguments = { "env", "-u", "MAKEFLAGS", "make", "-s", "-C",
					  secure_path(secure, "secure"), "-f",
					  arena_format("%s/stack/secure/Makefile", getenv("PWD")),
					  "SECURE=1",
					  arena_format("KAFKA_DIR=%s/kafka", getenv("PWD")),
					  name } });
}

static bool signal_part(const struct secure *secure, size_t i, int sig, pid_t *pid)
{
	*pid = pid_file_find(secure->run_dir, parts[i].name);
	return *pid > 0 && process_signal(secure->run_dir, parts[i].name, *pid, sig);
}

static bool restart_all(const struct secure *secure)
{
	bool good = stack(secure, "broker-stop", NULL) && stack(secure, "broker-start", NULL);
	pid_t pid;

	for (size_t i = 0; i < PARTS && good; i++)
		good = signal_part(secure, i, SIGTERM, &pid) &&
		       process_await_end(secure->run_dir, parts[i].name, pid,
					 wait_stretch(STOP_MS)) &&
		       stack(secure, parts[i].command, parts[i].count);
	return good;
}

/* HTTPS, and PostgreSQL. */
static bool reload_all(const struct secure *secure)
{
	pid_t pid;
	bool good =
		run(secure, &(struct command){ .arguments = { "env", "SQL=select pg_reload_conf()",
							      "stack/stack.sh", "psql" } });

	for (size_t i = 0; i < PARTS && good; i++)
		good = signal_part(secure, i, SIGHUP, &pid);
	return good;
}

/* --- clients ------------------------------------------------------------------------------- */

static bool clients_start(const struct secure *secure, pid_t *pid)
{
	const struct command clients = {
		.arguments = { "env", "CLIENTS=4", "RATE=40",
			       arena_format("ORDER_PORTS=%d,%d", (int)secure->order_port,
					    (int)secure->order_port + 100),
			       arena_format("ACKS=%s", secure_path(secure, ACKS)),
			       arena_format("%s/order-clients", secure->build_dir) },
		.output_path = secure_path(secure, "log/" CLIENTS ".log"),
	};

	return command_start(&clients, pid) && process_note(secure->run_dir, CLIENTS, *pid);
}

static bool clients_end(const struct secure *secure, pid_t pid)
{
	int status = -1;

	return process_signal(secure->run_dir, CLIENTS, pid, SIGTERM) &&
	       wait_within(AGAIN_MS, waitpid(pid, &status, WNOHANG) == pid) && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

static int64_t acknowledged(const struct secure *secure)
{
	return command_output_size(secure_path(secure, ACKS));
}

static bool goes_on(const struct secure *secure)
{
	const int64_t before = acknowledged(secure);

	return wait_within(AGAIN_MS, acknowledged(secure) > before);
}

/* --- steps --------------------------------------------------------------------------------- */

static bool https(const struct secure *secure, const char *trusted, const char *shown)
{
	return door_https(secure, trusted, shown) == 200;
}

static bool kafka(const struct secure *secure, const char *trusted, const char *shown)
{
	return wait_within(AGAIN_MS, door_kafka(secure, trusted, shown));
}

static void expect_both(struct secure *secure)
{
	secure_expect(secure,
		      goal(secure, "ca-both") && reload_all(secure) &&
			      wait_within(AGAIN_MS, https(secure, "secure", "other")),
		      "SIGHUP: order-service takes a certificate of the next CA, too");
	secure_expect(secure, restart_all(secure) && goes_on(secure),
		      "all restart and trust both; orders go on");
	secure_expect(secure, kafka(secure, "secure", "other"),
		      "Kafka takes a certificate of the next CA, too");
	secure_expect(secure,
		      !https(secure, "other", "other") && !door_kafka(secure, "other", "other"),
		      "who trusts the next CA alone comes too early");
}

static void expect_next(struct secure *secure)
{
	secure_expect(secure,
		      goal(secure, "ca-next") && reload_all(secure) &&
			      wait_within(AGAIN_MS, https(secure, "other", "other")),
		      "SIGHUP: order-service shows a certificate of the next CA");
	secure_expect(secure, wait_within(AGAIN_MS, door_page(secure, "other")),
		      "so does the page");
	secure_expect(secure, wait_within(AGAIN_MS, !door_postgres(secure, "other")[0]),
		      "so does PostgreSQL");
	secure_expect(secure, restart_all(secure) && goes_on(secure),
		      "all restart with certificates of the next CA; orders go on");
	secure_expect(secure, kafka(secure, "other", "other"), "Kafka shows one, too");
	secure_expect(secure,
		      https(secure, "secure", "before") && kafka(secure, "secure", "before"),
		      "certificates of the old CA are taken yet");
}

static void expect_alone(struct secure *secure)
{
	secure_expect(secure,
		      goal(secure, "ca-alone") && reload_all(secure) &&
			      wait_within(AGAIN_MS, !https(secure, "secure", "before")),
		      "SIGHUP: order-service refuses a certificate of the old CA");
	secure_expect(secure, restart_all(secure) && goes_on(secure),
		      "all restart and trust the next CA alone; orders go on");
	secure_expect(secure, !door_kafka(secure, "secure", "before"),
		      "Kafka refuses a certificate of the old CA");
	secure_expect(secure,
		      https(secure, "secure", "secure") && kafka(secure, "secure", "secure") &&
			      !door_postgres(secure, "secure")[0],
		      "all doors are open to the new certificates");
}

/* What the folder "other" has becomes the next CA; what is valid now goes to the folder "before".
 */
static bool prepare(const struct secure *secure)
{
	const char *ours = secure_path(secure, "secure"), *other = secure_path(secure, "other");

	return run(secure, &(struct command){ .arguments = { "cp", "-r", ours,
							     secure_path(secure, "before") } }) &&
	       run(secure,
		   &(struct command){ .arguments = { "cp", arena_format("%s/ca.key", other),
						     arena_format("%s/next.key", ours) } }) &&
	       run(secure,
		   &(struct command){ .arguments = { "cp", arena_format("%s/ca.crt", other),
						     arena_format("%s/next.crt", ours) } }) &&
	       stack(secure, "scale-orders", "2") && stack(secure, "scale", "2");
}

void rotation_expect(struct secure *secure)
{
	pid_t clients = 0;

	if (!prepare(secure) || !clients_start(secure, &clients) || !goes_on(secure)) {
		secure_expect(secure, false, "two of each service, and clients: see log/");
		return;
	}
	expect_both(secure);
	expect_next(secure);
	expect_alone(secure);
	secure_expect(secure, clients_end(secure, clients),
		      "clients of all that time have every answer that they must");
	secure_expect(secure, secure_verify(secure, ACKS),
		      "the history checker finds all that they were promised");
}
