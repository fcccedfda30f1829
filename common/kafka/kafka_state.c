#include "common/kafka/kafka_state.h"

#include <stdlib.h>
#include <string.h>

#include "common/kafka/kafka_conf.h"
#include "common/kafka/kafka_metadata.h"
#include "common/kafka/kafka_workarounds.h"
#include "common/runtime/clock.h"

#define ANSWER_MS 1000
#define READ_MS   30000 /* the whole, at most */
#define STEP_MS   200

static enum status open_client(rd_kafka_t **out, const struct kafka_state_source *s,
			       const char *isolation, struct error *err)
{
	const char *const pairs[] = {
		"group.id",
		"state", /* assigned by hand: it is never joined */
		"isolation.level",
		isolation,
		"enable.auto.commit",
		"false",
		"enable.partition.eof",
		"true",
		"auto.offset.reset",
		"earliest",
		"check.crcs",
		"true",
		"fetch.wait.max.ms",
		"50",
		"socket.timeout.ms",
		"5000",
		NULL,
	};
	rd_kafka_conf_t *conf = NULL;

	if (kafka_conf(&conf, s->kafka, pairs, kafka_fixed_reader, err) != ST_OK)
		return err->status;
	return kafka_conf_client(out, RD_KAFKA_CONSUMER, conf, err);
}

static enum status no_answer(const struct kafka_state_source *s, rd_kafka_resp_err_t code,
			     struct error *err)
{
	return error_set(err, ST_UNAVAILABLE, "topic %s: %s", s->topic, rd_kafka_err2str(code));
}

static enum status go_on(const struct kafka_state_source *s, struct error *err)
{
	return s->go_on(s->context)
		       ? ST_OK
		       : error_set(err, ST_UNAVAILABLE, "topic %s is not read on", s->topic);
}

/* --- the topic ----------------------------------------------------------------------------- */

struct shape {
	int partitions, replicas; /* the least of a partition; 0: there is no such topic */
};

static enum status look(rd_kafka_t *rk, const struct kafka_state_source *s, const char *topic,
			struct shape *shape, struct error *err)
{
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_resp_err_t code = kafka_metadata(rk, topic, ANSWER_MS, &metadata);

	*shape = (struct shape){ 0 };
	if (code)
		return no_answer(s, code, err);
	if (metadata->topic_cnt == 1 && !metadata->topics[0].err)
		shape->partitions = metadata->topics[0].partition_cnt;
	for (int i = 0; i < shape->partitions; i++) {
		int replicas = metadata->topics[0].partitions[i].replica_cnt;

		if (i == 0 || replicas < shape->replicas)
			shape->replicas = replicas;
	}
	rd_kafka_metadata_destroy(metadata);
	return ST_OK;
}

static enum status check_shape(rd_kafka_t *rk, const struct kafka_state_source *s,
			       struct error *err)
{
	struct shape events, states;

	if (look(rk, s, s->topic, &states, err) != ST_OK ||
	    look(rk, s, s->kafka->topic, &events, err) != ST_OK)
		return err->status;
	if (states.partitions == 0)
		return error_set(err, ST_NOT_FOUND, "there is no topic %s", s->topic);
	if (states.partitions != 1)
		return error_set(err, ST_INVALID, "topic %s has %d partitions: it must have one",
				 s->topic, states.partitions);
	if (states.replicas < events.replicas)
		return error_set(err, ST_INVALID,
				 "topic %s has %d replicas: it must have %d, as topic %s has",
				 s->topic, states.replicas, events.replicas, s->kafka->topic);
	return go_on(s, err);
}

/* The value of the setting in the answer, cut to size; "" if it is not there. */
static void find_setting(rd_kafka_event_t *event, const char *name, char *value, size_t size)
{
	size_t topics = 0, count = 0;
	const rd_kafka_ConfigResource_t **resources = rd_kafka_DescribeConfigs_result_resources(
		rd_kafka_event_DescribeConfigs_result(event), &topics);
	const rd_kafka_ConfigEntry_t **entries =
		topics == 1 ? rd_kafka_ConfigResource_configs(resources[0], &count) : NULL;

	value[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		const char *text = rd_kafka_ConfigEntry_value(entries[i]);

		if (text && strcmp(rd_kafka_ConfigEntry_name(entries[i]), name) == 0)
			(void)strncat(value, text, size - 1);
	}
}

