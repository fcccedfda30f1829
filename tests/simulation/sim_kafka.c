#include "tests/simulation/sim_kafka.h"

#include <string.h>

#include "tests/simulation/sim_world.h"

#define HEARTBEAT_MS 300
#define SESSION_MS   6000

/* One group a world. */
static struct group {
	struct sim_topic *topic;
	struct sim_kafka_member *members;
	int64_t committed[SIM_PARTITIONS]; /* and one; 0: nothing */
	int64_t read_to[SIM_PARTITIONS];   /* by any member, of this log */
} group;

static void order(struct sim_kafka_member *m, enum sim_kafka_order what, int32_t partition)
{
	m->orders[m->order_count].order = what;
	m->orders[m->order_count++].partition = partition;
	sim_node_wake(m->task);
}

/* --- members ------------------------------------------------------------------------------- */

void sim_kafka_join(struct sim_kafka_member *m, struct sim_node *node)
{
	struct sim_kafka_member **at = &group.members;

	m->node = node;
	m->wants = true;
	while (*at && *at != m)
		at = &(*at)->next;
	if (!*at) {
		m->next = NULL;
		*at = m;
	}
}

static void give_back_all(struct sim_kafka_member *m)
{
	for (int32_t p = 0; p < SIM_PARTITIONS; p++) {
		m->owns[p] = m->revoking[p] = false;
	}
	m->joined = false;
}

static void ask_all_back(struct sim_kafka_member *m)
{
	for (int32_t p = 0; p < SIM_PARTITIONS; p++) {
		if (m->owns[p] && !m->revoking[p]) {
			m->revoking[p] = true;
			order(m, SIM_REVOKE, p);
		}
	}
}

/* The group hears of it when all is revoked; a member that owns nothing has left. */
void sim_kafka_leave(struct sim_kafka_member *m)
{
	m->wants = false;
	ask_all_back(m);
}

static bool reaches(const struct sim_kafka_member *m)
{
	return m->task && m->node->alive && !sim_node_is_stopped(m->node) &&
	       !sim_node_is_cut(m->node->kafka_cut_until_us, SIM_TO);
}

void sim_kafka_leave_now(struct sim_kafka_member *m)
{
	m->wants = false;
	m->order_count = 0;
	if (reaches(m)) {
		give_back_all(m);
		sim_world_trace("group", "%s leaves", m->node->name);
	}
	m->task = NULL;
}

void sim_kafka_commit(int32_t partition, int64_t offset)
{
	group.committed[partition] = offset + 1;
}

int64_t sim_kafka_committed(int32_t partition)
{
	return group.committed[partition] - 1;
}

void sim_kafka_node_died(const struct sim_node *node)
{
	for (struct sim_kafka_member *m = group.members; m; m = m->next) {
		if (m->node == node)
			m->task = NULL; /* its session times out */
	}
}

bool sim_kafka_take_order(struct sim_kafka_member *m, enum sim_kafka_order *what,
			  int32_t *partition)
{
	m->obeys = m->order_count > 0;
	if (!m->obeys)
		return false;
	*what = m->orders[0].order;
	*partition = m->orders[0].partition;
	m->order_count--;
	memmove(m->orders, m->orders + 1, (size_t)m->order_count * sizeof(m->orders[0]));
	return true;
}

void sim_kafka_revoked(struct sim_kafka_member *m, int32_t p)
{
	m->owns[p] = m->revoking[p] = false;
}

void sim_kafka_read(int32_t partition, int64_t end)
{
	if (end > group.read_to[partition])
		group.read_to[partition] = end;
}

int64_t sim_kafka_take_read_end(int32_t partition)
{
	int64_t end = group.read_to[partition];

	group.read_to[partition] = 0;
	return end;
}

int64_t sim_kafka_replaced_at(const struct sim_node *node, int64_t partition)
{
	for (const struct sim_kafka_member *m = group.members; m; m = m->next) {
		if (m->task && m->node == node)
			return m->replaced_at[partition];
	}
	return 0;
}

/* --- the coordinator ----------------------------------------------------------------------- */

static void expel(struct sim_kafka_member *m)
{
	sim_world_trace("group", "session of %s timed out", m->node->name);
	m->expelled = true;
	give_back_all(m);
	m->order_count = 0;
}

/* It reaches the coordinator again: everything it had is lost. */
static void tell_expelled(struct sim_kafka_member *m)
{
	m->expelled = false;
	m->lost = true;
	m->order_count = 0;
	for (int32_t p = 0; p < group.topic->partition_count; p++)
		order(m, SIM_REVOKE, p);
}

