/*
 * Becomes a service or a server of the fault runner, in the surroundings that the run's families
 * need. The stack's scripts start each of them by it (SERVICE_WRAPPER, SERVER_WRAPPER).
 *
 * usage: faults-wrapper NAME PROGRAM [ARGUMENT...]
 * env of a service, each unset or as follows:
 *   FAULTS_LOG_PIPE=1   its log is a small pipe, read by the process NAME.reader, which the runner
 *                       can stop: a log that nobody reads
 *   FAULTS_LINKS=1      it reaches its servers by addresses of its own (links.h)
 *   FAULTS_POOLER_PORT  it reaches PostgreSQL by pgbouncer, unless by a proxy that leads there
 *   FAULTS_CLOCK        libfaketime, which moves its clock: the time is that of the file clock-NAME
 * env of a server:
 *   FAULTS_DISK         the library that makes its disk fail (preload/disk.c)
 *   FAULTS_PEERS=1      a broker runs with a group of its own (peers.h)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/strbuf.h"
#include "tests/faults/disks.h"
#include "tests/faults/peers.h"
#include "tests/support/process.h"

#define PATH_SIZE 4096
#define TEXT_SIZE 4096
#define NOT_RUN   126

static void fail(const char *what)
{
	(void)fprintf(stderr, "faults-wrapper: %s: %s\n", what, strerror(errno));
	exit(NOT_RUN);
}

static const char *setting(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static const char *run_dir(void)
{
	const char *value = setting("RUN_DIR");

	return value ? value : ".run";
}

/* In the variable: by takes the place of what, wherever that stands, and end comes behind all. */
static void replace(const char *variable, const char *what, const char *by, const char *end)
{
	const char *rest = getenv(variable), *found;
	char text[TEXT_SIZE] = "";
	struct strbuf value = STRBUF_ON(text);

	if (!rest)
		return;
	for (; (found = strstr(rest, what)); rest = found + strlen(what)) {
		strbuf_add(&value, rest, (size_t)(found - rest));
		strbuf_puts(&value, by);
	}
	strbuf_puts(&value, rest);
	strbuf_puts(&value, end);
	if (value.overflow)
		fail(variable);
	(void)setenv(variable, text, 1);
}

static void use_links(enum part part)
{
	char host[32], address[48];

	(void)snprintf(host, sizeof(host), "127.0.1.%d:", part_number(part));
	(void)snprintf(address, sizeof(address), "?hostaddr=127.0.1.%d", part_number(part));
	replace("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:", host, "");
	replace("DATABASE_URL", "?", "?", address);
}

static void use_pooler(const char *port)
{
	char from[24], to[24];

	(void)snprintf(from, sizeof(from), ":%.16s/", getenv("PG_PORT"));
	(void)snprintf(to, sizeof(to), ":%.16s/", port);
	replace("DATABASE_URL", from, to, "");
}

/* Its time of day is that of a file, such as +30s. */
static void use_clock(const char *name, const char *library)
{
	char path[PATH_SIZE];
	FILE *file;

	if (access(library, R_OK) != 0)
		return;
	(void)snprintf(path, sizeof(path), "%s/clock-%s", run_dir(), name);
	if (access(path, F_OK) != 0) {
		file = fopen(path, "we");
		if (!file || fputs("+0s\n", file) < 0 || fclose(file) != 0)
			fail(path);
	}
	(void)setenv("LD_PRELOAD", library, 1);
	(void)setenv("FAKETIME_TIMESTAMP_FILE", path, 1);
	(void)setenv("FAKETIME_NO_CACHE", "1", 1);
	(void)setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1", 1);
}

/* Copies the pipe to what was stderr. */
static void read_log(const char *name, int from)
{
	char reader[80];

	(void)snprintf(reader, sizeof(reader), "%s.reader", name);
	if (!process_note(run_dir(), reader, getpid()))
		fail(reader);
	(void)dup2(from, STDIN_FILENO);
	(void)dup2(STDERR_FILENO, STDOUT_FILENO);
	(void)execlp("cat", "cat", (char *)NULL);
	fail("cat");
}

static void use_log_pipe(const char *name)
{
	int ends[2];
	pid_t reader;

	if (pipe2(ends, O_CLOEXEC) != 0 || (reader = fork()) < 0)
		fail("no pipe for the log");
	if (reader == 0)
		read_log(name, ends[0]);
	(void)dup2(ends[1], STDERR_FILENO);
}

/* Its sessions have its name: see fence.h. */
static void use_name(const char *name)
{
	const char *url = getenv("DATABASE_URL");
	char option[80];

	(void)snprintf(option, sizeof(option), "%capplication_name=%.40s",
		       url && strchr(url, '?') ? '&' : '?', name);
	replace("DATABASE_URL", "?", "?", option);
}

static void become_service(const char *name, enum part part)
{
	if (setting("FAULTS_LINKS"))
		use_links(part);
	else if (setting("FAULTS_POOLER_PORT"))
		use_pooler(setting("FAULTS_POOLER_PORT"));
	use_name(name);
	if (setting("FAULTS_LOG_PIPE"))
		use_log_pipe(name);
	if (setting("FAULTS_CLOCK"))
		use_clock(name, setting("FAULTS_CLOCK"));
}

/* The library compares with the paths of open files, which have no links in them. */
static void use_disk(enum part part, const char *library)
{
	char path[PATH_SIZE], folder[PATH_SIZE];

	if (!realpath(disks_folder(run_dir(), part, path), folder))
		fail(path);
	(void)setenv("LD_PRELOAD", library, 1);
	(void)setenv("FAULTS_DISK_FOLDER", folder, 1);
	(void)setenv("FAULTS_DISK_MARK", disks_mark(run_dir(), part, path), 1);
}

static void become_server(enum part part)
{
	if (setting("FAULTS_PEERS") && part_is_kafka(part) && setgid(peers_group(part)) != 0)
		fail("setgid");
	if (setting("FAULTS_DISK"))
		use_disk(part, setting("FAULTS_DISK"));
}

int main(int argc, char **argv)
{
	enum part part = argc > 2 ? part_find(argv[1]) : PART_COUNT;

	if (part == PART_COUNT) {
		(void)fprintf(stderr, "Usage: faults-wrapper NAME PROGRAM [ARGUMENT...]\n");
		return 2;
	}
	if (part_is_order(part) || part_is_delivery(part))
		become_service(argv[1], part);
	else
		become_server(part);
	(void)execvp(argv[2], argv + 2);
	fail(argv[2]);
}
