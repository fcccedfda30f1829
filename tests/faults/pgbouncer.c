#include "tests/faults/pgbouncer.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/runtime/command.h"
#include "common/runtime/pid_file.h"
#include "tests/faults/passwords.h"
#include "tests/support/process.h"
#include "tests/support/wait.h"

#define NAME     "pgbouncer"
#define READY_MS 30000
#define CHOWN_MS 10000

static void write_user(void *context, const char *role, const char *password)
{
	(void)fprintf(context, "\"%s\" \"%s\"\n", role, password);
}

static void write_settings(const struct settings *s, const char *folder, FILE *file)
{
	const char *ca = getenv("PGSSLROOTCERT");

	(void)fprintf(file,
		      "[databases]\n"
		      "lab = host=127.0.0.1 port=%" PRId64 " dbname=lab\n"
		      "[pgbouncer]\n"
		      "listen_addr = 127.0.0.1\n"
		      "listen_port = %" PRId64 "\n"
		      "unix_socket_dir =\n"
		      "auth_type = scram-sha-256\n"
		      "auth_file = %s/users\n"
		      "pool_mode = session\n"
		      "max_client_conn = 200\n"
		      "default_pool_size = 60\n"
		      "server_idle_timeout = 5\n"
		      "tcp_keepidle = 5\n"
		      "tcp_keepintvl = 3\n"
		      "tcp_keepcnt = 3\n",
		      s->pg_port, s->front_port, folder);
	if (ca)
		(void)fprintf(file,
			      "server_tls_sslmode = verify-full\n"
			      "server_tls_ca_file = %1$s\n"
			      "client_tls_sslmode = require\n"
			      "client_tls_cert_file = %2$s/secure/postgres.crt\n"
			      "client_tls_key_file = %2$s/secure/postgres.key\n",
			      ca, s->run_dir);
}

/* Its files, which its user can read. */
static bool write_files(const struct run *run, const char *folder)
{
	char users_path[RUN_PATH_SIZE], settings_path[RUN_PATH_SIZE];
	FILE *users = NULL, *file = NULL;
	const struct command chown = { .arguments = { "chown", "-R", "postgres:postgres", folder },
				       .output_path = "/dev/null",
				       .timeout_ms = CHOWN_MS };

	(void)mkdir(folder, 0700);
	users = fopen(run_path(run, NAME "/users", users_path), "we");
	file = fopen(run_path(run, NAME "/" NAME ".ini", settings_path), "we");
	if (users)
		passwords_each(run->settings->run_dir, write_user, users);
	if (file)
		write_settings(run->settings, folder, file);
	return users && file && fclose(users) == 0 && fclose(file) == 0 &&
	       (geteuid() != 0 || command_run(&chown) == 0);
}

/* It refuses to be root. */
static bool launch(const struct run *run)
{
	char path[RUN_PATH_SIZE], log[RUN_PATH_SIZE];
	struct command command = {
		.arguments = { "env", "-C", "/", NAME, run_path(run, NAME "/" NAME ".ini", path),
			       geteuid() == 0 ? "-u" : NULL, "postgres" },
		.output_path = run_path(run, "log/" NAME ".log", log),
	};
	pid_t pid;

	return command_start(&command, &pid) && process_note(run->settings->run_dir, NAME, pid);
}

static bool accepts(int port)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
					.sin_port = htons((uint16_t)port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool connected = fd >= 0 && connect(fd, (const void *)&at, sizeof(at)) == 0;

	if (fd >= 0)
		(void)close(fd);
	return connected;
}

enum status pgbouncer_start(const struct run *run, struct error *err)
{
	const char *run_dir = run->settings->run_dir;
	char folder[RUN_PATH_SIZE];
	bool ready = false;

	if (pid_file_find(run_dir, NAME) == 0 &&
	    (!write_files(run, run_path(run, NAME, folder)) || !launch(run)))
		return error_set(err, ST_UNAVAILABLE, NAME " cannot be started, see log/%s.log",
				 NAME);
	(void)wait_within(READY_MS, pid_file_find(run_dir, NAME) == 0 ||
					    (ready = accepts((int)run->settings->front_port)));
	return ready ? ST_OK
		     : error_set(err, ST_UNAVAILABLE, NAME " is not ready, see log/%s.log", NAME);
}
