/*
 * The simulated common/kafka/kafka_state.h: the topic of the states is never compacted.
 */
#include "common/kafka/kafka_state.h"

#include <stdlib.h>
#include <string.h>

#include "tests/simulation/sim_node.h"
#include "tests/simulation/sim_topic.h"
#include "tests/simulation/sim_world.h"

#define ANSWER_MS 1000
#define READ_MS   30000
#define STEP_MS   20

static void pause_ms(int64_t ms)
{
	int64_t end_us = sim_world_now_us() + ms * SIM_MS;

	while (sim_world_now_us() < end_us)
		sim_node_sleep_until(end_us);
}

/* False: no answer. */
static bool ask(void)
{
	pause_ms(sim_random_between(sim_world_random(), 1, 10));
	if (!sim_node_kafka_is_cut(sim_node_current()))
		return true;
	pause_ms(ANSWER_MS);
	return false;
}

static enum status await_end(const struct kafka_state_source *s, const struct sim_partition *p,
			     int64_t end, struct error *err)
{
	int64_t end_us = sim_world_now_us() + READ_MS * SIM_MS;

	while (sim_topic_stable_end(p) < end || sim_node_kafka_is_cut(sim_node_current())) {
		if (!s->go_on(s->context))
			return error_set(err, ST_UNAVAILABLE, "the state is not read on");
		if (sim_world_now_us() >= end_us)
			return error_set(err, ST_UNAVAILABLE, "the states cannot be read");
		pause_ms(STEP_MS);
	}
	return ST_OK;
}

static char *find(const struct kafka_state_source *s, const struct sim_partition *p)
{
	size_t key_len = strlen(s->key);

	for (int64_t i = sim_topic_stable_end(p); i-- > 0;) {
		const struct sim_message *m = &p->messages[i];

		if (!m->hole && !m->aborted && m->plain.key_len == key_len &&
		    memcmp(m->plain.key, s->key, key_len) == 0)
			return sim_world_loan_of(m->plain.payload, m->plain.payload_len);
	}
	return NULL;
}

enum status kafka_state_read(const struct kafka_state_source *s, char **value, struct error *err)
{
	const struct sim_partition *p = &sim_topic_find(s->topic)->partitions[0];
	int64_t end;

	*value = NULL;
	if (!ask())
		return error_set(err, ST_UNAVAILABLE, "no answer");
	end = p->count;
	if (await_end(s, p, end, err) != ST_OK)
		return err->status;
	*value = find(s, p);
	return ST_OK;
}
