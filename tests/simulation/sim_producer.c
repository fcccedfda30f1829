/*
 * The simulated common/kafka/kafka_producer.h. Messages of one partition arrive in the order in
 * which they were sent, each once (an idempotent producer). What is outstanding at an abandon, or
 * when the process dies, arrives up to some message of each partition. With transactions nothing of
 * a producer arrives after another has taken its id.
 */
#include "tests/simulation/sim_producer.h"

#include <string.h>

#include "common/event/message.h"
#include "tests/simulation/sim_judge_outbox.h"
#include "tests/simulation/sim_metadata.h"
#include "tests/simulation/sim_topic.h"
#include "tests/simulation/sim_transactions.h"
#include "tests/simulation/sim_world.h"

#define CODE_PURGED (-1)
#define CODE_BROKER 10 /* tells nothing of the topic */
#define CODE_TOPIC  20
#define CODE_LATE   30 /* longer outstanding than a message of a transaction may be */

#define LATE_S            10
#define MESSAGE_MAX_BYTES 2097152

#define LEASE_LOST_S 5 /* it hears of it within that, unless something holds it up */

/* A message until its report. */
struct sent {
	struct sent *next;
	struct kafka_producer *producer;
	struct sim_topic *topic;
	int32_t partition;
	struct message message; /* copied */
	void *opaque;
	int64_t epoch; /* of its transaction */
	int64_t sent_us;
	bool on_the_way, held, decided, arrived, acked, reported, fenced;
	enum kafka_producer_verdict verdict;
	int code;
};

struct producer_faults {
	int64_t acks_lost_until_us, refuses_until_us, full_until_us;
	int code;
	bool denies;
};

struct kafka_producer {
	struct sim_node *node;
	int life;              /* of the node */
	struct sim_task *task; /* that polls */
	kafka_producer_report *report;
	void *context;
	struct sent *first, **end; /* outstanding, in order */
	int held;                  /* of them: held back on their way */
	int64_t last_us[SIM_PARTITIONS];
	bool refused[SIM_PARTITIONS]; /* one was, so are those behind it */
	int32_t turn;
	bool lost_state;
	struct sim_metadata metadata;
	struct sim_transactions transactions;
};

/* By node; one set a world. */
static struct producer_faults faults[SIM_NODES_MAX];
static struct kafka_producer *producers[SIM_NODES_MAX];

void sim_producer_fault(struct sim_node *n, enum sim_fault_kind kind, int64_t until_us)
{
	struct producer_faults *f = &faults[n->number];

	if (kind == FAULT_ACK_LOST)
		f->acks_lost_until_us = until_us;
	if (kind == FAULT_REFUSE) {
		f->refuses_until_us = until_us;
		f->code = sim_random_chance(sim_world_random(), 500) ? CODE_BROKER : CODE_TOPIC;
	}
	if (kind == FAULT_FULL)
		f->full_until_us = until_us;
	f->denies |= kind == FAULT_DENY;
	if (kind == FAULT_STATE && producers[n->number])
		producers[n->number]->lost_state = true;
}

enum status kafka_producer_open(struct kafka_producer **out, const struct kafka_settings *settings,
				kafka_producer_report *report, void *context, struct error *err)
{
	struct kafka_producer *p = sim_world_memory(sizeof(*p));

	(void)err;
	p->node = sim_node_current();
	p->life = p->node->life;
	sim_transactions_init(&p->transactions, p->node, settings->transactional_id);
	p->task = sim_node_current_task();
	p->report = report;
	p->context = context;
	p->end = &p->first;
	producers[p->node->number] = p;
	*out = p;
	return ST_OK;
}

/* --- at the broker ------------------------------------------------------------------------- */

/* It sends nothing any more: what has not arrived never will. */
static void hear_of_fence(struct kafka_producer *p)
{
	p->lost_state = true;
	for (struct sent *s = p->first; s; s = s->next) {
		if (s->arrived)
			continue;
		s->acked = true;
		s->verdict = KAFKA_PRODUCER_RETRY;
		s->code = CODE_PURGED;
	}
}

