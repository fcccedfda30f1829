#include "tests/simulation/sim_plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/simulation/sim_kafka.h"
#include "tests/simulation/sim_producer.h"
#include "tests/simulation/sim_server.h"
#include "tests/simulation/sim_service.h"
#include "tests/simulation/sim_topic_change.h"
#include "tests/simulation/sim_world.h"

#define SOON_US     (SIM_S / 2)
#define TCP_S       10         /* a connection without an answer ends */
#define FOREVER_MS  1000000000 /* beyond the end of every run */
#define GROWS_MAX   3
#define DELETES_MAX 12
#define CHANGES     (GROWS_MAX + DELETES_MAX + SIM_TWICE_MAX)
#define BEHIND_S    8    /* behind another fault consumers may be late */
#define FORGETS_MS  2000 /* at most: how far a standby is behind */

struct fault_rule {
	const char *name;
	int weight;
	int64_t ms_min, ms_max;
};

static const struct fault_rule rules[FAULT_COUNT] = {
	[FAULT_KILL] = { "kill", 10, 50, 5000 },
	[FAULT_STOP] = { "stand still", 10, 200, 20000 },
	[FAULT_END] = { "clean stop", 4, 50, 3000 },
	[FAULT_KAFKA_CUT] = { "cut off from Kafka", 5, 200, 40000 },
	[FAULT_KAFKA_TO] = { "nothing gets to Kafka", 3, 200, 15000 },
	[FAULT_KAFKA_FROM] = { "nothing comes from Kafka", 3, 200, 15000 },
	[FAULT_PG_CUT] = { "cut off from PostgreSQL", 6, 200, 25000 },
	[FAULT_PG_TO] = { "nothing gets to PostgreSQL", 3, 200, 15000 },
	[FAULT_PG_FROM] = { "nothing comes from PostgreSQL", 3, 200, 15000 },
	[FAULT_LOSE] = { "answers to commits lost", 14, 1, 6 },
	[FAULT_BREAK] = { "sessions broken off", 8, 0, 0 },
	[FAULT_MOVE] = { "a partition moves", 14, 0, 0 },
	[FAULT_PG_RESTART] = { "PostgreSQL restarts", 3, 100, 8000 },
	[FAULT_FAIL_OVER] = { "PostgreSQL fails over and forgets", 3, 100, 8000 },
	[FAULT_READ_ONLY] = { "PostgreSQL is read-only", 2, 100, 8000 },
	[FAULT_PAUSES] = { "sessions of PostgreSQL stand still", 6, 500, 10000 },
	[FAULT_HANG] = { "commits hang", 3, 500, 18000 },
	[FAULT_CLOCK] = { "wall clock jumps", 2, 0, 0 },
	[FAULT_ACK_LOST] = { "acknowledgements lost", 6, 200, 6000 },
	[FAULT_REFUSE] = { "broker refuses", 5, 100, 4000 },
	[FAULT_FULL] = { "the queue of the producer is full", 4, 100, 4000 },
	[FAULT_DENY] = { "broker denies a message", 3, 0, 0 },
	[FAULT_STATE] = { "producer loses its state", 4, 0, 0 },
	[FAULT_GONE] = { "gone for ever", 1, 0, 5 },
	/* Only where the setup says so. */
	[FAULT_GROW] = { "partitions are added", 0, 1, 3 },
	[FAULT_DELETE] = { "the beginning of the topic is deleted", 0, 200, 1000 },
	[FAULT_RECREATE] = { "the topic is re-created", 0, 0, 4000 },
	[FAULT_DELETE_ALL] = { "the topic is deleted, read or not", 0, 200, 1000 },
	[FAULT_REPEAT] = { "messages are kept twice", 0, 1, 20 },
};

static enum sim_fault_kind draw_kind(struct sim_random *r)
{
	int64_t sum = 0, drawn;

	for (int k = 0; k < FAULT_COUNT; k++)
		sum += rules[k].weight;
	drawn = sim_random_below(r, sum);
	for (int k = 0; k < FAULT_COUNT; k++) {
		drawn -= rules[k].weight;
		if (drawn < 0)
			return (enum sim_fault_kind)k;
	}
	return FAULT_KILL;
}

static void add_changes(struct sim_plan *plan, struct sim_random *r, enum sim_fault_kind kind,
			int64_t most, int64_t duration_us)
{
	for (int64_t n = sim_random_between(r, 1, most); n > 0; n--)
		plan->faults[plan->count++] = (struct sim_fault){
			.at_us = SIM_S + sim_random_below(r, duration_us),
			.kind = kind,
			.ms = sim_random_between(r, rules[kind].ms_min, rules[kind].ms_max),
		};
}