static bool owns_any(const struct sim_kafka_member *m)
{
	for (int32_t p = 0; p < SIM_PARTITIONS; p++) {
		if (m->owns[p])
			return true;
	}
	return false;
}

static bool has_obeyed(const struct sim_kafka_member *m)
{
	return m->order_count == 0 && !m->obeys;
}

static void hear_from(struct sim_kafka_member *m)
{
	if (m->joined && sim_world_now_us() - m->heard_us > SESSION_MS * SIM_MS)
		expel(m);
	if (!reaches(m))
		return;
	m->heard_us = sim_world_now_us();
	if (m->expelled)
		tell_expelled(m);
	if (m->lost && has_obeyed(m))
		m->lost = false;
	if (!m->joined && m->wants && !m->lost && has_obeyed(m)) {
		m->joined = true;
		sim_world_trace("group", "%s joins", m->node->name);
	}
	if (m->joined && !m->wants && !owns_any(m)) {
		m->joined = false;
		sim_world_trace("group", "%s has left", m->node->name);
	}
}

static int owned(const struct sim_kafka_member *m)
{
	int n = 0;

	for (int32_t p = 0; p < SIM_PARTITIONS; p++)
		n += m->owns[p] && !m->revoking[p];
	return n;
}

/* Whom a partition goes to: the member with fewest, of several a random one. */
static struct sim_kafka_member *poorest(void)
{
	struct sim_kafka_member *least = NULL;
	int ties = 0;

	for (struct sim_kafka_member *m = group.members; m; m = m->next) {
		if (!m->joined || !m->wants)
			continue;
		if (!least || owned(m) < owned(least)) {
			least = m;
			ties = 1;
		} else if (owned(m) == owned(least) &&
			   sim_random_below(sim_world_random(), ++ties) == 0) {
			least = m;
		}
	}
	return least;
}

static bool is_owned(int32_t p)
{
	for (struct sim_kafka_member *m = group.members; m; m = m->next) {
		if (m->owns[p])
			return true;
	}
	return false;
}

static void assign_free(void)
{
	for (int32_t p = 0; p < group.topic->partition_count; p++) {
		struct sim_kafka_member *m = poorest();

		if (!m || is_owned(p) || sim_random_chance(sim_world_random(), 400))
			continue;
		m->owns[p] = true;
		sim_world_trace("group", "%d goes to %s", (int)p, m->node->name);
		order(m, SIM_ASSIGN, p);
	}
}

static void ask_back(struct sim_kafka_member *m)
{
	for (int32_t p = 0; p < group.topic->partition_count; p++) {
		if (m->owns[p] && !m->revoking[p]) {
			m->revoking[p] = true;
			order(m, SIM_REVOKE, p);
			return;
		}
	}
}

/* Nobody has two more than another. */
static void balance(void)
{
	struct sim_kafka_member *least = poorest();

	for (struct sim_kafka_member *m = group.members; least && m; m = m->next) {
		if (m->joined && owned(m) > owned(least) + 1)
			ask_back(m);
	}
}

void sim_kafka_move_some(void)
{
	for (struct sim_kafka_member *m = group.members; m; m = m->next) {
		if (m->joined && owned(m) > 0 && sim_random_chance(sim_world_random(), 500)) {
			ask_back(m);
			return;
		}
	}
}

/* There is nothing to be read. */
static void forget_topic(void)
{
	for (struct sim_kafka_member *m = group.members; m; m = m->next) {
		if (m->joined)
			ask_all_back(m);
	}
}

static void beat(void *unused)
{
	for (struct sim_kafka_member *m = group.members; m; m = m->next)
		hear_from(m);
	if (sim_topic_is_away(group.topic))
		forget_topic();
	else
		assign_free();
	balance();
	sim_world_at(sim_world_now_us() + HEARTBEAT_MS * SIM_MS, beat, unused);
}

void sim_kafka_begin(struct sim_topic *topic)
{
	group.topic = topic;
	beat(NULL);
}

/* --- messages come ------------------------------------------------------------------------- */

static void wake_pollers(void *unused)
{
	(void)unused;
	for (struct sim_kafka_member *m = group.members; m; m = m->next)
		sim_node_wake(m->task);
}

void sim_kafka_appended(struct sim_topic *t, const struct sim_message *m)
{
	if (t == group.topic)
		sim_world_at(m->visible_us, wake_pollers, NULL);
}

void sim_kafka_wait(struct sim_kafka_member *m, int64_t until_us)
{
	m->task = sim_node_current_task();
	sim_node_sleep_until(until_us);
}
