#include "tools/verify-history/read_topic.h"

#include "tools/verify-history/topic_facts.h"

struct events {
	struct history *history;
	const char *topic;
	struct history_holes *holes; /* of the topic that is read */
	int32_t partition;           /* of the message before; -1: there was none */
};

/* The log's beginning in each partition. */
static void note_holes(struct events *events, const struct kafka_topic_ends *ends)
{
	for (int32_t p = 0; p < ends->count; p++) {
		if (ends->first_offset[p] > 0)
			history_add_hole(events->history, events->holes, p, ends->first_offset[p]);
	}
}

static void note_partition(struct events *events, const struct message *m)
{
	if (events->partition == m->at.partition)
		return;
	events->partition = m->at.partition;
	history_end_hole(events->holes, m->at.partition, m->timestamp_ms);
}

static void take_message(void *context, const struct message *m)
{
	struct events *events = context;

	note_partition(events, m);
	topic_facts_message(events->history, events->topic, m);
}

static void take_letter(void *context, const struct message *m)
{
	struct events *events = context;

	note_partition(events, m);
	topic_facts_letter(events->history, events->topic, m);
}

static enum status read_all(struct kafka_topic *topic, struct events *events,
			    kafka_topic_take *take, struct error *err)
{
	struct kafka_topic_ends ends;
	enum status st = kafka_topic_find_ends(topic, &ends, err);

	if (st != ST_OK)
		return st;
	note_holes(events, &ends);
	st = kafka_topic_read(topic, &ends, take, events, err);
	kafka_topic_ends_fini(&ends);
	return st;
}

enum status read_events(struct kafka_topic *topic, struct history *h, struct error *err)
{
	struct events events = { h, kafka_topic_name(topic), &h->holes, -1 };

	return read_all(topic, &events, take_message, err);
}

enum status read_dead_letters(struct kafka_topic *dead_letters, const char *topic,
			      struct history *h, struct error *err)
{
	struct events events = { h, topic, &h->letter_holes, -1 };
	enum status st = read_all(dead_letters, &events, take_letter, err);

	return st == ST_NOT_FOUND ? ST_OK : st;
}
