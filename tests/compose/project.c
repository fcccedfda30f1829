#include "tests/compose/project.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/parse.h"
#include "tests/compose/call.h"
#include "tests/support/arena.h"
#include "tests/support/http_client.h"

#define DELIVERY_PORTS 10 /* behind order-service's */
#define LAST_WORDS     3000

enum offset {
	KAFKA = DELIVERY_PORTS + 1,
	KAFKA_2 = 13,
	KAFKA_3 = 15,
	PROMETHEUS = 17,
	GRAFANA,
	PAGE
};

/* --- ports --------------------------------------------------------------------------------- */

static void export_port(const struct run *run, const char *name, enum offset offset)
{
	(void)setenv(name, arena_format("%" PRId64, run->port + (int)offset), 1);
}

void project_export_ports(const struct run *run)
{
	(void)setenv("ORDER_PORT", arena_format("%" PRId64, run->port), 1);
	(void)setenv(
		"DELIVERY_PORTS",
		arena_format("%" PRId64 "-%" PRId64, run->port + 1, run->port + DELIVERY_PORTS), 1);
	export_port(run, "KAFKA_PORT", KAFKA);
	export_port(run, "KAFKA_2_PORT", KAFKA_2);
	export_port(run, "KAFKA_3_PORT", KAFKA_3);
	export_port(run, "PROMETHEUS_PORT", PROMETHEUS);
	export_port(run, "GRAFANA_PORT", GRAFANA);
	export_port(run, "PAGE_PORT", PAGE);
}

int project_prometheus_port(const struct run *run)
{
	return (int)run->port + PROMETHEUS;
}

int project_page_port(const struct run *run)
{
	return (int)run->port + PAGE;
}

const char *project_brokers(const struct run *run)
{
	return arena_format("127.0.0.1:%" PRId64 ",127.0.0.1:%" PRId64 ",127.0.0.1:%" PRId64,
			    run->port + KAFKA, run->port + KAFKA_2, run->port + KAFKA_3);
}

/* --- docker compose ------------------------------------------------------------------------ */

void project_use(struct run *run, const char *name, const char *env_file)
{
	run->project = name;
	memset(run->project_options, 0, sizeof(run->project_options));
	run->project_options[0] = env_file ? "--env-file" : NULL;
	run->project_options[1] = env_file;
}

void project_over(struct run *run, const char *file)
{
	size_t first = run->project_options[0] ? 2 : 0;

	run->project_options[first] = "-f";
	run->project_options[first + 1] = file;
}

/* docker compose for the project in use, as far as the verb. Nothing of a user's .env counts. */
static size_t begin(const struct run *run, const char **arguments)
{
	const char *const first[] = {
		"docker", "compose",    "-f",       "docker-compose.yml", "--project-directory",
		".",      "--env-file", "/dev/null"
	};
	size_t count = 0;

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		arguments[count++] = first[i];
	for (size_t i = 0; i < RUN_OPTIONS_MAX && run->project_options[i]; i++)
		arguments[count++] = run->project_options[i];
	arguments[count++] = "-p";
	arguments[count++] = run->project;
	return count;
}

bool project_compose(struct run *run, const char *verb, ...)
{
	const char *arguments[COMMAND_ARGUMENTS_MAX];
	size_t count = begin(run, arguments);
	va_list ap;

	arguments[count++] = verb;
	va_start(ap, verb);
	(void)call_append(arguments, count, ap);
	va_end(ap);
	return call_vector(run, NULL, arguments);
}

enum status project_require(struct run *run, struct error *err, const char *verb, ...)
{
	const char *arguments[COMMAND_ARGUMENTS_MAX];
	size_t count = begin(run, arguments);
	va_list ap;

	arguments[count++] = verb;
	va_start(ap, verb);
	(void)call_append(arguments, count, ap);
	va_end(ap);
	if (call_vector(run, NULL, arguments))
		return ST_OK;
	return error_set(err, ST_UNAVAILABLE, "docker compose %s failed, see %.150s", verb,
			 run_path(run, "log/compose.log"));
}

/* What was said last, and what there is. */
static enum status up_failed(struct run *run, struct error *err)
{
	char words[LAST_WORDS];

	if (run_is_interrupted(run))
		return error_set(err, ST_UNAVAILABLE, "interrupted");
	command_read_output(run_path(run, "log/compose.log"), 0, words, sizeof(words));
	(void)fprintf(stderr, "%s\n", words);
	(void)project_compose(run, "ps", "-a", NULL);
	(void)fprintf(stderr, "%s\n", run->answer);
	return error_set(err, ST_UNAVAILABLE,
			 "docker compose up failed (its last lines are above)");
}

enum status project_up(struct run *run, int64_t *ms, struct error *err, ...)
{
	const char *arguments[COMMAND_ARGUMENTS_MAX];
	size_t count = begin(run, arguments);
	int64_t begin_ms = mono_ms();
	va_list ap;

	arguments[count++] = "up";
	arguments[count++] = "-d";
	arguments[count++] = "--wait";
	va_start(ap, err);
	(void)call_append(arguments, count, ap);
	va_end(ap);
	if (!call_vector(run, NULL, arguments))
		return up_failed(run, err);
	*ms = mono_ms() - begin_ms;
	return ST_OK;
}

