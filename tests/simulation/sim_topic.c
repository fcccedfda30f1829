#include "tests/simulation/sim_topic.h"

#include <stdlib.h>
#include <string.h>

#include "common/event/event_json.h"
#include "tests/simulation/sim_judge_outbox.h"
#include "tests/simulation/sim_kafka.h"
#include "tests/simulation/sim_world.h"

#define TOPICS 4

static struct sim_topic topics[TOPICS]; /* one broker a world */

struct sim_topic *sim_topic_find(const char *name)
{
	for (int i = 0; i < TOPICS; i++) {
		if (!topics[i].name)
			topics[i] = (struct sim_topic){ .name = sim_world_copy(name, strlen(name)),
							.partition_count = 1 };
		if (strcmp(topics[i].name, name) == 0)
			return &topics[i];
	}
	abort();
}

void sim_topic_partitions(struct sim_topic *t, int32_t count)
{
	t->partition_count = count;
}

bool sim_topic_is_away(const struct sim_topic *t)
{
	return t->away_until_us > sim_world_now_us();
}

/* As Java's clients do: murmur2. */
int32_t sim_topic_partition_of(int32_t partition_count, const void *key, size_t len)
{
	const uint32_t m = 0x5bd1e995u;
	const unsigned char *at = key;
	uint32_t h = 0x9747b28cu ^ (uint32_t)len, k;

	for (; len >= 4; at += 4, len -= 4) {
		k = ((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
		     (uint32_t)at[3] << 24) *
		    m;
		h = h * m ^ (k ^ k >> 24) * m;
	}
	for (size_t i = len; i-- > 0;)
		h ^= (uint32_t)at[i] << 8 * i;
	h = len ? h * m : h;
	h = (h ^ h >> 13) * m;
	return (int32_t)(((h ^ h >> 15) & 0x7fffffffu) % (uint32_t)partition_count);
}

static struct sim_message *next_place(struct sim_topic *t, int32_t partition)
{
	struct sim_partition *p = &t->partitions[partition];
	int64_t now = sim_world_now_us(), before = 0;
	struct sim_message *m;

	if (p->count == p->capacity) {
		p->capacity = p->capacity ? 2 * p->capacity : 1024;
		p->messages = realloc(p->messages, (size_t)p->capacity * sizeof(*p->messages));
		if (!p->messages)
			abort();
	}
	if (p->count > 0)
		before = p->messages[p->count - 1].visible_us;
	m = &p->messages[p->count];
	*m = (struct sim_message){ .visible_us = now + sim_random_between(sim_world_random(), 500,
									  20000) };
	if (m->visible_us < before)
		m->visible_us = before;
	m->plain.topic = t->name;
	m->plain.at = (struct topic_offset){ partition, p->count++ };
	m->plain.timestamp_ms = sim_world_wall_ms();
	return m;
}

void sim_topic_copy(struct message *to, const struct message *from)
{
	struct message_header *headers =
		sim_world_memory((from->header_count + 1) * sizeof(*headers));

	for (size_t i = 0; i < from->header_count; i++) {
		const struct message_header *h = &from->headers[i];

		headers[i] = (struct message_header){
			sim_world_copy(h->name, strlen(h->name)),
			h->value ? sim_world_copy(h->value, h->len) : NULL,
			h->len,
		};
	}
	to->headers = headers;
	to->header_count = from->header_count;
	to->key = from->key ? sim_world_copy(from->key, from->key_len) : NULL;
	to->key_len = from->key_len;
	to->payload = from->payload ? sim_world_copy(from->payload, from->payload_len) : NULL;
	to->payload_len = from->payload_len;
}

void sim_topic_read(struct sim_message *m)
{
	struct order_event *event;
	struct error ignored;
	const char *name;
	size_t len;
	bool has_type = message_header_text(&m->plain, "type", &name, &len);

	m->ours = !has_type || event_order_type(name, len, &m->type);
	if (!has_type || !m->ours ||
	    event_decode(m->type, m->plain.payload, m->plain.payload_len, &event, &ignored) !=
		    ST_OK)
		return;
	m->readable = true;
	m->order_id = event->order_id;
	m->version = event->version;
	m->content = event_content(event);
	free(event);
}

struct sim_message *sim_topic_append(struct sim_topic *t, int32_t partition,
				     const struct message *message, uint64_t transaction)
{
	struct sim_message *m = next_place(t, partition);

	sim_topic_copy(&m->plain, message);
	sim_topic_read(m);
	m->transaction = transaction;
	m->open = transaction != 0;
	t->partitions[partition].open += m->open;
	if (!transaction)
		sim_judge_outbox_appended(m);
	sim_kafka_appended(t, m);
	return m;
}

void sim_topic_append_hole(struct sim_topic *t, int32_t partition)
{
	struct sim_message *m = next_place(t, partition);

	m->hole = true;
	sim_kafka_appended(t, m);
}

/* --- transactions -------------------------------------------------------------------------- */

void sim_topic_each(const struct sim_topic *t, int32_t partition, uint64_t transaction,
		    void (*look)(const struct sim_message *))
{
	const struct sim_partition *p = &t->partitions[partition];

	for (int64_t i = sim_topic_stable_end(p); i < p->count; i++) {
		if (p->messages[i].transaction == transaction)
			look(&p->messages[i]);
	}
}

void sim_topic_end_transaction(struct sim_topic *t, int32_t partition, uint64_t transaction,
			       bool commits)
{
	struct sim_partition *p = &t->partitions[partition];

	for (int64_t i = sim_topic_stable_end(p); i < p->count; i++) {
		struct sim_message *m = &p->messages[i];

		if (m->transaction != transaction || !m->open)
			continue;
		m->open = false;
		m->aborted = !commits;
		p->open--;
	}
	sim_topic_append_hole(t, partition);
}

int64_t sim_topic_stable_end(const struct sim_partition *p)
{
	int64_t end = p->count;

	for (int64_t left = p->open; left > 0 && end > 0;)
		left -= p->messages[--end].open;
	return end;
}
