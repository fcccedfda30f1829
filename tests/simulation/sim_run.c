#include "tests/simulation/sim_run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/event/contract.h"
#include "tests/simulation/sim_client.h"
#include "tests/simulation/sim_feed.h"
#include "tests/simulation/sim_judge.h"
#include "tests/simulation/sim_kafka.h"
#include "tests/simulation/sim_plan.h"
#include "tests/simulation/sim_server.h"
#include "tests/simulation/sim_service.h"
#include "tests/simulation/sim_world.h"

/* After the last fault has ended: without a new effect everything else arrives within that, and
 * with new ones, as slow as the network may be, within the other. */
#define SETTLE_S     180
#define SETTLE_MAX_S 3600
#define CHECK_S      2

struct run {
	struct sim_setup setup;
	struct sim_plan plan;
	struct sim_node nodes[SIM_NODES_MAX];
	int node_count;
};

struct due_fault {
	struct run *run;
	const struct sim_fault *fault;
};

static void do_fault(void *argument)
{
	const struct due_fault *d = argument;

	sim_plan_do(d->fault, d->run->nodes, d->run->node_count);
}

static void plan_faults(struct run *r, const bool *left_out)
{
	for (size_t i = 0; i < r->plan.count; i++) {
		struct due_fault *d = sim_world_memory(sizeof(*d));

		if (left_out && left_out[i])
			continue;
		*d = (struct due_fault){ r, &r->plan.faults[i] };
		sim_world_at(d->fault->at_us, do_fault, d);
	}
}

static void begin(struct run *r, const struct sim_wish *wish)
{
	struct sim_topic *topic = sim_topic_find(SIM_TOPIC);

	(void)sim_topic_find(CONTRACT_DEAD_LETTER_TOPIC);
	(void)sim_topic_find(SIM_STATES);
	sim_world_begin(wish->seed, wish->verbose);
	r->setup = sim_setup_of(wish->seed, wish->duration_us, wish->most_per_s);
	r->plan = sim_plan_of(wish->seed, &r->setup);
	sim_topic_partitions(topic, r->setup.partitions);
	sim_server_slow_down(r->setup.network_slowness);
	sim_judge_begin(&r->setup, topic);
	sim_kafka_begin(topic);
	r->node_count = sim_service_make(&r->setup, r->nodes);
	for (int i = 0; i < r->node_count; i++)
		sim_node_start(&r->nodes[i]);
	if (r->setup.with_orders)
		sim_client_begin(&r->setup);
	else
		sim_feed_begin(&r->setup, topic);
	plan_faults(r, wish->left_out);
}

/* After the load and the last fault: everything arrives. */
static void settle(void)
{
	const int64_t last_end = sim_world_now_us() + SETTLE_MAX_S * SIM_S;
	int64_t end = sim_world_now_us() + SETTLE_S * SIM_S, effects = sim_judge_effects();
	char why[200] = "";

	while (!sim_world_violated() && !sim_judge_is_complete(why, sizeof(why))) {
		if (sim_judge_effects() > effects) {
			effects = sim_judge_effects();
			end = sim_world_now_us() + SETTLE_S * SIM_S;
		}
		if (sim_world_now_us() >= end || sim_world_now_us() >= last_end) {
			sim_world_violation("not settled within %d s: %s", SETTLE_S, why);
			return;
		}
		sim_world_run(sim_world_now_us() + CHECK_S * SIM_S);
	}
	if (!sim_world_violated())
		sim_judge_end();
}

static void run(const struct sim_wish *wish, struct sim_outcome *out)
{
	struct run r = { 0 };

	begin(&r, wish);
	out->fault_count = r.plan.count;
	sim_setup_describe(&r.setup, out->setup, sizeof(out->setup));
	sim_world_run(SIM_S + r.setup.duration_us);
	settle();
	out->hash = sim_world_hash();
	out->virtual_us = sim_world_now_us();
	out->effects = sim_judge_effects();
	if (sim_world_violated())
		(void)snprintf(out->violation, sizeof(out->violation), "%s", sim_world_violated());
	if (sim_world_violated() && wish->print_on_violation)
		sim_world_print_trace();
	(void)fflush(stdout);
}

struct sim_outcome sim_run(const struct sim_wish *wish)
{
	struct sim_outcome *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct sim_outcome outcome;
	int status = 0;
	pid_t pid;

	if (shared == MAP_FAILED)
		abort();
	(void)fflush(stdout);
	pid = fork();
	if (pid < 0)
		abort();
	if (pid == 0) {
		run(wish, shared);
		exit(0); /* what ran is noted, with VARIANT=coverage */
	}
	(void)waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		(void)snprintf(shared->violation, sizeof(shared->violation),
			       "the process died of signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		(void)snprintf(shared->violation, sizeof(shared->violation),
			       "the process ended with %d", WEXITSTATUS(status));
	outcome = *shared;
	(void)munmap(shared, sizeof(*shared));
	return outcome;
}
