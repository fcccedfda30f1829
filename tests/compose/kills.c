#include <inttypes.h>
#include <stdlib.h>

#include "tests/compose/load.h"
#include "tests/compose/project.h"
#include "tests/compose/steps.h"
#include "tests/support/arena.h"

/* So many replicas under load. */
static enum status scale_to(struct run *run, int replicas, int partitions_each, struct error *err)
{
	int64_t ms = 0;
	bool holds;

	if (project_up(run, &ms, err, "--scale", arena_format("delivery-service=%d", replicas),
		       "delivery-service", NULL) != ST_OK)
		return err->status;
	holds = run_holds_within(run, 30, project_partitions_each(run, replicas, partitions_each));
	run_expect(run, holds,
		   "scaled to %d replicas under load in %" PRId64
		   " ms, each has %d of 4 partitions",
		   replicas, ms, partitions_each);
	return load_flows(run, 50, err);
}

/* The order has a delivery. */
static bool delivered(struct run *run, int64_t order_id)
{
	return project_sql_number(run, arena_format("select 1 from delivery.delivery where "
						    "order_id = %" PRId64,
						    order_id)) == 1;
}

/* docker compose kill, and up again. */
static enum status kill_under_load(struct run *run, const char *service, struct error *err)
{
	int64_t ms = 0, order_id;

	if (project_require(run, err, "kill", "-s", "KILL", service, NULL) != ST_OK ||
	    project_up(run, &ms, err, "--scale", "delivery-service=2", NULL) != ST_OK)
		return err->status;
	run_progress(run, "%s killed; all is healthy again %" PRId64 " ms after docker compose up",
		     service, ms);
	if (load_flows(run, 100, err) != ST_OK)
		return err->status;
	order_id = project_sql_number(run, "select max(id) from orders.orders");
	return run_await(run, 60, "deliveries go on", delivered(run, order_id), err);
}

static enum status play(struct run *run, struct error *err)
{
	static const char *const services[] = { "order-service", "delivery-service", "kafka",
						"postgres" };
	int port = (int)run->port;
	int64_t ms;

	if (project_up(run, &ms, err, "--scale", "delivery-service=2", NULL) != ST_OK ||
	    load_begin(run, &port, 1, err) != ST_OK || scale_to(run, 4, 1, err) != ST_OK ||
	    scale_to(run, 2, 2, err) != ST_OK)
		return err->status;
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (kill_under_load(run, services[i], err) != ST_OK)
			return err->status;
	return load_expect_history(run, project_check, err);
}

enum status kills_step(struct run *run, struct error *err)
{
	run_heading("kills: each container killed under load, and started again");
	project_use(run, PROJECT_NAME, NULL);
	(void)setenv("DELIVERY_DELAY_MS", "5", 1);
	(void)setenv("MAX_CONCURRENCY", "64", 1);
	(void)setenv("PARTITIONS", "4", 1);
	if (play(run, err) != ST_OK)
		return err->status;
	(void)unsetenv("DELIVERY_DELAY_MS");
	(void)unsetenv("MAX_CONCURRENCY");
	(void)unsetenv("PARTITIONS");
	project_down(run);
	return ST_OK;
}
