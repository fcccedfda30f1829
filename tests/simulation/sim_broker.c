#include "tests/simulation/sim_broker.h"

#include <string.h>

#include "tests/simulation/sim_judge_outbox.h"

#define LEASE_LOST_S 5 /* it hears of it within that, unless something holds it up */

struct sim_producer_faults sim_producer_faults[SIM_NODES_MAX];

/* It sends nothing any more: what has not arrived never will. */
static void hear_of_fence(struct kafka_producer *p)
{
	p->lost_state = true;
	for (struct sim_sent *s = p->first; s; s = s->next) {
		if (s->arrived)
			continue;
		s->acked = true;
		s->verdict = KAFKA_PRODUCER_RETRY;
		s->code = SIM_CODE_PURGED;
	}
}

static void hear_ack(void *argument)
{
	struct sim_sent *s = argument;
	const struct sim_producer_faults *f = &sim_producer_faults[s->producer->node->number];
	int64_t deaf_until = f->acks_lost_until_us;

	if (s->producer->node->kafka_cut_until_us[SIM_FROM] > deaf_until)
		deaf_until = s->producer->node->kafka_cut_until_us[SIM_FROM];
	if (deaf_until > sim_world_now_us()) {
		sim_world_at(deaf_until, hear_ack, s);
		return;
	}
	if (s->reported) /* by a producer that is abandoned */
		return;
	s->acked = true;
	if (s->fenced)
		hear_of_fence(s->producer);
	sim_node_wake(s->producer->task);
}

/* False: another producer has its id. */
static bool append(struct sim_sent *s)
{
	struct sim_transactional *id = s->producer->transactions.id;

	if (id && !sim_coordinator_append(id, s->epoch, s->topic, s->partition, &s->message))
		return false;
	if (!id)
		(void)sim_topic_append(s->topic, s->partition, &s->message, 0);
	s->arrived = true;
	return true;
}

/* A relay that has long known that it lost the lease publishes nothing more. What one that was
 * killed had sent may still arrive. */
static void judge_lease(const struct kafka_producer *p)
{
	const struct sim_node *n = p->node;
	int64_t since = n->lost_lease_us;

	if (since == 0 || !n->alive || n->life != p->life)
		return;
	for (int way = SIM_TO; way <= SIM_FROM; way++)
		since = n->pg_cut_until_us[way] > since ? n->pg_cut_until_us[way] : since;
	since = n->stopped_until_us > since ? n->stopped_until_us : since;
	if (sim_world_now_us() - since > LEASE_LOST_S * SIM_S)
		sim_world_violation("%s publishes %d s after it was told that it lost the lease",
				    n->name, LEASE_LOST_S);
}

static void decide(struct sim_sent *s)
{
	struct sim_producer_faults *f = &sim_producer_faults[s->producer->node->number];
	bool *refused = &s->producer->refused[s->partition];

	struct sim_message denied = { .plain = s->message };

	denied.plain.topic = s->topic->name;
	judge_lease(s->producer);
	/* A state that is refused would be so for ever: it is the same each time. */
	if (!*refused && strcmp(s->topic->name, SIM_STATES) != 0 &&
	    (f->denies || sim_judge_outbox_denies(&denied))) {
		f->denies = false;
		sim_topic_read(&denied);
		sim_judge_outbox_denied(&denied);
		s->verdict = KAFKA_PRODUCER_REFUSED;
		s->code = SIM_CODE_BROKER;
	} else if (sim_topic_is_away(s->topic)) {
		*refused = true;
		s->verdict = KAFKA_PRODUCER_RETRY;
		s->code = SIM_CODE_TOPIC;
	} else if (*refused || f->refuses_until_us > sim_world_now_us()) {
		*refused = true;
		s->verdict = KAFKA_PRODUCER_RETRY;
		s->code = f->code;
	} else if (append(s)) {
		s->verdict = KAFKA_PRODUCER_ACKED;
	} else {
		s->verdict = KAFKA_PRODUCER_RETRY;
		s->code = SIM_CODE_PURGED;
		s->fenced = true;
	}
}

/* 0: now. Else when the next transaction can begin, or the network is there again. */
static int64_t held_until_us(const struct sim_sent *s)
{
	const struct kafka_producer *p = s->producer;
	int64_t now = sim_world_now_us();

	if (p->node->alive && sim_node_is_cut(p->node->kafka_cut_until_us, SIM_TO))
		return p->node->kafka_cut_until_us[SIM_TO];
	if (p->transactions.id && sim_coordinator_free_us(p->transactions.id) > now)
		return sim_coordinator_free_us(p->transactions.id);
	return 0;
}

static void hand_over(struct sim_sent *s)
{
	s->producer->held -= s->held;
	s->decided = true;
	decide(s);
	sim_world_at(sim_world_now_us() + sim_random_between(sim_world_random(), 200, 5000),
		     hear_ack, s);
}

/* What was held back for longer than s goes first: a producer's messages keep their order. */
static void hand_over_earlier(const struct sim_sent *s)
{
	for (struct sim_sent *e = s->producer->first; e && e != s; e = e->next) {
		if (e->held && !e->decided && !e->reported && e->topic == s->topic &&
		    e->partition == s->partition)
			hand_over(e);
	}
}

static void arrive(void *argument)
{
	struct sim_sent *s = argument;

	if (s->decided)
		return;
	if (s->reported || s->producer->lost_state) {
		s->producer->held -= s->held;
		s->held = false;
		return;
	}
	if (held_until_us(s)) {
		s->producer->held += !s->held;
		s->held = true;
		sim_world_at(held_until_us(s), arrive, s);
		return;
	}
	if (s->producer->held > 0)
		hand_over_earlier(s);
	hand_over(s);
}

void sim_broker_transmit(struct kafka_producer *p)
{
	int64_t now = sim_world_now_us();

	for (struct sim_sent *s = p->first; s; s = s->next) {
		int64_t *last = &p->last_us[s->partition];
		int64_t at = now + sim_random_between(sim_world_random(), 300, 4000);

		if (s->on_the_way)
			continue;
		s->on_the_way = true;
		*last = at > *last ? at : *last;
		sim_world_at(*last, arrive, s);
	}
}

void sim_broker_cut_off(struct kafka_producer *p)
{
	bool stopped[SIM_PARTITIONS] = { false };

	for (struct sim_sent *s = p->first; s; s = s->next) {
		bool *stop = &stopped[s->partition];

		if (s->arrived || s->verdict != KAFKA_PRODUCER_ACKED)
			continue;
		*stop |= !s->on_the_way || p->lost_state || p->refused[s->partition] ||
			 sim_node_kafka_is_cut(p->node) || sim_topic_is_away(s->topic) ||
			 sim_random_chance(sim_world_random(), 300);
		if (!*stop)
			(void)append(s);
	}
}
