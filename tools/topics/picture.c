#include "tools/topics/picture.h"

#include <stdbool.h>

#define TITLE_COLUMNS  14
#define BROKER_COLUMNS 11
#define BROKERS_MAX    5

struct brokers {
	int32_t ids[BROKERS_MAX]; /* ascending */
	int count;
};

static bool has(const int32_t *ids, int count, int32_t id)
{
	for (int i = 0; i < count; i++) {
		if (ids[i] == id)
			return true;
	}
	return false;
}

/* False: there is no room for one more. */
static bool add(struct brokers *b, int32_t id)
{
	int at = b->count;

	if (has(b->ids, b->count, id))
		return true;
	if (b->count == BROKERS_MAX)
		return false;
	for (; at > 0 && b->ids[at - 1] > id; at--)
		b->ids[at] = b->ids[at - 1];
	b->ids[at] = id;
	b->count++;
	return true;
}

static bool find_brokers(struct brokers *b, const struct rd_kafka_metadata_topic *topic)
{
	for (int i = 0; i < topic->partition_cnt; i++) {
		const struct rd_kafka_metadata_partition *p = &topic->partitions[i];

		for (int r = 0; r < p->replica_cnt; r++) {
			if (!add(b, p->replicas[r]))
				return false;
		}
	}
	return true;
}

static const char *role(const struct rd_kafka_metadata_partition *p, int32_t broker)
{
	if (!has(p->replicas, p->replica_cnt, broker))
		return "";
	if (p->leader == broker)
		return "leader";
	return has(p->isrs, p->isr_cnt, broker) ? "follower" : "behind";
}

/* A cell of so many columns; the blanks behind it come with the next one that has a text. */
static void put(FILE *out, const char *text, int columns, int *blanks)
{
	if (text[0]) {
		int len = fprintf(out, "%*s%s", *blanks, "", text) - *blanks;

		*blanks = columns - len;
	} else {
		*blanks += columns;
	}
}

static void put_number(FILE *out, const char *what, int32_t number, int columns, int *blanks)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%s %d", what, number);
	put(out, text, columns, blanks);
}

void picture_show(FILE *out, const struct rd_kafka_metadata_topic *topic)
{
	struct brokers b = { .count = 0 };
	int blanks = TITLE_COLUMNS;

	if (!find_brokers(&b, topic) || b.count < 2)
		return;
	(void)fputc('\n', out);
	for (int i = 0; i < b.count; i++)
		put_number(out, "broker", b.ids[i], BROKER_COLUMNS, &blanks);
	for (int i = 0; i < topic->partition_cnt; i++) {
		(void)fputc('\n', out);
		blanks = 0;
		put_number(out, "partition", topic->partitions[i].id, TITLE_COLUMNS, &blanks);
		for (int r = 0; r < b.count; r++)
			put(out, role(&topic->partitions[i], b.ids[r]), BROKER_COLUMNS, &blanks);
	}
	(void)fputc('\n', out);
}