static void hear_ack(void *argument)
{
	struct sent *s = argument;
	const struct producer_faults *f = &faults[s->producer->node->number];
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
static bool append(struct sent *s)
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

static void decide(struct sent *s)
{
	struct producer_faults *f = &faults[s->producer->node->number];
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
		s->code = CODE_BROKER;
	} else if (sim_topic_is_away(s->topic)) {
		*refused = true;
		s->verdict = KAFKA_PRODUCER_RETRY;
		s->code = CODE_TOPIC;
	} else if (*refused || f->refuses_until_us > sim_world_now_us()) {
		*refused = true;
		s->verdict = KAFKA_PRODUCER_RETRY;
		s->code = f->code;
	} else if (append(s)) {
		s->verdict = KAFKA_PRODUCER_ACKED;
	} else {
		s->verdict = KAFKA_PRODUCER_RETRY;
		s->code = CODE_PURGED;
		s->fenced = true;
	}
}

/* 0: now. Else when the next transaction can begin, or the network is there again. */
static int64_t held_until_us(const struct sent *s)
{
	const struct kafka_producer *p = s->producer;
	int64_t now = sim_world_now_us();

	if (p->node->alive && sim_node_is_cut(p->node->kafka_cut_until_us, SIM_TO))
		return p->node->kafka_cut_until_us[SIM_TO];
	if (p->transactions.id && sim_coordinator_free_us(p->transactions.id) > now)
		return sim_coordinator_free_us(p->transactions.id);
	return 0;
}

static void hand_over(struct sent *s)
{
	s->producer->held -= s->held;
	s->decided = true;
	decide(s);
	sim_world_at(sim_world_now_us() + sim_random_between(sim_world_random(), 200, 5000),
		     hear_ack, s);
}

/* What was held back for longer than s goes first: a producer's messages keep their order. */
static void hand_over_earlier(const struct sent *s)
{
	for (struct sent *e = s->producer->first; e && e != s; e = e->next) {
		if (e->held && !e->decided && !e->reported && e->topic == s->topic &&
		    e->partition == s->partition)
			hand_over(e);
	}
}