static enum status check_policy(rd_kafka_t *rk, const struct kafka_state_source *s,
				struct error *err)
{
	rd_kafka_ConfigResource_t *resource =
		rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, s->topic);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_event_t *event;
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
	char policy[40] = "";

	rd_kafka_DescribeConfigs(rk, &resource, 1, NULL, queue);
	event = rd_kafka_queue_poll(queue, 2 * ANSWER_MS);
	if (event && !(code = rd_kafka_event_error(event)))
		find_setting(event, "cleanup.policy", policy, sizeof(policy));
	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	rd_kafka_ConfigResource_destroy(resource);
	if (code)
		return no_answer(s, code, err);
	if (strcmp(policy, "compact") == 0)
		return go_on(s, err);
	return error_set(err, ST_INVALID, "topic %s has cleanup.policy=%s: it must be compact",
			 s->topic, policy);
}

/* Whether the topic is as it must be, and where it ends now, with what is not committed. */
static enum status look_at_topic(const struct kafka_state_source *s, int64_t *end,
				 struct error *err)
{
	rd_kafka_t *rk = NULL;
	int64_t low;
	rd_kafka_resp_err_t code;
	enum status st;

	if (open_client(&rk, s, "read_uncommitted", err) != ST_OK)
		return err->status;
	st = check_shape(rk, s, err);
	if (st == ST_OK)
		st = check_policy(rk, s, err);
	if (st == ST_OK) {
		code = rd_kafka_query_watermark_offsets(rk, s->topic, 0, &low, end, ANSWER_MS);
		st = code ? no_answer(s, code, err) : go_on(s, err);
	}
	(void)kafka_workarounds_destroy(rk);
	return st;
}

/* --- the states ---------------------------------------------------------------------------- */

/* Keeps a copy in *value if it is a state under the key. */
static bool take(const struct kafka_state_source *s, const rd_kafka_message_t *m, char **value)
{
	char *copy;

	if (m->key_len != strlen(s->key) || memcmp(m->key, s->key, m->key_len) != 0)
		return true;
	copy = malloc(m->len + 1);
	if (!copy)
		return false;
	if (m->len)
		memcpy(copy, m->payload, m->len);
	copy[m->len] = '\0';
	free(*value);
	*value = copy;
	return true;
}

/* Reads what is committed until its end is not before end. */
static enum status read_to(rd_kafka_t *rk, const struct kafka_state_source *s, int64_t end,
			   char **value, struct error *err)
{
	int64_t deadline = clock_mono_ms() + READ_MS, next = 0;

	while (next < end) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, STEP_MS);
		bool taken = true;

		if (m && !m->err)
			taken = take(s, m, value);
		if (m && !m->err)
			next = m->offset + 1;
		else if (m && m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF && m->offset > next)
			next = m->offset;
		if (m)
			rd_kafka_message_destroy(m);
		if (!taken)
			return error_set(err, ST_UNAVAILABLE, "out of memory");
		if (next < end && clock_mono_ms() >= deadline)
			return error_set(err, ST_UNAVAILABLE, "topic %s cannot be read to its end",
					 s->topic);
		if (go_on(s, err) != ST_OK)
			return err->status;
	}
	return ST_OK;
}

static enum status read_states(const struct kafka_state_source *s, int64_t end, char **value,
			       struct error *err)
{
	rd_kafka_topic_partition_list_t *list;
	rd_kafka_resp_err_t code;
	rd_kafka_t *rk = NULL;
	enum status st;

	if (open_client(&rk, s, "read_committed", err) != ST_OK)
		return err->status;
	(void)rd_kafka_poll_set_consumer(rk);
	list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(list, s->topic, 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
	code = rd_kafka_assign(rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	st = code ? no_answer(s, code, err) : read_to(rk, s, end, value, err);
	(void)rd_kafka_assign(rk, NULL);
	(void)kafka_workarounds_destroy(rk);
	return st;
}

enum status kafka_state_read(const struct kafka_state_source *s, char **value, struct error *err)
{
	int64_t end = 0;
	enum status st = look_at_topic(s, &end, err);

	*value = NULL;
	if (st == ST_OK && end > 0)
		st = read_states(s, end, value, err);
	if (st != ST_OK) {
		free(*value);
		*value = NULL;
	}
	return st;
}
