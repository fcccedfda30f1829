/*
 * A kernel may have no IPVS, which Swarm's virtual addresses and its routing mesh need: here each
 * order-service has a port of this machine of its own (PORT_MODE=host).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/compose/call.h"
#include "tests/compose/load.h"
#include "tests/compose/project.h"
#include "tests/compose/steps.h"
#include "tests/support/arena.h"

#define STACK           PROJECT_NAME "-swarm"
#define STACK_NAMESPACE "label=com.docker.stack.namespace=" STACK
#define ORDERS          4

/* The ids of a service's containers that are healthy, a line each. */
static const char *tasks(struct run *run, const char *service)
{
	(void)call_run(run, "docker", "ps", "-q", "--filter",
		       arena_format("label=com.docker.swarm.service.name=" STACK "_%s", service),
		       "--filter", "health=healthy", NULL);
	return run->answer;
}

/* So many of the service are healthy, and ready. */
static bool service_runs(struct run *run, const char *service, int count)
{
	const char *ids = tasks(run, service), *id;

	if (call_line_count(ids) != count)
		return false;
	while ((id = call_line(&ids)))
		if (!call_run(run, "docker", "exec", id, arena_format("/usr/bin/%s", service),
			      "--ready", NULL))
			return false;
	return true;
}

static bool all_run(struct run *run, int orders, int replicas)
{
	return service_runs(run, "order-service", orders) &&
	       service_runs(run, "delivery-service", replicas) && service_runs(run, "page", 1);
}

/* What stack.yml reads besides the ports. */
static bool deploy(struct run *run)
{
	return call_run(run, "env", "ENDPOINT_MODE=dnsrr", "PORT_MODE=host", "ORDER_PORT=0",
			"PAGE_PORT=0", "PARTITIONS=4", "DELIVERY_DELAY_MS=5", "MAX_CONCURRENCY=64",
			"docker", "stack", "deploy", "--resolve-image", "never", "-c",
			"deploy/docker/stack.yml", STACK, NULL);
}

static enum status start(struct run *run, struct error *err)
{
	if (!call_run(run, "docker", "info", "-f", "{{.Swarm.LocalNodeState}}", NULL) ||
	    strcmp(run->answer, "inactive") != 0)
		return error_set(err, ST_CONFLICT,
				 "this engine is in a swarm already: run the other steps only");
	run->swarm_open = true;
	if (call_run(run, "docker", "swarm", "init", "--advertise-addr", "127.0.0.1", NULL) &&
	    call_run(run, "docker", "node", "ls", "-q", NULL) &&
	    call_run(run, "docker", "node", "update", "--label-add", "kafka_server=true",
		     run->answer, NULL) &&
	    call_run(run, "deploy/docker/swarm-secrets.sh", NULL) && deploy(run))
		return ST_OK;
	return error_set(err, ST_UNAVAILABLE, "docker stack deploy failed, see %.150s",
			 run_path(run, "log/compose.log"));
}

/* The order-services' ports on this machine. */
static size_t read_ports(struct run *run, int ports[ORDERS])
{
	const char *ids = tasks(run, "order-service"), *id, *text, *line;
	size_t count = 0;

	while (count < ORDERS && (id = call_line(&ids))) {
		(void)call_run(run, "docker", "port", id, "8081", NULL);
		text = run->answer;
		while ((line = call_line(&text)))
			if (sscanf(line, "0.0.0.0:%d", &ports[count]) == 1) {
				count++;
				break;
			}
	}
	return count;
}

/* The history checker in PostgreSQL's place on the network. */
static bool check(struct run *run, const char *acks)
{
	const char *image = project_image(run, "ordering-lab/tools");
	const char *ids = tasks(run, "postgres");
	const char *postgres = call_line(&ids);
	const char *network = arena_format("container:%s", postgres ? postgres : "");

	return call_vector(
		run, acks,
		(const char *const[]){ "docker", "run", "--rm", "-i", "--network", network, "-e",
				       "WAIT=90", "-e", "ACKS=/dev/stdin", "-e",
				       "KAFKA_BOOTSTRAP_SERVERS=kafka:19092", "-e",
				       "DATABASE_URL=postgresql://lab@127.0.0.1:5432/lab", image,
				       "--json", NULL });
}

static enum status kill_one(struct run *run, const char *service, struct error *err)
{
	const char *ids = tasks(run, service);
	const char *id = call_line(&ids);

	if (id && call_run(run, "docker", "kill", "-s", "KILL", id, NULL))
		return ST_OK;
	return error_set(err, ST_UNAVAILABLE, "no %s could be killed", service);
}

static enum status play(struct run *run, struct error *err)
{
	int ports[ORDERS];

	run_expect(run, run_holds_within(run, 120, all_run(run, ORDERS, 1)),
		   "4 order-services and 1 delivery-service run and are healthy");
	if (load_begin(run, ports, read_ports(run, ports), err) != ST_OK)
		return err->status;
	if (!call_run(run, "docker", "service", "scale", STACK "_delivery-service=3", NULL))
		return error_set(err, ST_UNAVAILABLE, "docker service scale failed");
	run_expect(run, run_holds_within(run, 60, all_run(run, ORDERS, 3)),
		   "docker service scale: 3 delivery-services under load");
	if (load_flows(run, 100, err) != ST_OK || kill_one(run, "order-service", err) != ST_OK ||
	    kill_one(run, "delivery-service", err) != ST_OK)
		return err->status;
	run_expect(run, run_holds_within(run, 60, all_run(run, ORDERS, 3)),
		   "an order-service and a delivery-service are killed; the swarm replaces them");
	if (load_flows(run, 100, err) != ST_OK)
		return err->status;
	return load_expect_history(run, check, err);
}

enum status swarm_step(struct run *run, struct error *err)
{
	run_heading("swarm: docker stack deploy on one node");
	project_use(run, PROJECT_NAME, NULL);
	if (start(run, err) != ST_OK || play(run, err) != ST_OK)
		return err->status;
	swarm_close(run);
	return ST_OK;
}

static bool gone(struct run *run)
{
	return call_run(run, "docker", "ps", "-a", "-q", "--filter", STACK_NAMESPACE, NULL) &&
	       !*run->answer &&
	       call_run(run, "docker", "network", "ls", "-q", "--filter", STACK_NAMESPACE, NULL) &&
	       !*run->answer;
}

void swarm_close(struct run *run)
{
	const char *ids, *id;

	if (!run->swarm_open)
		return;
	(void)call_run(run, "docker", "stack", "rm", STACK, NULL);
	(void)run_holds_within(run, 60, gone(run));
	(void)call_run(run, "docker", "volume", "ls", "-q", "--filter", STACK_NAMESPACE, NULL);
	for (ids = run->answer; (id = call_line(&ids));)
		(void)call_run(run, "docker", "volume", "rm", id, NULL);
	(void)call_run(run, "deploy/docker/swarm-secrets.sh", "--remove", NULL);
	(void)call_run(run, "docker", "swarm", "leave", "--force", NULL);
	run->swarm_open = false;
}
