#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/compose/load.h"
#include "tests/compose/project.h"
#include "tests/compose/steps.h"
#include "tests/support/arena.h"
#include "tests/support/http_client.h"

#define DELAY_MS "3000"
#define KAFKA_TOPICS                                                                               \
	"exec", "-T", "kafka", "/opt/kafka/bin/kafka-topics.sh", "--bootstrap-server", "kafka:19092"

/* So many events of the order have had their effect. */
static bool applied(struct run *run, int64_t order_id, int64_t count)
{
	return project_sql_number(run, arena_format("select count(*) from delivery.history where "
						    "order_id = %" PRId64,
						    order_id)) == count;
}

/* KIM places an order, modifies it, and cancels it; returns when all is applied. */
static enum status play(struct run *run, int64_t *order_id, struct error *err)
{
	const char *path;
	int port = (int)run->port;

	*order_id = project_place(run);
	path = arena_format("/orders/%" PRId64, *order_id);
	if (*order_id < 0)
		return error_set(err, ST_UNAVAILABLE, "the order was not taken");
	if (run_await(run, 30, "the delivery is started", applied(run, *order_id, 1), err) != ST_OK)
		return err->status;
	if (http_call(port, "PATCH", path, "{\"address\":\"SEOUL\"}", NULL).status / 100 != 2 ||
	    http_call(port, "DELETE", path, NULL, NULL).status / 100 != 2)
		return error_set(err, ST_UNAVAILABLE, "the order was not changed");
	return run_await(run, 60, "all events are applied", applied(run, *order_id, 3), err);
}

/* The delivery's status, and the events in the order of their effect. */
static bool ends_in(struct run *run, int64_t order_id, const char *expected)
{
	const char *statement =
		arena_format("select status || ': ' || (select string_agg(event, ' ' order by id) "
			     "from delivery.history where order_id = %" PRId64 ") "
			     "from delivery_table where order_id = %" PRId64,
			     order_id, order_id);

	return strcmp(project_sql(run, statement), expected) == 0;
}

static bool new_partition_known(struct run *run)
{
	return project_compose(run, "logs", "order-service", NULL) &&
	       strstr(run->answer, "partition count changed from 1 to 2");
}

static enum status unkeyed(struct run *run, struct error *err)
{
	int64_t order_id;

	if (play(run, &order_id, err) != ST_OK)
		return err->status;
	run_expect(run,
		   ends_in(run, order_id,
			   "DELIVERY CANCELLED: OrderPlaced OrderModified OrderCancelled"),
		   "one partition: order %" PRId64 " ends in DELIVERY CANCELLED", order_id);
	if (project_require(run, err, KAFKA_TOPICS, "--alter", "--topic", "kafka.scaling",
			    "--partitions", "2", NULL) != ST_OK)
		return err->status;
	run_expect(run, run_holds_within(run, 30, project_partitions_each(run, 2, 1)),
		   "the topic has two partitions, each replica takes one");
	if (run_await(run, 10, "order-service knows the new partition", new_partition_known(run),
		      err) != ST_OK ||
	    play(run, &order_id, err) != ST_OK)
		return err->status;
	run_expect(run,
		   ends_in(run, order_id,
			   "DELIVERY MODIFIED: OrderPlaced OrderCancelled OrderModified"),
		   "without keys, order %" PRId64 " ends in DELIVERY MODIFIED, applied last",
		   order_id);
	return ST_OK;
}

/* The ids of all containers that stay when order-service gets other settings. */
static const char *others(struct run *run)
{
	const char *postgres = project_containers(run, "postgres");
	const char *kafka = project_containers(run, "kafka");

	return arena_format("%s%s%s", postgres, kafka, project_containers(run, "delivery-service"));
}

static enum status keyed(struct run *run, struct error *err)
{
	const char *before = others(run);
	int64_t order_id, ms = 0;

	if (project_up(run, &ms, err, "order-service", NULL) != ST_OK)
		return err->status;
	run_progress(run, "order-service is another one, with keys, after %" PRId64 " ms", ms);
	run_expect(run, strcmp(before, others(run)) == 0, "no other container was re-created");
	if (play(run, &order_id, err) != ST_OK)
		return err->status;
	run_expect(run,
		   ends_in(run, order_id,
			   "DELIVERY CANCELLED: OrderPlaced OrderModified OrderCancelled"),
		   "with keys, order %" PRId64 " ends in DELIVERY CANCELLED", order_id);
	return ST_OK;
}

/* The checker names the disorder of the unkeyed order first, and neither a loss nor a double. */
static bool checker_names_the_disorder(struct run *run)
{
	bool good = project_check(run, NULL);
	const json_t *report = arena_json(json_loads(run->answer, 0, NULL));
	const json_t *violations = json_object_get(report, "violations");
	const char *kind;

	if (good || run->exit_status != 1 || json_array_size(violations) == 0)
		return false;
	for (size_t i = 0; i < json_array_size(violations); i++) {
		kind = json_text(json_array_get(violations, i), "kind");
		if (!kind || strncmp(kind, "lost", 4) == 0 || strstr(kind, "duplicated") ||
		    (i == 0 && strcmp(kind, "applied out of order") != 0))
			return false;
	}
	return true;
}

enum status lab_step(struct run *run, struct error *err)
{
	int64_t ms = 0;

	run_heading("lab: two delivery-services; without keys, then with the order id as key");
	project_use(run, PROJECT_NAME, NULL);
	(void)setenv("DELIVERY_DELAY_MS", DELAY_MS, 1);
	(void)setenv("EVENT_KEY", "none", 1);
	if (project_up(run, &ms, err, "--scale", "delivery-service=2", NULL) != ST_OK)
		return err->status;
	(void)unsetenv("EVENT_KEY");
	run_progress(run, "all is up and healthy after %" PRId64 " ms", ms);
	if (unkeyed(run, err) != ST_OK || keyed(run, err) != ST_OK ||
	    project_require(run, err, "exec", "-T", "postgres", "psql", "-X", "-U", "lab", "-c",
			    "select * from delivery_table", NULL) != ST_OK)
		return err->status;
	run_line(run->answer);
	run_expect(run, checker_names_the_disorder(run),
		   "the checker names the order that was lost, and nothing else");
	(void)unsetenv("DELIVERY_DELAY_MS");
	project_down(run);
	return ST_OK;
}
