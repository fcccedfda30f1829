/*
 * The simulated common/kafka/kafka_consumer.h: a member of the one group.
 */
#include "common/kafka/kafka_consumer.h"

#include <string.h>

#include "common/runtime/log.h"
#include "tests/simulation/sim_kafka.h"
#include "tests/simulation/sim_world.h"

#define POLL_US   8    /* what a poll takes that brings something */
#define COMMIT_MS 1000 /* how often what is stored is committed */

struct reading {
	bool owned; /* its owner was asked where to start */
	bool assigned, paused;
	int64_t next;              /* to be fetched */
	int64_t asked;             /* what the latest fetch began with */
	int repeated;              /* places of the log that came twice since, or lie before it */
	int64_t told_end;          /* the end that was told of */
	int64_t start;             /* of the log, as the latest fetch said */
	int64_t stored, committed; /* as the client knows it */
};

struct kafka_consumer {
	struct sim_kafka_member member;
	struct kafka_consumer_callbacks callbacks;
	struct sim_topic *topic;
	struct reading readings[SIM_PARTITIONS];
	int32_t turn; /* the partition that is looked at first */
	int64_t rebalances;
	int64_t commit_us; /* when what is stored is committed */
	bool woken;
	struct message polled; /* the log moves while the caller waits for the database */
};

enum status kafka_consumer_open(struct kafka_consumer **out, const struct kafka_settings *settings,
				const char *group, const struct kafka_consumer_callbacks *callbacks,
				struct error *err)
{
	struct kafka_consumer *c = sim_world_memory(sizeof(*c));

	(void)group;
	c->callbacks = *callbacks;
	c->topic = sim_topic_find(settings->topic);
	c->member.task = sim_node_current_task();
	*out = c;
	return kafka_consumer_subscribe(c, err);
}

enum status kafka_consumer_subscribe(struct kafka_consumer *c, struct error *err)
{
	(void)err;
	sim_kafka_join(&c->member, sim_node_current());
	return ST_OK;
}

bool kafka_consumer_is_stuck(struct kafka_consumer *c)
{
	(void)c;
	return false;
}

void kafka_consumer_unsubscribe(struct kafka_consumer *c)
{
	sim_kafka_leave(&c->member);
}

static void commit_offset(struct kafka_consumer *c, int32_t partition, int64_t offset)
{
	if (sim_node_kafka_is_cut(c->member.node))
		return;
	c->readings[partition].committed = offset;
	sim_kafka_commit(partition, offset);
}

static void commit_stored(struct kafka_consumer *c, const struct reading *r)
{
	if (r->assigned && r->stored > r->committed)
		commit_offset(c, (int32_t)(r - c->readings), r->stored);
}

static void commit_all_stored(struct kafka_consumer *c)
{
	for (int32_t p = 0; p < SIM_PARTITIONS; p++)
		commit_stored(c, &c->readings[p]);
	c->commit_us = sim_world_now_us() + COMMIT_MS * SIM_MS;
}

void kafka_consumer_leave(struct kafka_consumer *c)
{
	commit_all_stored(c);
	memset(c->readings, 0, sizeof(c->readings));
	sim_kafka_leave_now(&c->member);
}

void kafka_consumer_close(struct kafka_consumer *c)
{
	(void)c;
}

/* Nothing is known of another log there. */
static void set_place(struct kafka_consumer *c, int32_t partition, int64_t next)
{
	c->readings[partition].next = c->readings[partition].asked = next;
	c->readings[partition].repeated = 0;
	c->member.replaced_at[partition] = 0;
}

/* --- orders of the group ------------------------------------------------------------------- */

/* What one rebalance brings: all of it is read, or, if one cannot be claimed, nothing. */
static void assign(struct kafka_consumer *c, const int32_t *partitions, int count)
{
	int64_t offsets[4 * SIM_PARTITIONS];

	for (int i = 0; i < count; i++) {
		c->readings[partitions[i]] = (struct reading){ .owned = true };
		offsets[i] = c->callbacks.assigned(c->callbacks.context, partitions[i]);
		sim_world_trace(c->member.node->name, "assigned %d from %lld", (int)partitions[i],
				(long long)offsets[i]);
		if (offsets[i] < 0)
			return;
	}
	for (int i = 0; i < count; i++) {
		/* It may have lost it while it waited for the database. */
		c->readings[partitions[i]] = (struct reading){
			.owned = true, .assigned = true, .told_end = -1, .start = -1
		};
		set_place(c, partitions[i], offsets[i]);
		commit_offset(c, partitions[i], offsets[i]);
	}
}