/* Half of those from first on come behind one of the other faults. */
static void put_behind_others(struct sim_plan *plan, struct sim_random *r, size_t first,
			      size_t others)
{
	for (size_t i = first; i < plan->count && others > 0; i++) {
		size_t other = (size_t)sim_random_below(r, (int64_t)others);

		if (sim_random_chance(r, 500))
			plan->faults[i].at_us = plan->faults[other].at_us +
						sim_random_below(r, BEHIND_S * SIM_S);
	}
}

/* What becomes of the topic, behind all else: the numbers of the other faults stay. */
static void plan_changes(struct sim_plan *plan, uint64_t seed, const struct sim_setup *setup)
{
	struct sim_random r = { seed * 0xe7037ed1a0b428dbu + 5 };
	const size_t others = plan->count;
	size_t first;

	if (setup->grows)
		add_changes(plan, &r, FAULT_GROW, GROWS_MAX, setup->duration_us);
	first = plan->count;
	if (setup->retention != SIM_KEEPS_ALL)
		add_changes(plan, &r,
			    setup->retention == SIM_DELETES_READ ? FAULT_DELETE : FAULT_DELETE_ALL,
			    DELETES_MAX, setup->duration_us);
	if (setup->recreates)
		add_changes(plan, &r, FAULT_RECREATE, 1, setup->duration_us);
	if (setup->repeats)
		add_changes(plan, &r, FAULT_REPEAT, SIM_TWICE_MAX, setup->duration_us);
	put_behind_others(plan, &r, first, others);
}

struct sim_plan sim_plan_of(uint64_t seed, const struct sim_setup *setup)
{
	struct sim_random r = { seed * 0xd1342543de82ef95u + 3 };
	int64_t at = sim_random_between(&r, 1, 2 * setup->fault_every_us);
	int nodes = setup->delivery_services + setup->order_services;
	size_t capacity = (size_t)(setup->duration_us / setup->fault_every_us * 4 + 16);
	size_t size = (capacity + CHANGES) * sizeof(struct sim_fault);
	struct sim_plan plan = { .faults = sim_world_memory(size) };

	while (at < setup->duration_us && plan.count < capacity) {
		struct sim_fault *f = &plan.faults[plan.count++];
		const struct fault_rule *rule;

		f->at_us = SIM_S + at;
		f->kind = draw_kind(&r);
		/* The position of the old log may come back, when the new one has grown past it. */
		if (setup->recreates && f->kind == FAULT_FAIL_OVER)
			f->kind = FAULT_PG_RESTART;
		rule = &rules[f->kind];
		f->node = (int)sim_random_below(&r, nodes);
		f->ms = sim_random_between(&r, rule->ms_min, rule->ms_max);
		/* Of five one comes on the heels of the one before. */
		at += sim_random_chance(&r, 200)
			      ? sim_random_between(&r, 1, SOON_US)
			      : sim_random_between(&r, 1, 2 * setup->fault_every_us);
	}
	plan_changes(&plan, seed, setup);
	return plan;
}

void sim_plan_describe(const struct sim_fault *f, char *text, unsigned long size)
{
	(void)snprintf(text, size, "%.6f s: %s, node %d, %" PRId64, (double)f->at_us / 1e6,
		       rules[f->kind].name, f->node, f->ms);
}

/* --- doing it ------------------------------------------------------------------------------ */

static void start_again(void *node)
{
	struct sim_node *n = node;

	if (!n->alive)
		sim_node_start(n);
}

static void later(int64_t *until_us, int64_t ms)
{
	int64_t end = sim_world_now_us() + ms * SIM_MS;

	if (end > *until_us)
		*until_us = end;
}

static void cut(int64_t until_us[2], bool to, bool from, int64_t ms)
{
	if (to)
		later(&until_us[SIM_TO], ms);
	if (from)
		later(&until_us[SIM_FROM], ms);
}

/* A cut that lasts is noticed by TCP on both ends. */
static void end_silent_connections(void *node)
{
	struct sim_node *n = node;

	if (sim_node_pg_is_cut(n))
		sim_server_break_sessions(n);
	if (sim_node_is_cut(n->kafka_cut_until_us, SIM_FROM) &&
	    n->kafka_cut_until_us[SIM_TO] < n->kafka_cut_until_us[SIM_FROM])
		n->kafka_cut_until_us[SIM_TO] = n->kafka_cut_until_us[SIM_FROM];
}