static void arrive(void *argument)
{
	struct sent *s = argument;

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

static void transmit(struct kafka_producer *p)
{
	int64_t now = sim_world_now_us();

	for (struct sent *s = p->first; s; s = s->next) {
		int64_t *last = &p->last_us[s->partition];
		int64_t at = now + sim_random_between(sim_world_random(), 300, 4000);

		if (s->on_the_way)
			continue;
		s->on_the_way = true;
		*last = at > *last ? at : *last;
		sim_world_at(*last, arrive, s);
	}
}

/* --- the client's end ---------------------------------------------------------------------- */

void kafka_producer_send(struct kafka_producer *p, const struct kafka_producer_message *m,
			 void *opaque)
{
	struct sent *s = sim_world_memory(sizeof(*s));
	int32_t partitions;

	if (p->lost_state || (p->transactions.id && !p->transactions.begun)) {
		p->report(p->context, opaque, KAFKA_PRODUCER_RETRY, CODE_PURGED);
		return;
	}
	if (m->payload_len > MESSAGE_MAX_BYTES) {
		p->report(p->context, opaque, KAFKA_PRODUCER_REFUSED, CODE_BROKER);
		return;
	}
	/* Its queue is full. */
	if (faults[p->node->number].full_until_us > sim_world_now_us() &&
	    sim_random_chance(sim_world_random(), 300)) {
		p->report(p->context, opaque, KAFKA_PRODUCER_RETRY, CODE_BROKER);
		return;
	}
	s->producer = p;
	s->topic = sim_topic_find(m->topic);
	s->opaque = opaque;
	s->epoch = p->transactions.epoch;
	p->transactions.sent = true;
	s->sent_us = sim_world_now_us();
	partitions = sim_metadata_partitions(&p->metadata, p->node, s->topic);
	s->partition = m->key ? sim_topic_partition_of(partitions, m->key, m->key_len)
			      : p->turn++ % partitions;
	sim_topic_copy(&s->message, &(struct message){ .key = m->key,
						       .key_len = m->key_len,
						       .payload = m->payload,
						       .payload_len = m->payload_len,
						       .headers = m->headers,
						       .header_count = m->header_count });
	*p->end = s;
	p->end = &s->next;
}

/* A transaction does not wait for ever. */
static void give_up_late(struct kafka_producer *p, struct sent *s)
{
	if (s->acked || !p->transactions.id || sim_world_now_us() - s->sent_us < LATE_S * SIM_S)
		return;
	s->acked = true;
	s->verdict = KAFKA_PRODUCER_RETRY;
	s->code = CODE_LATE;
}

/* Takes the reports that are there. */
static bool take_reports(struct kafka_producer *p)
{
	bool any = false;

	for (struct sent **at = &p->first; *at;) {
		struct sent *s = *at;

		give_up_late(p, s);
		if (!s->acked) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		s->reported = any = true;
		p->transactions.failed |= s->verdict != KAFKA_PRODUCER_ACKED;
		p->report(p->context, s->opaque, s->verdict, s->code);
	}
	p->end = &p->first;
	while (*p->end)
		p->end = &(*p->end)->next;
	if (!p->first)
		memset(p->refused, 0, sizeof(p->refused));
	return any;
}

bool kafka_producer_poll(struct kafka_producer *p, int timeout_ms)
{
	int64_t end = sim_world_now_us() + timeout_ms * SIM_MS;

	p->task = sim_node_current_task();
	transmit(p);
	while (!take_reports(p) && !p->lost_state && sim_world_now_us() < end)
		sim_node_sleep_until(end);
	return !p->lost_state;
}

/* What is on the way arrives up to some message of each partition, now. */
static void cut_off(struct kafka_producer *p)
{
	bool stopped[SIM_PARTITIONS] = { false };

	for (struct sent *s = p->first; s; s = s->next) {
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

enum status kafka_producer_abandon(struct kafka_producer *p, struct error *err)
{
	(void)err;
	sim_world_trace(p->node->name, "the producer is abandoned");
	cut_off(p);
	while (p->first) {
		struct sent *s = p->first;

		p->first = s->next;
		s->reported = true;
		p->report(p->context, s->opaque, KAFKA_PRODUCER_RETRY, CODE_PURGED);
	}
	p->end = &p->first;
	sim_transactions_forget(&p->transactions);
	p->metadata = (struct sim_metadata){ 0 };
	p->lost_state = false;
	memset(p->refused, 0, sizeof(p->refused));
	return ST_OK;
}

void kafka_producer_close(struct kafka_producer *p)
{
	if (!p)
		return;
	cut_off(p);
	for (struct sent *s = p->first; s; s = s->next)
		s->reported = true;
	p->first = NULL;
}

bool kafka_producer_reachable(struct kafka_producer *p)
{
	return !sim_node_kafka_is_cut(p->node);
}

int kafka_producer_purged(void)
{
	return CODE_PURGED;
}

const char *kafka_producer_reason(int code)
{
	return code == CODE_PURGED ? "purged" : "refused";
}

bool kafka_producer_blames_topic(int code)
{
	return code == CODE_TOPIC;
}

bool kafka_producer_timed_out(int code)
{
	return code == CODE_LATE;
}

bool kafka_producer_can_send(struct kafka_producer *p, const char *topic)
{
	return !sim_node_kafka_is_cut(p->node) && !sim_topic_is_away(sim_topic_find(topic));
}

enum status kafka_producer_prepare(struct kafka_producer *p, int timeout_ms, struct error *err)
{
	return sim_transactions_prepare(&p->transactions, timeout_ms, err);
}

enum status kafka_producer_begin(struct kafka_producer *p, struct error *err)
{
	return sim_transactions_begin(&p->transactions, err);
}

enum status kafka_producer_commit(struct kafka_producer *p, int timeout_ms, struct error *err)
{
	enum status st = sim_transactions_commit(&p->transactions, timeout_ms, err);

	p->lost_state |= p->transactions.fenced;
	return st;
}
