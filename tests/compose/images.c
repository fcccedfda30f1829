#include <ctype.h>
#include <inttypes.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "tests/compose/call.h"
#include "tests/compose/project.h"
#include "tests/compose/steps.h"
#include "tests/support/arena.h"
#include "tests/support/http_client.h"

#define SIZE_MAX_BYTES 100000000
#define STOP_MAX_MS    1000
#define PASSWORDS      4
#define PASSWORD_LEN   32

static const char *const services[] = { "order-service", "delivery-service", "page" };

#define SERVICES (sizeof(services) / sizeof(services[0]))

/* The row of deploy/docker/images.sh: a user, read-only, no capabilities, shells, tools, setuid
 * files. */
static const char row_pattern[] = "^\\| [^|]+ \\| [0-9.]+ MB \\| [1-9][0-9]*:[1-9][0-9]* \\| "
				  "read-only \\| none \\| none \\| none \\| none \\| "
				  "[1-9][0-9]* \\|$";

/* A line with the text matches the pattern. */
static bool row_matches(const char *table, const char *text, const char *pattern)
{
	bool matches = false;
	const char *line;
	regex_t regex;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	while (!matches && (line = call_line(&table)))
		matches = strstr(line, text) && regexec(&regex, line, 0, NULL, 0) == 0;
	regfree(&regex);
	return matches;
}

/* By its row of the table, and its size. */
static bool image_is_bare(struct run *run, const char *table, const char *service)
{
	const char *image = project_image(run, arena_format("ordering-lab/%s:", service));
	const char *tag = strrchr(image, ':');

	if (!tag)
		return false;
	run->answer = table;
	return row_matches(table, arena_format("| %.*s ", (int)(tag - image), image),
			   row_pattern) &&
	       call_run(run, "docker", "image", "inspect", "-f", "{{.Size}}", image, NULL) &&
	       isdigit((unsigned char)*run->answer) &&
	       strtoll(run->answer, NULL, 10) < SIZE_MAX_BYTES;
}

/* In /proc/PID/status the set of capabilities is empty. */
static bool has_no_capability(const char *status, const char *set)
{
	const char *line = strstr(status, arena_format("\n%s:\t", set));
	const char *value = line ? line + strlen(set) + 3 : "";

	return *value == '0' && value[strspn(value, "0")] == '\n';
}

/* As the engine runs it; where its processes can be seen, by the kernel, too. */
static bool is_contained(struct run *run, const char *service)
{
	const char *id = project_container(run, service), *status;

	if (!call_run(run, "docker", "inspect", "-f",
		      "{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}"
		      "{{.HostConfig.SecurityOpt}}",
		      id, NULL) ||
	    strcmp(run->answer, "true [ALL][no-new-privileges:true]") != 0)
		return false;
	if (run->engine != RUN_ENGINE_OWN)
		return true;
	if (!call_run(run, "docker", "inspect", "-f", "{{.State.Pid}}", id, NULL) ||
	    !call_run(run, "cat", arena_format("/proc/%s/status", run->answer), NULL))
		return false;
	status = arena_format("%s\n", run->answer);
	return has_no_capability(status, "CapPrm") && has_no_capability(status, "CapEff") &&
	       has_no_capability(status, "CapBnd") && strstr(status, "\nNoNewPrivs:\t1\n");
}

static bool label_is_true(struct run *run, const char *service)
{
	const char *id = project_container(run, service), *label;

	if (!call_run(run, "docker", "inspect", "-f",
		      "{{index .Config.Labels \"org.opencontainers.image.version\"}}", id, NULL))
		return false;
	label = run->answer;
	return call_run(run, "docker", "exec", id, arena_format("/usr/bin/%s", service),
			"--version", NULL) &&
	       strcmp(run->answer, arena_format("%s %s", service, label)) == 0;
}

/* All that anybody may look at: what the engine tells of the containers, their logs, and how the
 * images were made. NULL: it cannot be had. */
static const char *read_shown(struct run *run)
{
	const char *shown, *ids, *id;

	if (!project_compose(run, "logs", NULL))
		return NULL;
	shown = run->answer;
	if (!project_compose(run, "ps", "-a", "-q", NULL))
		return NULL;
	for (ids = run->answer; (id = call_line(&ids));) {
		if (!call_run(run, "docker", "inspect", id, NULL))
			return NULL;
		shown = arena_format("%s\n%s", shown, run->answer);
	}
	if (!call_run(run, "docker", "image", "ls", "--format", "{{.ID}}", "--filter",
		      "reference=ordering-lab/*", NULL))
		return NULL;
	for (ids = run->answer; (id = call_line(&ids));) {
		if (!call_run(run, "docker", "history", "--no-trunc", id, NULL))
			return NULL;
		shown = arena_format("%s\n%s", shown, run->answer);
	}
	return shown;
}

/* None of them is where anybody may look. */
static bool no_password_shows(struct run *run)
{
	const char *passwords, *password, *shown;
	int count = 0;

	if (!project_compose(run, "exec", "-T", "postgres", "bash", "-c",
			     "for file in /run/secrets/*.password; do cat \"$file\"; echo; done",
			     NULL))
		return false;
	passwords = run->answer;
	run->answer = ""; /* never on the screen */
	if (!(shown = read_shown(run)) || !*shown)
		return false;
	run->answer = "";
	while ((password = call_line(&passwords))) {
		if (!*password)
			continue;
		if (strlen(password) != PASSWORD_LEN ||
		    strspn(password, "0123456789abcdef") != PASSWORD_LEN || strstr(shown, password))
			return false;
		count++;
	}
	return count == PASSWORDS;
}