/* False: it is none. */
static bool do_cut(enum sim_fault_kind kind, struct sim_node *n, int64_t ms)
{
	if (kind == FAULT_KAFKA_CUT || kind == FAULT_KAFKA_TO || kind == FAULT_KAFKA_FROM)
		cut(n->kafka_cut_until_us, kind != FAULT_KAFKA_FROM, kind != FAULT_KAFKA_TO, ms);
	else if (kind == FAULT_PG_CUT || kind == FAULT_PG_TO || kind == FAULT_PG_FROM)
		cut(n->pg_cut_until_us, kind != FAULT_PG_FROM, kind != FAULT_PG_TO, ms);
	else
		return false;
	sim_world_at(sim_world_now_us() + TCP_S * SIM_S, end_silent_connections, n);
	return true;
}

static void do_to_node(const struct sim_fault *f, struct sim_node *n)
{
	int64_t now = sim_world_now_us();

	if (do_cut(f->kind, n, f->ms))
		return;
	if (f->kind == FAULT_KILL) {
		sim_node_kill(n);
		sim_world_at(now + f->ms * SIM_MS, start_again, n);
	} else if (f->kind == FAULT_STOP) {
		later(&n->stopped_until_us, f->ms);
	} else if (f->kind == FAULT_END) {
		sim_service_end(n, f->ms);
	} else if (f->kind == FAULT_LOSE) {
		sim_server_lose_answers(n, (int)f->ms);
	} else if (f->kind == FAULT_BREAK) {
		sim_server_break_sessions(n);
	} else if (f->kind == FAULT_CLOCK) {
		n->wall_offset_ms = sim_random_between(sim_world_random(), -3600000, 3600000);
	} else {
		sim_producer_fault(n, f->kind, now + f->ms * SIM_MS);
	}
}

/* Once a run, and only if another node of its service is left: it stands still or is cut off, and
 * the others have to do without. */
static void do_away(const struct sim_fault *f, struct sim_node *n, const struct sim_node *nodes,
		    int node_count)
{
	static const enum sim_fault_kind kinds[] = {
		FAULT_STOP,     FAULT_KAFKA_CUT,  FAULT_PG_CUT,
		FAULT_KAFKA_TO, FAULT_KAFKA_FROM, FAULT_PG_FROM
	};
	static bool done;
	const struct sim_fault cut = { .kind = kinds[f->ms], .ms = FOREVER_MS };
	int others = 0;

	for (int i = 0; i < node_count; i++)
		others += &nodes[i] != n && nodes[i].started == n->started;
	if (others == 0 || done)
		return;
	done = true;
	do_to_node(&cut, n);
}

/* To the server, or to all. False: it is not that. */
static bool do_to_server(const struct sim_fault *f)
{
	int64_t until_us = sim_world_now_us() + f->ms * SIM_MS;

	if (f->kind == FAULT_GROW)
		sim_topic_grow(sim_topic_find(SIM_TOPIC), (int32_t)f->ms);
	else if (f->kind == FAULT_DELETE || f->kind == FAULT_DELETE_ALL)
		sim_topic_delete(sim_topic_find(SIM_TOPIC), f->ms, f->kind == FAULT_DELETE_ALL);
	else if (f->kind == FAULT_RECREATE)
		sim_topic_recreate(sim_topic_find(SIM_TOPIC), until_us);
	else if (f->kind == FAULT_REPEAT)
		sim_topic_repeat(sim_topic_find(SIM_TOPIC), f->ms);
	else if (f->kind == FAULT_MOVE)
		sim_kafka_move_some();
	else if (f->kind == FAULT_PG_RESTART)
		sim_server_restart(until_us);
	else if (f->kind == FAULT_FAIL_OVER)
		sim_server_fail_over(sim_server_database("delivery"),
				     sim_random_below(sim_world_random(), FORGETS_MS) * SIM_MS,
				     until_us);
	else if (f->kind == FAULT_READ_ONLY)
		sim_server_read_only(until_us);
	else if (f->kind == FAULT_PAUSES)
		sim_server_pause(until_us);
	else if (f->kind == FAULT_HANG)
		sim_server_hang_commits(until_us);
	else
		return false;
	return true;
}

void sim_plan_do(const struct sim_fault *f, struct sim_node *nodes, int node_count)
{
	struct sim_node *n = &nodes[f->node % node_count];
	char text[120];

	sim_plan_describe(f, text, sizeof(text));
	sim_world_trace("FAULT", "%s", text);
	if (f->kind == FAULT_GONE)
		do_away(f, n, nodes, node_count);
	else if (!do_to_server(f))
		do_to_node(f, n);
}