/* One after the other, so that the builder without BuildKit does not build the common stage four
 * times. */
enum status project_build(struct run *run, struct error *err)
{
	static const char *const services[] = { "migrate", "order-service", "delivery-service",
						"page", "verify" };

	project_use(run, PROJECT_NAME, NULL);
	run_progress(run, "building the project's images");
	(void)setenv("DOCKER_BUILDKIT",
		     call_run(run, "docker", "buildx", "version", NULL) ? "1" : "0", 1);
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (project_require(run, err, "--profile", "tools", "build", services[i], NULL) !=
		    ST_OK)
			return error_wrap(err, "%s was not built", services[i]);
	(void)unsetenv("DOCKER_BUILDKIT");
	return ST_OK;
}

/* --- what there is ------------------------------------------------------------------------- */

const char *project_image(struct run *run, const char *begin_of_name)
{
	const char *text, *line;

	(void)project_compose(run, "--profile", "tools", "config", "--images", NULL);
	text = run->answer;
	while ((line = call_line(&text)))
		if (strstr(line, begin_of_name))
			return line;
	return "";
}

const char *project_containers(struct run *run, const char *service)
{
	const char *text, *line, *ids[64] = { NULL }, *list = "";
	int number, at;

	(void)call_run(run, "docker", "ps", "-a", "--no-trunc", "--filter",
		       arena_format("label=com.docker.compose.project=%s", run->project),
		       "--filter", arena_format("label=com.docker.compose.service=%s", service),
		       "--format", "{{.Label \"com.docker.compose.container-number\"}} {{.ID}}",
		       NULL);
	text = run->answer;
	while ((line = call_line(&text)))
		if (sscanf(line, "%d %n", &number, &at) == 1 && number >= 0 && number < 64)
			ids[number] = line + at;
	for (size_t i = 0; i < 64; i++)
		if (ids[i])
			list = arena_format("%s%s\n", list, ids[i]);
	return list;
}

const char *project_container(struct run *run, const char *service)
{
	const char *ids = project_containers(run, service);
	const char *id = call_line(&ids);

	return id ? id : "";
}

bool project_health_is(struct run *run, const char *service, const char *status)
{
	return call_run(run, "docker", "inspect", "-f", "{{.State.Health.Status}}",
			project_container(run, service), NULL) &&
	       strcmp(run->answer, status) == 0;
}

const char *project_sql(struct run *run, const char *statement)
{
	(void)project_compose(run, "exec", "-T", "postgres", "psql", "-X", "-q", "-A", "-t", "-U",
			      "lab", "-v", "ON_ERROR_STOP=1", "-c", statement, NULL);
	return run->answer;
}

int64_t project_sql_number(struct run *run, const char *statement)
{
	const char *text = project_sql(run, statement);
	int64_t number = -1;

	if (run->exit_status != 0 || !parse_i64(text, strlen(text), 0, INT64_MAX, &number))
		return -1;
	return number;
}

int64_t project_place(const struct run *run)
{
	struct http_answer answer =
		http_call((int)run->port, "POST", "/orders", PROJECT_ORDER, NULL);

	return answer.status == 201 ? json_number(answer.json, "id") : -1;
}

bool project_check(struct run *run, const char *acks)
{
	static const char *const with[] = {
		"run",    "--rm",   "-T", "-e", "WAIT=90", "-e", "ACKS=/dev/stdin",
		"verify", "--json", NULL
	};
	static const char *const without[] = { "run", "--rm", "-T", "verify", "--json", NULL };
	const char *const *rest = acks ? with : without;
	const char *arguments[COMMAND_ARGUMENTS_MAX];
	size_t count = begin(run, arguments);

	while ((arguments[count++] = *rest++))
		;
	return call_vector(run, acks, arguments);
}

/* The port on this machine that the replica has been given. */
static int delivery_port(struct run *run, int index)
{
	const char *colon;

	(void)project_compose(run, "port", "--index", arena_format("%d", index), "delivery-service",
			      "8082", NULL);
	colon = strrchr(run->answer, ':');
	return colon ? (int)strtol(colon + 1, NULL, 10) : 0;
}

bool project_partitions_each(struct run *run, int replicas, int partitions)
{
	const char *line = arena_format("\ndelivery_partitions %d\n", partitions);

	for (int i = 1; i <= replicas; i++) {
		struct http_answer answer =
			http_call(delivery_port(run, i), "GET", "/metrics", NULL, NULL);

		if (answer.status != 200 || !strstr(answer.body, line))
			return false;
	}
	return true;
}

/* --- the end ------------------------------------------------------------------------------- */

void project_down(struct run *run)
{
	project_use(run, run->project, NULL);
	(void)project_compose(run, "--profile", "*", "down", "-v", "--remove-orphans", "-t", "5",
			      NULL);
}

void project_down_all(struct run *run)
{
	static const char *const names[] = { PROJECT_NAME, PROJECT_THREE };

	for (size_t i = 0; i < 2; i++) {
		project_use(run, names[i], NULL);
		project_down(run);
	}
}
