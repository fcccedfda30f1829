#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/compose/call.h"
#include "tests/compose/load.h"
#include "tests/compose/project.h"
#include "tests/compose/steps.h"
#include "tests/support/arena.h"
#include "tests/support/http_client.h"

#define TOPIC       "kafka.scaling"
#define PARTITIONS  4
#define BROKERS     3
#define OUTBOX_SIZE "select count(*) from orders.outbox"

/* What a broker that answers says of the topic's partitions: a JSON array; NULL: none answers. */
static const json_t *read_partitions(struct run *run)
{
	json_t *root;

	if (!call_run(run, "kcat", "-q", "-L", "-J", "-b", project_brokers(run), "-t", TOPIC, "-m",
		      "2", NULL))
		return NULL;
	root = arena_json(json_loads(run->answer, 0, NULL));
	return json_object_get(json_array_get(json_object_get(root, "topics"), 0), "partitions");
}

/* -1: the partition has none. */
static int64_t leader_of(const json_t *partitions, size_t partition)
{
	for (size_t i = 0; i < json_array_size(partitions); i++)
		if (json_number(json_array_get(partitions, i), "partition") == (int64_t)partition)
			return json_number(json_array_get(partitions, i), "leader");
	return -1;
}

static const char *leaders(const json_t *partitions)
{
	const char *text = "";

	for (size_t i = 0; i < json_array_size(partitions); i++)
		text = arena_format("%s%s%" PRId64, text, i ? " " : "", leader_of(partitions, i));
	return text;
}

/* Four partitions, and all of each on all three brokers. */
static bool topic_whole(struct run *run)
{
	const json_t *partitions = read_partitions(run), *in_sync;

	for (size_t i = 0; i < json_array_size(partitions); i++) {
		in_sync = json_object_get(json_array_get(partitions, i), "isrs");
		if (json_array_size(in_sync) != BROKERS)
			return false;
	}
	return json_array_size(partitions) == PARTITIONS;
}

/* Every partition has a leader, and it is another one. */
static bool lead_without(struct run *run, int64_t broker)
{
	const json_t *partitions = read_partitions(run);
	int64_t leader;

	for (size_t i = 0; i < json_array_size(partitions); i++) {
		leader = leader_of(partitions, i);
		if (leader == broker || leader < 0)
			return false;
	}
	return json_array_size(partitions) > 0;
}

/* The longest time between two deliveries' effects. */
static int64_t longest_gap_ms(struct run *run, const char *since)
{
	return project_sql_number(
		run,
		arena_format("select coalesce(round(extract(epoch from max(gap)) * 1000), 0) from "
			     "(select applied_at - lag(applied_at, 1, '%s') over (order by "
			     "applied_at) as gap from delivery.history where applied_at > '%s') g",
			     since, since));
}

static enum status lose_leader(struct run *run, struct error *err)
{
	const json_t *before = read_partitions(run);
	int64_t victim = leader_of(before, 0), killed_mono_ms, ms;
	const char *service, *killed_at;
	bool holds;

	if (victim < 0)
		return error_set(err, ST_UNAVAILABLE, "no broker tells who leads the partitions");
	service = victim == 1 ? "kafka" : arena_format("kafka-%" PRId64, victim);
	killed_at = project_sql(run, "select now()");
	if (project_require(run, err, "kill", "-s", "KILL", service, NULL) != ST_OK)
		return err->status;
	killed_mono_ms = mono_ms();
	holds = run_holds_within(run, 60, lead_without(run, victim));
	ms = mono_ms() - killed_mono_ms;
	run_expect(run, holds, "broker %" PRId64 " is killed, others lead its partitions", victim);
	run_progress(run, "leaders before: %s; now: %s, %" PRId64 " ms after the kill",
		     leaders(before), leaders(read_partitions(run)), ms);
	if (load_flows(run, 300, err) != ST_OK ||
	    project_up(run, &ms, err, "--scale", "delivery-service=2", NULL) != ST_OK)
		return err->status;
	run_expect(run, run_holds_within(run, 60, topic_whole(run)),
		   "it comes back and has all of every partition");
	run_progress(run, "longest gap in delivery since the kill: %" PRId64 " ms",
		     longest_gap_ms(run, killed_at));
	return ST_OK;
}

static bool outbox_has(struct run *run, int64_t count)
{
	return project_sql_number(run, OUTBOX_SIZE) >= count;
}

/* What waits is what came just now. */
static bool outbox_flows(struct run *run)
{
	int64_t count = project_sql_number(run, OUTBOX_SIZE);

	return count >= 0 && count < 50;
}

/* With two of three gone nothing is published, orders are taken, and all flows when they return. */
static enum status lose_two(struct run *run, struct error *err)
{
	int64_t before, ms;

	if (project_require(run, err, "kill", "-s", "KILL", "kafka-2", "kafka-3", NULL) != ST_OK ||
	    run_await(run, 60, "events wait in the outbox", outbox_has(run, 1), err) != ST_OK)
		return err->status;
	before = project_sql_number(run, OUTBOX_SIZE);
	if (load_flows(run, 200, err) != ST_OK)
		return err->status;
	run_expect(run, before >= 0 && outbox_has(run, before + 100),
		   "two of three brokers gone: orders are taken, their events wait (%" PRId64
		   ", then more)",
		   before);
	if (project_up(run, &ms, err, "--scale", "delivery-service=2", NULL) != ST_OK)
		return err->status;
	run_expect(run, run_holds_within(run, 60, outbox_flows(run)),
		   "they come back, and what waited is published");
	run_expect(run, run_holds_within(run, 60, topic_whole(run)),
		   "all three have all of every partition");
	return ST_OK;
}

enum status brokers_step(struct run *run, struct error *err)
{
	int port = (int)run->port;
	int64_t ms = 0;

	run_heading("brokers: three of them; the leader of a partition is killed, then two of "
		    "three");
	project_use(run, PROJECT_THREE, "deploy/docker/three-brokers.env");
	(void)setenv("DELIVERY_DELAY_MS", "5", 1);
	(void)setenv("MAX_CONCURRENCY", "64", 1);
	if (project_up(run, &ms, err, "--scale", "delivery-service=2", NULL) != ST_OK)
		return err->status;
	run_progress(run, "all is up and healthy after %" PRId64 " ms", ms);
	run_expect(run, topic_whole(run), "4 partitions, each with a replica on all three brokers");
	if (load_begin(run, &port, 1, err) != ST_OK || lose_leader(run, err) != ST_OK ||
	    lose_two(run, err) != ST_OK || load_expect_history(run, project_check, err) != ST_OK)
		return err->status;
	(void)unsetenv("DELIVERY_DELAY_MS");
	(void)unsetenv("MAX_CONCURRENCY");
	project_down(run);
	return ST_OK;
}
