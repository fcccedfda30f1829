#include "tests/support/pooler.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/support/arena.h"
#include "tests/support/fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/ports.h"
#include "tests/support/stack.h"
#include "tests/support/wait.h"

#define PROGRAM "/usr/sbin/pgbouncer"

static pid_t latest;

static const char *password_of(const char *role)
{
	FILE *file = fopen(getenv("PGPASSFILE"), "re");
	char line[256], user[64], password[64];

	cr_assert_not_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*[^:]:%*[^:]:%*[^:]:%63[^:]:%63s", user, password) == 2 &&
		    strcmp(user, role) == 0) {
			(void)fclose(file);
			return arena_format("%s", password);
		}
	}
	cr_assert_fail("no password of %s", role);
	return NULL;
}

static const char *database_line(const char *role)
{
	return arena_format("%s = host=127.0.0.1 port=%s dbname=%s user=%s password=%s\n", role,
			    getenv("PG_PORT"), fixture.database, role, password_of(role));
}

/* In memory: the file has passwords, and pgbouncer reads it as another user. */
static int settings_file(const char *mode, int port)
{
	const char *text = arena_format("[databases]\n%s%s"
					"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\n"
					"unix_socket_dir =\nauth_type = any\npool_mode = %s\n",
					database_line("order_service"),
					database_line("delivery_service"), port, mode);
	int fd = memfd_create("pgbouncer.ini", 0);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

/* Runs in the child. It refuses to run as root. */
static void exec_pooler(const char *settings, const char *log)
{
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	(void)dup2(fd, STDOUT_FILENO);
	(void)dup2(fd, STDERR_FILENO);
	if (geteuid() == 0)
		(void)execlp("setpriv", "setpriv", "--reuid=postgres", "--regid=postgres",
			     "--init-groups", "--pdeathsig=KILL", PROGRAM, settings, (char *)NULL);
	else
		(void)execlp("setpriv", "setpriv", "--pdeathsig=KILL", PROGRAM, settings,
			     (char *)NULL);
	_exit(127);
}

static bool takes_connections(int port)
{
	int fd = http_connect(port);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

int pooler_start(const char *mode)
{
	const char *log = arena_format("%s/log/%s-pooler.log", stack_run_dir(), fixture.name);
	int port = ports_free(1), fd = settings_file(mode, port);

	cr_assert_eq(access(PROGRAM, X_OK), 0,
		     PROGRAM " is missing: stack/packages.sh install test");
	latest = fork();
	if (latest == 0)
		exec_pooler(arena_format("/dev/fd/%d", fd), log);
	(void)close(fd);
	cr_assert(wait_until(60000, takes_connections(port)), "no pooler, see %s", log);
	return port;
}

void pooler_signal(int sig)
{
	cr_assert_gt(latest, 0);
	cr_assert_eq(kill(latest, sig), 0);
}

const char *pooler_url(const char *role, int port)
{
	return arena_format("postgresql://%s@127.0.0.1:%d/%s", role, port, role);
}
