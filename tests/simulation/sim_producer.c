/*
 * The simulated common/kafka/kafka_producer.h: the client's end. sim_broker.h has the way to the
 * brokers.
 */
#include "tests/simulation/sim_producer.h"

#include <string.h>

#include "tests/simulation/sim_broker.h"

#define LATE_S            10
#define MESSAGE_MAX_BYTES 2097152

/* By node; one set a world. */
static struct kafka_producer *producers[SIM_NODES_MAX];

void sim_producer_fault(struct sim_node *n, enum sim_fault_kind kind, int64_t until_us)
{
	struct sim_producer_faults *f = &sim_producer_faults[n->number];

	if (kind == FAULT_ACK_LOST)
		f->acks_lost_until_us = until_us;
	if (kind == FAULT_REFUSE) {
		f->refuses_until_us = until_us;
		f->code = sim_random_chance(sim_world_random(), 500) ? SIM_CODE_BROKER
								     : SIM_CODE_TOPIC;
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

void kafka_producer_send(struct kafka_producer *p, const struct kafka_producer_message *m,
			 void *opaque)
{
	struct sim_sent *s = sim_world_memory(sizeof(*s));
	int32_t partitions;

	if (p->lost_state || (p->transactions.id && !p->transactions.begun)) {
		p->report(p->context, opaque, KAFKA_PRODUCER_RETRY, SIM_CODE_PURGED);
		return;
	}
	if (m->payload_len > MESSAGE_MAX_BYTES) {
		p->report(p->context, opaque, KAFKA_PRODUCER_REFUSED, SIM_CODE_BROKER);
		return;
	}
	/* Its queue is full. */
	if (sim_producer_faults[p->node->number].full_until_us > sim_world_now_us() &&
	    sim_random_chance(sim_world_random(), 300)) {
		p->report(p->context, opaque, KAFKA_PRODUCER_RETRY, SIM_CODE_BROKER);
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
static void give_up_late(struct kafka_producer *p, struct sim_sent *s)
{
	if (s->acked || !p->transactions.id || sim_world_now_us() - s->sent_us < LATE_S * SIM_S)
		return;
	s->acked = true;
	s->verdict = KAFKA_PRODUCER_RETRY;
	s->code = SIM_CODE_LATE;
}

/* Takes the reports that are there. */
static bool take_reports(struct kafka_producer *p)
{
	bool any = false;

	for (struct sim_sent **at = &p->first; *at;) {
		struct sim_sent *s = *at;

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
	sim_broker_transmit(p);
	while (!take_reports(p) && !p->lost_state && sim_world_now_us() < end)
		sim_node_sleep_until(end);
	return !p->lost_state;
}

enum status kafka_producer_abandon(struct kafka_producer *p, struct error *err)
{
	(void)err;
	sim_world_trace(p->node->name, "the producer is abandoned");
	sim_broker_cut_off(p);
	while (p->first) {
		struct sim_sent *s = p->first;

		p->first = s->next;
		s->reported = true;
		p->report(p->context, s->opaque, KAFKA_PRODUCER_RETRY, SIM_CODE_PURGED);
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
	sim_broker_cut_off(p);
	for (struct sim_sent *s = p->first; s; s = s->next)
		s->reported = true;
	p->first = NULL;
}

bool kafka_producer_reachable(struct kafka_producer *p)
{
	return !sim_node_kafka_is_cut(p->node);
}

int kafka_producer_purged(void)
{
	return SIM_CODE_PURGED;
}

const char *kafka_producer_reason(int code)
{
	return code == SIM_CODE_PURGED ? "purged" : "refused";
}

bool kafka_producer_blames_topic(int code)
{
	return code == SIM_CODE_TOPIC;
}

bool kafka_producer_timed_out(int code)
{
	return code == SIM_CODE_LATE;
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