static void revoke(struct kafka_consumer *c, int32_t partition)
{
	struct reading *r = &c->readings[partition];

	if (r->owned) {
		c->callbacks.revoked(c->callbacks.context, partition);
		commit_stored(c, r);
		sim_world_trace(c->member.node->name, "revoked %d", (int)partition);
	}
	*r = (struct reading){ 0 };
	set_place(c, partition, 0);
	sim_kafka_revoked(&c->member, partition);
}

/* False: there was none. */
static bool obey(struct kafka_consumer *c)
{
	enum sim_kafka_order order;
	int32_t partitions[4 * SIM_PARTITIONS];
	int count = 0;

	if (sim_node_is_cut(c->member.node->kafka_cut_until_us, SIM_FROM) ||
	    !sim_kafka_take_order(&c->member, &order, &partitions[count++]))
		return false;
	c->rebalances++;
	if (order == SIM_REVOKE) {
		revoke(c, partitions[0]);
		return true;
	}
	while (c->member.order_count > 0 && c->member.orders[0].order == SIM_ASSIGN)
		(void)sim_kafka_take_order(&c->member, &order, &partitions[count++]);
	assign(c, partitions, count);
	return true;
}

/* --- messages ------------------------------------------------------------------------------ */

static bool is_visible(const struct sim_partition *p, int64_t offset)
{
	const struct sim_message *m = &p->messages[offset];

	return offset < p->count && !m->open && m->visible_us <= sim_world_now_us();
}

/* Past what is no message for who reads committed, as far as it can be seen. */
static void skip_holes(const struct sim_partition *p, struct reading *r)
{
	while (is_visible(p, r->next) &&
	       (p->messages[r->next].hole || p->messages[r->next].aborted))
		r->next++;
}

/* An answer of the broker ends where it will, also in the midst of what is kept twice. */
static void ask_again(struct reading *r)
{
	r->asked = r->next;
	r->repeated = 0;
}

/* What is kept twice comes twice to who fetches it at once, and then past what is no message. */
static void go_back(const struct sim_partition *p, struct reading *r)
{
	for (; r->repeated < p->twice_count && r->next >= p->twice[r->repeated].end;
	     r->repeated++) {
		const int64_t first = p->twice[r->repeated].first;

		if (r->asked >= p->twice[r->repeated].end)
			continue;
		r->next = first > r->asked ? first : r->asked;
		r->repeated++;
		break;
	}
	skip_holes(p, r);
}

/* What is out of the log's range is read from its beginning on. */
static void look_at_range(struct kafka_consumer *c, const struct sim_partition *p,
			  struct reading *r)
{
	int64_t *replaced_at = &c->member.replaced_at[r - c->readings];

	r->start = p->start;
	if (r->next > p->count && *replaced_at == 0)
		*replaced_at = r->next;
	if (r->next < p->start || r->next > p->count) {
		r->next = r->asked = p->start;
		r->repeated = 0;
	}
}

static const struct message *take_message(struct kafka_consumer *c, const struct sim_message *m)
{
	c->polled = m->plain;
	return &c->polled;
}

/* The next message of the partition; NULL: there is none. May tell of the end instead. */
static const struct message *fetch(struct kafka_consumer *c, int32_t partition)
{
	const struct sim_partition *p = &c->topic->partitions[partition];
	struct reading *r = &c->readings[partition];

	if (!r->assigned || r->paused || sim_node_kafka_is_cut(c->member.node) ||
	    sim_topic_is_away(c->topic))
		return NULL;
	look_at_range(c, p, r);
	skip_holes(p, r);
	if (p->twice_count > 0 && sim_random_chance(sim_world_random(), 50))
		ask_again(r);
	go_back(p, r);
	sim_kafka_read(partition, r->next + 1);
	if (is_visible(p, r->next))
		return take_message(c, &p->messages[r->next++]);
	ask_again(r);
	if (r->told_end != r->next) {
		r->told_end = r->next;
		c->callbacks.end_reached(c->callbacks.context, partition, r->next);
	}
	return NULL;
}

