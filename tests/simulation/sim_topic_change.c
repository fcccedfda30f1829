#include "tests/simulation/sim_topic_change.h"

#include "tests/simulation/sim_judge_outbox.h"
#include "tests/simulation/sim_judge_place.h"
#include "tests/simulation/sim_kafka.h"
#include "tests/simulation/sim_server.h"
#include "tests/simulation/sim_world.h"

void sim_topic_grow(struct sim_topic *t, int32_t more)
{
	int32_t count = t->partition_count + more;

	sim_topic_partitions(t, count < SIM_PARTITIONS ? count : SIM_PARTITIONS);
}

/* --- retention ----------------------------------------------------------------------------- */

static int64_t visible_end(const struct sim_partition *p)
{
	int64_t end = sim_topic_stable_end(p);

	while (end > p->start && p->messages[end - 1].visible_us > sim_world_now_us())
		end--;
	return end;
}

static int64_t read_end(int32_t partition)
{
	const struct sim_table *t = &sim_server_database("delivery")->tables[T_POSITION];
	const struct sim_row *row = sim_table_find(t, partition, 0, 0);

	return row && row->committed ? row->committed->number[0] : 0;
}

void sim_topic_delete(struct sim_topic *t, int64_t per_mille, bool unread)
{
	for (int32_t i = 0; i < t->partition_count; i++) {
		struct sim_partition *p = &t->partitions[i];
		int64_t end = unread ? visible_end(p) : read_end(i);

		if (end > p->start)
			p->start += (end - p->start) * per_mille / 1000;
		sim_world_trace("topic", "%d begins at %lld", (int)i, (long long)p->start);
	}
}

/* --- a disk that was full ------------------------------------------------------------------ */

static void repeat_in(struct sim_partition *p, int64_t messages)
{
	int64_t first = p->twice_count > 0 ? p->twice[p->twice_count - 1].end : 1;

	if (p->count - messages > first)
		first = p->count - messages;
	if (p->twice_count == SIM_TWICE_MAX || first >= p->count)
		return;
	p->twice[p->twice_count].first = first;
	p->twice[p->twice_count++].end = p->count;
}

void sim_topic_repeat(struct sim_topic *t, int64_t messages)
{
	for (int32_t i = 0; i < t->partition_count; i++)
		repeat_in(&t->partitions[i], messages);
}

/* --- a topic that is re-created ------------------------------------------------------------ */

void sim_topic_recreate(struct sim_topic *t, int64_t away_until_us)
{
	t->away_until_us = away_until_us;
	for (int32_t i = 0; i < t->partition_count; i++) {
		struct sim_partition *p = &t->partitions[i];
		int64_t read = sim_kafka_take_read_end(i);

		for (int64_t offset = 0; offset < p->count; offset++) {
			if (p->messages[offset].open)
				sim_judge_outbox_gone(&p->messages[offset]);
		}
		sim_judge_place_recreated(i, read > read_end(i) ? read : read_end(i));
		*p = (struct sim_partition){ .old = p->messages, .old_count = p->count };
	}
}