static bool stops_soon(struct run *run, const char *service, int64_t *ms)
{
	const char *id = project_container(run, service);
	int64_t begin_ms = mono_ms();
	bool stopped = call_run(run, "docker", "stop", id, NULL);

	*ms = mono_ms() - begin_ms;
	return stopped && *ms < STOP_MAX_MS &&
	       call_run(run, "docker", "inspect", "-f", "{{.State.ExitCode}}", id, NULL) &&
	       strcmp(run->answer, "0") == 0;
}

/* And all is healthy again with it. */
static bool works_without_kafka(struct run *run)
{
	return project_compose(run, "stop", "-t", "5", "kafka", NULL) &&
	       run_holds_within(run, 30, project_health_is(run, "order-service", "unhealthy")) &&
	       http_call((int)run->port, "GET", "/healthz", NULL, NULL).status == 200 &&
	       project_place(run) >= 0 && project_compose(run, "start", "kafka", NULL) &&
	       run_holds_within(run, 60, project_health_is(run, "order-service", "healthy"));
}

/* The page's own statement, as its role, from within PostgreSQL's container. */
static bool page_may(struct run *run, const char *statement)
{
	return project_compose(run, "exec", "-T", "postgres", "bash", "-c",
			       arena_format("PGPASSWORD=$(</run/secrets/page-reader.password) psql "
					    "-X -q -h 127.0.0.1 -U page_reader -d lab -c '%s'",
					    statement),
			       NULL);
}

/* Every replica of the services is in what it tells, by the addresses behind their names. */
static bool page_shows(struct run *run, const char *url)
{
	(void)call_run(run, "curl", "-s", "-N", "--noproxy", "*", "--max-time", "2",
		       arena_format("%s/stream", url), NULL); /* a stream does not end */
	return strstr(run->answer, "\"kafkaUp\":true") &&
	       strstr(run->answer, "\"databaseUp\":true") &&
	       strstr(run->answer, "\"service\":\"order-service\"") &&
	       strstr(run->answer, "\"service\":\"delivery-service\"");
}

/* It only shows: by its database role, and by its API. */
static void expect_page(struct run *run)
{
	const char *url = arena_format("http://127.0.0.1:%d", project_page_port(run));

	run_expect(run, http_call(project_page_port(run), "GET", "/", NULL, NULL).status == 200,
		   "the page answers on its port");
	run_expect(run, run_holds_within(run, 30, page_shows(run, url)),
		   "the page shows topic, tables and both services");
	run_expect(run,
		   http_call(project_page_port(run), "POST", "/actions/order",
			     "{\"method\":\"POST\"}", NULL)
				   .status == 403,
		   "the page refuses every action");
	run_expect(run,
		   page_may(run, "select count(*) from delivery.history") &&
			   !page_may(run, "delete from delivery.history") &&
			   !page_may(run, "select count(*) from orders.orders"),
		   "its role reads the deliveries, and writes nothing");
}

static void expect_containers(struct run *run)
{
	int64_t ms = 0;
	bool holds;

	for (size_t i = 0; i < SERVICES; i++) {
		run_expect(run, is_contained(run, services[i]),
			   "%s: read-only, no capabilities, no new privileges", services[i]);
		run_expect(run, label_is_true(run, services[i]),
			   "%s: the version in its label is its own", services[i]);
	}
	run_expect(run, no_password_shows(run),
		   "no password is in an environment, a command, an image or a log");
	for (size_t i = 0; i < SERVICES; i++) {
		holds = stops_soon(run, services[i], &ms);
		run_expect(run, holds, "%s: stops within a second, with exit status 0",
			   services[i]);
		run_progress(run, "it took %" PRId64 " ms", ms);
	}
}

enum status images_step(struct run *run, struct error *err)
{
	static const char *const images[] = { "order-service", "delivery-service", "page",
					      "tools" };
	const char *table;
	int64_t ms = 0;

	run_heading("images: what is in them, what their containers may do");
	if (!call_run(run, "deploy/docker/images.sh", NULL))
		return error_set(err, ST_UNAVAILABLE, "deploy/docker/images.sh failed, see %.150s",
				 run_path(run, "log/compose.log"));
	table = run->answer;
	run_line(table);
	project_use(run, PROJECT_NAME, NULL);
	if (project_up(run, &ms, err, NULL) != ST_OK)
		return err->status;
	run_progress(run, "all is up and healthy after %" PRId64 " ms", ms);
	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++)
		run_expect(run, image_is_bare(run, table, images[i]),
			   "%s: less than 100 MB, not root, nothing to work with but itself",
			   images[i]);
	expect_page(run);
	expect_containers(run);
	if (project_up(run, &ms, err, NULL) != ST_OK)
		return err->status;
	run_expect(run, works_without_kafka(run),
		   "health: without Kafka order-service is not healthy, and takes orders");
	project_down(run);
	return ST_OK;
}
