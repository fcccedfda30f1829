#include "tests/faults/standby.h"

#include <glob.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/runtime/command.h"
#include "common/runtime/pid_file.h"
#include "tests/faults/passwords.h"
#include "tests/support/database.h"
#include "tests/support/process.h"
#include "tests/support/wait.h"

#define NAME        "standby"
#define DATA        "postgres/data"
#define OTHER       "postgres/other"
#define PORT_OFFSET 4 /* of its port from PostgreSQL's */
#define PROGRAM_MS  60000
#define WAIT_MS     30000
#define STOP_MS     20000

/* --- programs ------------------------------------------------------------------------------ */

static void add(struct command *command, const char *argument)
{
	size_t i = 0;

	while (command->arguments[i])
		i++;
	command->arguments[i] = argument;
}

/* By the server's user, who gets past folders that are root's alone. */
static void add_user(struct command *command)
{
	static const char *const user[] = {
		"setpriv",       "--reuid=postgres",         "--regid=postgres",
		"--init-groups", "--inh-caps=+dac_override", "--ambient-caps=+dac_override"
	};

	for (size_t i = 0; geteuid() == 0 && i < sizeof(user) / sizeof(user[0]); i++)
		add(command, user[i]);
	add(command, "env");
	add(command, "-C");
	add(command, "/");
	add(command, "LC_ALL=C.UTF-8");
}

/* The path of a program of the newest server. */
static const char *server_program(const char *name, char path[RUN_PATH_SIZE])
{
	glob_t found;

	path[0] = '\0';
	if (glob("/usr/lib/postgresql/*/bin", 0, NULL, &found) != 0)
		return path;
	(void)snprintf(path, RUN_PATH_SIZE, "%s/%s", found.gl_pathv[found.gl_pathc - 1], name);
	globfree(&found);
	return path;
}

static bool run_program(const struct run *run, struct command *command)
{
	char log[RUN_PATH_SIZE];

	command->output_path = run_path(run, "log/" NAME ".log", log);
	command->timeout_ms = wait_stretch(PROGRAM_MS);
	return command_run(command) == 0;
}

static bool remove_folder(const struct run *run, const char *folder)
{
	struct command command = { .arguments = { "rm", "-rf", folder } };

	return run_program(run, &command);
}

/* --- the copy ------------------------------------------------------------------------------ */

static bool reload(const struct run *run)
{
	return database_do(run->settings->database_url, "select pg_reload_conf()");
}

/* Written twice it does no harm. With SECURE=1 the server has another file, which is kept when the
 * data change, and clients come by TLS: pg_basebackup and the standby as the environment has it. */
static bool allow_replication(const struct run *run)
{
	const char *ca = getenv("PGSSLROOTCERT");
	const bool secure = ca && *ca;
	char path[RUN_PATH_SIZE];
	FILE *file = fopen(run_path(run, secure ? "secure/pg_hba.conf" : DATA "/pg_hba.conf", path),
			   "ae");

	return file &&
	       fprintf(file, "host%s replication all 127.0.0.0/8 scram-sha-256\n",
		       secure ? "ssl" : "") > 0 &&
	       fclose(file) == 0 && reload(run);
}

/* fsync is not needed, for nobody turns the machine off. */
static bool copy_data(const struct run *run, const char *other)
{
	char program[RUN_PATH_SIZE], port[24];
	struct command command = { .arguments = { server_program("pg_basebackup", program), "-h",
						  "127.0.0.1", "-p", port, "-U", "lab", "-D", other,
						  "-c", "fast", "-X", "stream", "--no-sync" } };

	(void)snprintf(port, sizeof(port), "%" PRId64, run->settings->pg_port);
	return run_program(run, &command);
}

static bool give_to_server(const struct run *run, const char *folder)
{
	struct command command = { .arguments = { "chown", "-R", "postgres:postgres", folder } };

	return geteuid() != 0 || run_program(run, &command);
}

enum status standby_copy(const struct run *run, struct error *err)
{
	char other[RUN_PATH_SIZE];

	(void)run_path(run, OTHER, other);
	if (!remove_folder(run, other) || !allow_replication(run) ||
	    !wait_until(WAIT_MS, copy_data(run, other)) || !give_to_server(run, other))
		return error_set(err, ST_UNAVAILABLE,
				 "PostgreSQL gives no copy, see log/" NAME ".log");
	return ST_OK;
}

