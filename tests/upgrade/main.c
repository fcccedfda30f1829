/*
 * A rolling upgrade under load: the services of an older revision run, with the schema of that
 * revision; the schema is migrated, and the services are replaced one by one, while clients that
 * know what they were promised go on. Half of each kind stays old for DURATION, and half of it
 * later the new ones are killed, so that what they had goes to the old ones and back. Then the
 * history checker judges. make test-upgrade runs it with stack/temporary_stack.sh, which stops the
 * stack however this ends.
 */
#include <curl/curl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "common/base/config.h"
#include "common/runtime/clock.h"
#include "common/runtime/command.h"
#include "common/runtime/pid_file.h"
#include "tests/support/database.h"
#include "tests/support/process.h"
#include "tests/support/wait.h"
#include "tools/order-clients/clients.h"

#define STACK_MS    180000
#define STOP_MS     60000
#define VERIFY_MS   600000
#define STEP_S      5 /* load between two steps */
#define PATH_SIZE   4096
#define SECOND_PORT 100 /* of order-services, behind the first one's */

struct config {
	const char *run_dir, *build_dir, *old;
	int64_t duration_s, clients, rate, order_port, pg_port;
};

#define AT(member) offsetof(struct config, member)

static const struct config_key keys[] = {
	{ "OLD", CONFIG_TEXT, CONFIG_PUBLIC, AT(old), "", 0, 0, NULL,
	  "folder of the older revision, built in its build/" },
	{ "DURATION", CONFIG_INT, CONFIG_PUBLIC, AT(duration_s), "60", 1, 3600, NULL,
	  "seconds for which old and new services run beside each other" },
	{ "CLIENTS", CONFIG_INT, CONFIG_PUBLIC, AT(clients), "8", 1, CLIENTS_MAX, NULL,
	  "clients, with one operation at a time each" },
	{ "RATE", CONFIG_INT, CONFIG_PUBLIC, AT(rate), "100", 1, 100000, NULL,
	  "operations per second, of all clients together" },
	{ "RUN_DIR", CONFIG_TEXT, CONFIG_PUBLIC, AT(run_dir), "", 0, 0, NULL,
	  "folder of the temporary stack" },
	{ "BUILD_DIR", CONFIG_TEXT, CONFIG_PUBLIC, AT(build_dir), "build", 0, 0, NULL,
	  "where the new services and verify-history are" },
	{ "ORDER_PORT", CONFIG_INT, CONFIG_PUBLIC, AT(order_port), "8081", 1, 65000, NULL,
	  "first order-service; the second is 100 further" },
	{ "PG_PORT", CONFIG_INT, CONFIG_PUBLIC, AT(pg_port), "15432", 1, 65535, NULL,
	  "PostgreSQL" },
	{ 0 },
};

static const struct config_program program = {
	.name = "upgrade",
	.summary = "a rolling upgrade from an older revision under load; then a verdict",
	.tables = (const struct config_table[]){ { .keys = keys }, { 0 } },
	.manner = "Runs as make test-upgrade does it, once.",
	.exit_status = "0 nothing is wrong, 1 something is, or it could not run, 2 bad settings.",
};

struct upgrade {
	const struct config *config;
	struct clients *clients;
	FILE *clients_log;
	char database_url[100];
};

static void say(const struct upgrade *u, const char *what)
{
	struct tally_counts counts = { 0 };

	if (u->clients)
		counts = clients_counts(u->clients);
	(void)printf("== %s (%" PRId64 " operations acknowledged)\n", what, counts.acknowledged);
	(void)fflush(stdout);
}

static const char *in_run_dir(const struct upgrade *u, const char *name, char path[PATH_SIZE])
{
	(void)snprintf(path, PATH_SIZE, "%s/%s", u->config->run_dir, name);
	return path;
}

/* A script of the stack, of a revision: with the programs of that revision. folder "": ours. */
static enum status run_script(const struct upgrade *u, const char *folder, const char *script,
			      const char *verb, const char *argument, struct error *err)
{
	char log[PATH_SIZE], build[PATH_SIZE], path[PATH_SIZE], output[2048];
	const struct command command = { .arguments = { "env", build, path, verb, argument },
					 .output_path = in_run_dir(u, "log/upgrade.log", log),
					 .timeout_ms = wait_stretch(STACK_MS) };

	(void)snprintf(build, sizeof(build), "BUILD_DIR=%s%s", folder,
		       *folder ? "build" : u->config->build_dir);
	(void)snprintf(path, sizeof(path), "%s%s", folder, script);
	if (command_run(&command) == 0)
		return ST_OK;
	command_read_output(log, 0, output, sizeof(output));
	return error_set(err, ST_UNAVAILABLE, "%.80s %s failed: %.150s", path, verb,
			 command_last_line(output));
}

static enum status start_old(struct upgrade *u, struct error *err)
{
	static const struct {
		const char *verb, *argument;
	} steps[] = { { "up", NULL }, { "scale-orders", "2" }, { "scale", "2" } };
	char folder[PATH_SIZE];

	(void)snprintf(folder, sizeof(folder), "%s/", u->config->old);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (run_script(u, folder, "stack/stack.sh", steps[i].verb, steps[i].argument,
			       err) != ST_OK)
			return err->status;
	}
	return ST_OK;
}

static enum status start_clients(struct upgrade *u, struct error *err)
{
	static int ports[2];
	char acks[PATH_SIZE], log[PATH_SIZE];
	struct clients_config config = { .seed = 1,
					 .count = u->config->clients,
					 .rate = u->config->rate,
					 .ports = ports,
					 .port_count = 2,
					 .acks = in_run_dir(u, "acks.txt", acks) };