static const struct message *fetch_any(struct kafka_consumer *c)
{
	int32_t count = c->topic->partition_count;

	if (sim_random_chance(sim_world_random(), 50))
		c->turn = (c->turn + 1) % count;
	for (int32_t i = 0; i < count; i++) {
		int32_t partition = (c->turn + i) % count;
		const struct message *m = fetch(c, partition);

		if (m) {
			c->turn = partition;
			sim_node_spend(POLL_US);
			return m;
		}
	}
	return NULL;
}

const struct message *kafka_consumer_poll(struct kafka_consumer *c, int timeout_ms)
{
	int64_t end = sim_world_now_us() + timeout_ms * SIM_MS;
	const struct message *m;

	if (sim_world_now_us() >= c->commit_us)
		commit_all_stored(c);
	for (;;) {
		while (obey(c))
			;
		m = fetch_any(c);
		if (m)
			return m;
		if (timeout_ms == 0 || c->woken || sim_world_now_us() >= end)
			break;
		sim_kafka_wait(&c->member, end);
	}
	c->woken = false;
	if (timeout_ms == 0) {
		sim_node_spend(POLL_US);
		sim_kafka_wait(&c->member, 0);
	}
	return NULL;
}

void kafka_consumer_wake(struct kafka_consumer *c)
{
	c->woken = true;
	sim_node_wake(c->member.task);
}

void kafka_consumer_pause(struct kafka_consumer *c, int32_t partition, bool paused)
{
	c->readings[partition].paused = paused;
}

bool kafka_consumer_seek(struct kafka_consumer *c, int32_t partition, int64_t offset)
{
	struct reading *r = &c->readings[partition];

	if (!r->assigned || sim_node_kafka_is_cut(c->member.node) ||
	    sim_random_chance(sim_world_random(), 50))
		return false;
	set_place(c, partition, offset);
	r->told_end = -1;
	return true;
}

bool kafka_consumer_assignment_lost(struct kafka_consumer *c)
{
	return c->member.lost;
}

static void judge_stored(const struct kafka_consumer *c, int32_t partition, int64_t next_offset)
{
	const struct sim_partition *p = &c->topic->partitions[partition];

	if (next_offset > p->count && next_offset > p->old_count)
		sim_world_violation("partition %d: offset %lld is stored, the log ends at %lld",
				    (int)partition, (long long)next_offset, (long long)p->count);
}

void kafka_consumer_store(struct kafka_consumer *c, int32_t partition, int64_t next_offset)
{
	judge_stored(c, partition, next_offset);
	if (c->readings[partition].assigned)
		c->readings[partition].stored = next_offset;
}

void kafka_consumer_commit(struct kafka_consumer *c, int32_t partition, int64_t next_offset)
{
	judge_stored(c, partition, next_offset);
	commit_offset(c, partition, next_offset);
}

void kafka_consumer_high_watermarks(struct kafka_consumer *c, struct topic_offset *list,
				    size_t count)
{
	for (size_t i = 0; i < count; i++)
		list[i].offset = sim_topic_stable_end(&c->topic->partitions[list[i].partition]);
}

int64_t kafka_consumer_log_start(struct kafka_consumer *c, int32_t partition)
{
	return c->readings[partition].start;
}

int64_t kafka_consumer_rebalances(const struct kafka_consumer *c)
{
	return c->rebalances;
}

const char *kafka_consumer_refusal(const struct kafka_consumer *c)
{
	(void)c;
	return NULL;
}

bool kafka_consumer_is_steady(const struct kafka_consumer *c)
{
	return c->member.joined && c->member.order_count == 0;
}

bool kafka_consumer_reachable(struct kafka_consumer *c)
{
	return !sim_node_kafka_is_cut(c->member.node);
}
