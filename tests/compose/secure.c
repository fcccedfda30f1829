#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/compose/call.h"
#include "tests/compose/project.h"
#include "tests/compose/steps.h"
#include "tests/support/arena.h"
#include "tests/support/http_client.h"

#define PLAIN_DATABASE "DATABASE_URL=postgresql://lab@postgres:5432/lab?sslmode=disable"

/* --- the files of the CA, as the head of deploy/docker/secure.yml makes them ----------------- */

static const char *tls(const struct run *run, const char *name)
{
	return arena_format("%s/%s", run_path(run, "tls"), name);
}

static enum status give(const struct run *run, const char *name, long user, struct error *err)
{
	if (chown(tls(run, name), (uid_t)user, (gid_t)-1) == 0)
		return ST_OK;
	return error_set(err, ST_UNAVAILABLE, "cannot give %s to the user %ld: %s", name, user,
			 strerror(errno));
}

/* Each key is its container's user's alone. */
static enum status give_keys(struct run *run, struct error *err)
{
	static const struct {
		const char *name;
		long user;
	} keys[] = { { "order-service.key", 10001 }, { "delivery-service.key", 10002 },
		     { "admin.key", 10003 },         { "operator.key", 10003 },
		     { "page.key", 10004 },          { "kafka.pem", 1000 } };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (give(run, keys[i].name, keys[i].user, err) != ST_OK)
			return err->status;
	if (!call_run(run, "docker", "run", "--rm", "--entrypoint", "id",
		      project_image(run, "postgres"), "-u", "postgres", NULL))
		return error_set(err, ST_UNAVAILABLE, "the image of PostgreSQL does not run");
	return give(run, "postgres.key", strtol(run->answer, NULL, 10), err);
}

static enum status make_files(struct run *run, struct error *err)
{
	char *here = realpath(".", NULL);
	bool made;

	if (!here || (mkdir(run_path(run, "tls"), 0755) != 0 && errno != EEXIST)) {
		free(here);
		return error_set(err, ST_UNAVAILABLE, "no folder for the certificates");
	}
	made = call_run(run, "make", "-s", "-C", run_path(run, "tls"), "-f",
			arena_format("%s/stack/secure/Makefile", here), "SECURE=1",
			arena_format("KAFKA_DIR=%s/kafka", here), NULL);
	free(here);
	if (!made)
		return error_set(err, ST_UNAVAILABLE, "the certificates were not made");
	return give_keys(run, err);
}

/* --- calls ----------------------------------------------------------------------------------- */

/* By curl with an option that takes a file: who calls. The status of the answer, -1: none; the body
 * is before it in run->answer. */
static int call(struct run *run, const char *option, const char *file, const char *method,
		const char *url, const char *body)
{
	const char *status;

	if (!call_run(run, "curl", "-q", "-s", "-S", "--noproxy", "*", "--max-time", "30", option,
		      file, "-w", "\\n%{http_code}", "-X", method, url, body ? "--json" : NULL,
		      body, NULL))
		return -1;
	status = strrchr(run->answer, '\n');
	return status ? (int)strtol(status, NULL, 10) : -1;
}

static int operate(struct run *run, const char *method, const char *path, const char *body)
{
	return call(run, "-K", tls(run, ".curlrc"), method,
		    arena_format("https://127.0.0.1:%" PRId64 "%s", run->port, path), body);
}

static bool is_cancelled(struct run *run, int64_t order_id)
{
	return strcmp(project_sql(run, arena_format("select status from delivery_table "
						    "where order_id = %" PRId64,
						    order_id)),
		      "DELIVERY CANCELLED") == 0;
}

/* --- what the doors let through, and what not ------------------------------------------------ */

static void expect_orders(struct run *run)
{
	int placed = operate(run, "POST", "/orders", PROJECT_ORDER), modified, cancelled;
	int64_t id = json_number(arena_json(json_loads(run->answer, JSON_DISABLE_EOF_CHECK, NULL)),
				 "id");
	const char *path = arena_format("/orders/%" PRId64, id);

	run_expect(run, placed == 201, "an order is placed by HTTPS with a token");
	modified = operate(run, "PATCH", path, "{\"address\":\"SEOUL\"}");
	cancelled = operate(run, "DELETE", path, NULL);
	run_expect(run, modified / 100 == 2 && cancelled / 100 == 2, "it is changed and cancelled");
	run_expect(run, run_holds_within(run, 60, is_cancelled(run, id)),
		   "it ends in DELIVERY CANCELLED");
	run_expect(run, project_check(run, NULL), "the history checker finds nothing");
}

static void expect_doors(struct run *run)
{
	const char *orders = arena_format("127.0.0.1:%" PRId64 "/orders", run->port);
	const char *ca = tls(run, "ca.crt"), *kcat = tls(run, "kcat.conf");
	const char *page = arena_format("https://127.0.0.1:%d/", project_page_port(run));

	run_expect(run,
		   call(run, "--cacert", ca, "GET", arena_format("https://%s", orders), NULL) ==
			   401,
		   "without a token: 401");
	run_expect(run,
		   call(run, "--cacert", ca, "GET", arena_format("http://%s", orders), NULL) == 400,
		   "without TLS: 400");
	run_expect(run, call(run, "--cacert", ca, "GET", page, NULL) == 200,
		   "the live page comes by HTTPS");
	run_expect(run,
		   call_run(run, "kcat", "-q", "-L", "-m", "20", "-F", kcat, "-b",
			    project_brokers(run), NULL),
		   "Kafka answers the operator's certificate");
	run_expect(run,
		   !call_run(run, "kcat", "-q", "-L", "-m", "5", "-b", project_brokers(run), NULL),
		   "Kafka refuses plain text");
	(void)project_compose(run, "run", "--rm", "-T", "-e", PLAIN_DATABASE, "verify", NULL);
	run_expect(run, run->exit_status == 2, "PostgreSQL refuses plain text");
}

enum status secure_step(struct run *run, struct error *err)
{
	int64_t ms = 0;

	run_heading("secure: TLS and identities at each door, deploy/docker/secure.yml");
	if (geteuid() != 0) {
		run_progress(run, "left out: only root can give each key to its container's user");
		return ST_OK;
	}
	project_use(run, PROJECT_NAME, NULL);
	if (make_files(run, err) != ST_OK)
		return err->status;
	project_over(run, "deploy/docker/secure.yml");
	(void)setenv("TLS_DIR", run_path(run, "tls"), 1);
	(void)setenv("DELIVERY_DELAY_MS", "5", 1);
	if (project_up(run, &ms, err, "--scale", "delivery-service=2", NULL) != ST_OK)
		return err->status;
	run_progress(run, "all is up and healthy after %" PRId64 " ms", ms);
	expect_orders(run);
	expect_doors(run);
	(void)unsetenv("DELIVERY_DELAY_MS");
	project_down(run);
	(void)unsetenv("TLS_DIR");
	return ST_OK;
}