	ports[0] = (int)u->config->order_port;
	ports[1] = (int)u->config->order_port + SECOND_PORT;
	u->clients_log = config.log = fopen(in_run_dir(u, "log/clients.log", log), "ae");
	if (!config.log)
		return error_set(err, ST_INTERNAL, "%.200s cannot be written", log);
	if (clients_open(&u->clients, &config, err) != ST_OK)
		return err->status;
	return clients_start(u->clients, err);
}

/* Ends a service, and starts those that are missing, with the new programs. */
static enum status replace(struct upgrade *u, const char *name, int sig, struct error *err)
{
	const char *verb = *name == 'o' ? "scale-orders" : "scale";
	pid_t pid = pid_file_find(u->config->run_dir, name);
	char what[100];

	if (pid <= 0 || !process_signal(u->config->run_dir, name, pid, sig) ||
	    !process_await_end(u->config->run_dir, name, pid, wait_stretch(STOP_MS)))
		return error_set(err, ST_UNAVAILABLE, "%s does not run, or does not end", name);
	if (run_script(u, "", "stack/stack.sh", verb, "2", err) != ST_OK)
		return err->status;
	(void)snprintf(what, sizeof(what), "%s %s", name,
		       sig == SIGKILL ? "killed, and started again" : "replaced by the new one");
	say(u, what);
	clock_pause_ms(STEP_S * 1000);
	return ST_OK;
}

static enum status replace_pair(struct upgrade *u, const char *order, const char *delivery, int sig,
				struct error *err)
{
	if (replace(u, order, sig, err) != ST_OK)
		return err->status;
	return replace(u, delivery, sig, err);
}

/* The relays' lease and the partitions go to the old ones when the new ones die. */
static enum status run_mixed(struct upgrade *u, struct error *err)
{
	clock_pause_ms(u->config->duration_s * 500);
	if (replace_pair(u, "order-service", "delivery-1", SIGKILL, err) != ST_OK)
		return err->status;
	clock_pause_ms(u->config->duration_s * 500);
	say(u, "old and new ran beside each other");
	return ST_OK;
}

static enum status upgrade(struct upgrade *u, struct error *err)
{
	clock_pause_ms(STEP_S * 1000);
	say(u, "only the old ones ran, on their schema");
	if (run_script(u, "", "sql/cluster.sh", "start", NULL, err) != ST_OK)
		return err->status;
	say(u, "the schema is migrated, under the old ones");
	clock_pause_ms(STEP_S * 1000);
	if (replace_pair(u, "order-service", "delivery-1", SIGTERM, err) != ST_OK ||
	    run_mixed(u, err) != ST_OK ||
	    replace_pair(u, "delivery-2", "order-service-2", SIGTERM, err) != ST_OK)
		return err->status;
	say(u, "only the new ones run");
	return ST_OK;
}

/* Every operation is known, was answered as it must be, and was done once. */
static enum status judge_operations(struct upgrade *u, struct error *err)
{
	struct tally_counts counts = clients_counts(u->clients);
	int64_t stored = database_number(u->database_url,
					 "select coalesce(sum(version), 0) from orders.orders");

	clients_print_counts(u->clients, "result", stdout);
	if (counts.violations > 0)
		return error_set(err, ST_INVALID, "answers that must not be: %" PRId64 ": %.180s",
				 counts.violations, counts.first_violation);
	if (stored != counts.acknowledged || stored <= 0)
		return error_set(err, ST_INVALID,
				 "operations stored: %" PRId64 ", acknowledged: %" PRId64, stored,
				 counts.acknowledged);
	return ST_OK;
}

static enum status judge_history(struct upgrade *u, struct error *err)
{
	char path[PATH_SIZE];
	const struct command command = { .arguments = { path },
					 .timeout_ms = wait_stretch(VERIFY_MS) };

	(void)snprintf(path, sizeof(path), "%s/verify-history", u->config->build_dir);
	if (command_run(&command) == 0)
		return ST_OK;
	return error_set(err, ST_INVALID, "the history checker finds violations, see above");
}

static enum status run(struct upgrade *u, struct error *err)
{
	if (start_old(u, err) != ST_OK || start_clients(u, err) != ST_OK ||
	    upgrade(u, err) != ST_OK)
		return err->status;
	clients_stop(u->clients, CLIENT_FINISH);
	if (judge_operations(u, err) != ST_OK)
		return err->status;
	return judge_history(u, err);
}

/* For the stack's scripts of both revisions, the services and the checker. */
static void set_environment(struct upgrade *u)
{
	char path[PATH_SIZE];

	(void)snprintf(u->database_url, sizeof(u->database_url),
		       "postgresql://lab@127.0.0.1:%" PRId64 "/lab", u->config->pg_port);
	(void)setenv("DATABASE_URL", u->database_url, 1);
	(void)setenv("PGPASSFILE", in_run_dir(u, "pgpass", path), 1);
	(void)setenv("ACKS", in_run_dir(u, "acks.txt", path), 1);
	(void)setenv("PARTITIONS", "4", 1);
	(void)setenv("DELIVERY_DELAY_MS", "5", 1);
	(void)setenv("MAX_CONCURRENCY", "64", 1);
}

int main(int argc, char **argv)
{
	struct config config = { 0 };
	struct upgrade u = { .config = &config };
	struct error err = { 0 };
	int done = config_main(&program, argc, argv, &config);

	if (done >= 0)
		return done;
	/* Who started it may be killed: nobody would end the load then. */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	set_environment(&u);
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	if (run(&u, &err) != ST_OK)
		(void)fprintf(stderr, "upgrade: %s\n", err.msg);
	clients_close(u.clients);
	if (u.clients_log)
		(void)fclose(u.clients_log);
	curl_global_cleanup();
	return err.status != ST_OK;
}