/* --- the standby --------------------------------------------------------------------------- */

static void take_password(void *context, const char *role, const char *password)
{
	if (strcmp(role, "lab") == 0)
		(void)snprintf(context, PASSWORDS_SIZE, "%s", password);
}

/* What makes the copy a standby. */
static bool make_standby(const struct run *run)
{
	char path[RUN_PATH_SIZE], password[PASSWORDS_SIZE] = "";
	FILE *conf = fopen(run_path(run, OTHER "/postgresql.auto.conf", path), "ae"),
	     *mark = fopen(run_path(run, OTHER "/standby.signal", path), "we");

	passwords_each(run->settings->run_dir, take_password, password);
	if (conf)
		(void)fprintf(conf,
			      "primary_conninfo = 'host=127.0.0.1 port=%" PRId64
			      " user=lab password=%s application_name=" NAME "'\n",
			      run->settings->pg_port, password);
	return conf && mark && fclose(conf) == 0 && fclose(mark) == 0 &&
	       give_to_server(run, run_path(run, OTHER "/standby.signal", path));
}

static bool launch(const struct run *run)
{
	char log[RUN_PATH_SIZE], program[RUN_PATH_SIZE], other[RUN_PATH_SIZE], port[24];
	struct command command = { .output_path = run_path(run, "log/" NAME ".log", log) };
	pid_t pid;

	(void)snprintf(port, sizeof(port), "%" PRId64, run->settings->pg_port + PORT_OFFSET);
	add_user(&command);
	add(&command, server_program("postgres", program));
	add(&command, "-D");
	add(&command, run_path(run, OTHER, other));
	add(&command, "-p");
	add(&command, port);
	return command_start(&command, &pid) && process_note(run->settings->run_dir, NAME, pid);
}

static bool follows(const struct run *run)
{
	char state[16];

	return database_text(run->settings->database_url,
			     "select sync_state from pg_stat_replication", state, sizeof(state)) &&
	       strcmp(state, "sync") == 0;
}

enum status standby_start(const struct run *run, struct error *err)
{
	const char *url = run->settings->database_url;

	if (standby_copy(run, err) != ST_OK)
		return err->status;
	if (!make_standby(run) || !launch(run) ||
	    !database_do(url, "alter system set synchronous_standby_names = '" NAME "'") ||
	    !reload(run) || !wait_until(WAIT_MS, follows(run)))
		return error_set(err, ST_UNAVAILABLE, "no standby follows, see log/" NAME ".log");
	return ST_OK;
}

/* --- the take-over ------------------------------------------------------------------------- */

static bool kill_server(const struct run *run)
{
	const char *run_dir = run->settings->run_dir;
	pid_t pid = pid_file_find(run_dir, part_name(PART_POSTGRES));

	return !process_signal(run_dir, part_name(PART_POSTGRES), pid, SIGKILL) ||
	       process_await_end(run_dir, part_name(PART_POSTGRES), pid, STOP_MS);
}

/* It writes all it has, and stops. */
static bool promote(const struct run *run, pid_t pid)
{
	char program[RUN_PATH_SIZE], other[RUN_PATH_SIZE];
	struct command command = { 0 };

	add_user(&command);
	add(&command, server_program("pg_ctl", program));
	add(&command, "-s");
	add(&command, "-w");
	add(&command, "-D");
	add(&command, run_path(run, OTHER, other));
	add(&command, "promote");
	return run_program(run, &command) &&
	       process_signal(run->settings->run_dir, NAME, pid, SIGINT) &&
	       process_await_end(run->settings->run_dir, NAME, pid, STOP_MS);
}

enum status standby_take_over(const struct run *run, struct error *err)
{
	pid_t pid = pid_file_find(run->settings->run_dir, NAME);
	char data[RUN_PATH_SIZE], other[RUN_PATH_SIZE];

	(void)run_path(run, DATA, data);
	(void)run_path(run, OTHER, other);
	if (!kill_server(run))
		return error_set(err, ST_UNAVAILABLE, "PostgreSQL outlives kill -9");
	if (pid > 0 && !promote(run, pid))
		return error_set(err, ST_UNAVAILABLE,
				 "the standby is not promoted, see log/" NAME ".log");
	if (!remove_folder(run, data) || rename(other, data) != 0)
		return error_set(err, ST_INTERNAL, "%.150s cannot take the place of %.80s", OTHER,
				 DATA);
	return ST_OK;
}
