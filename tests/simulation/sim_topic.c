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

static void copy(struct message *to, const struct message *from)
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
				     const struct message *message)
{
	struct sim_message *m = next_place(t, partition);

	copy(&m->plain, message);
	sim_topic_read(m);
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
