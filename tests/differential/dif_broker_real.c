/*
 * The real brokers: KAFKA_BOOTSTRAP_SERVERS.
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/runtime/clock.h"
#include "tests/differential/dif_broker.h"
#include "tests/differential/dif_world.h"

#define ANSWER_MS   30000
#define PATIENCE_MS 120000
#define NAMES       8

/* Two clients without a group: of one who reads committed, and of one who does not. */
static struct brokers {
	rd_kafka_t *committed, *all;
	char names[NAMES][80];
	int name_count;
	uint64_t seed;
} brokers;

const char *dif_broker_servers(void)
{
	const char *servers = getenv("KAFKA_BOOTSTRAP_SERVERS");

	return servers ? servers : "127.0.0.1:9092";
}

const char *dif_broker_name(const char *word)
{
	char *name = brokers.names[brokers.name_count++ % NAMES];

	(void)snprintf(name, sizeof(brokers.names[0]), "dif.%d.%.20s", (int)getpid(), word);
	return name;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char why[200];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) != RD_KAFKA_CONF_OK)
		dif_world_fail("%s", why);
}

static rd_kafka_t *open_client(const char *isolation, const char *group)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[200];
	rd_kafka_t *rk;

	set(conf, "bootstrap.servers", dif_broker_servers());
	set(conf, "isolation.level", isolation);
	set(conf, "group.id", group);
	set(conf, "log_level", "2");
	rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	if (!rk)
		dif_world_fail("%s", why);
	return rk;
}

void dif_broker_run(uint64_t seed, void (*body)(void *), void *argument)
{
	brokers.seed = seed;
	brokers.committed = open_client("read_committed", "dif.none");
	brokers.all = open_client("read_uncommitted", "dif.none");
	body(argument);
	rd_kafka_destroy(brokers.committed);
	rd_kafka_destroy(brokers.all);
}

/* --- topics -------------------------------------------------------------------------------- */

/* Also what rk knows of it. */
static int partitions_of(rd_kafka_t *rk, const char *topic)
{
	rd_kafka_topic_t *handle = rd_kafka_topic_new(rk, topic, NULL);
	const struct rd_kafka_metadata *metadata = NULL;
	int count = -1;

	if (rd_kafka_metadata(rk, 0, handle, &metadata, ANSWER_MS) == 0) {
		count = metadata->topics[0].err ? 0 : metadata->topics[0].partition_cnt;
		for (int i = 0; i < count; i++)
			count = metadata->topics[0].partitions[i].leader < 0 ? -1 : count;
		rd_kafka_metadata_destroy(metadata);
	}
	rd_kafka_topic_destroy(handle);
	return count;
}

static void await_partitions(const char *topic, int count)
{
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;

	while (partitions_of(brokers.all, topic) != count ||
	       partitions_of(brokers.committed, topic) != count) {
		if (clock_mono_ms() > end_ms)
			dif_world_fail("topic %s has not got its %d partitions", topic, count);
		clock_pause_ms(10);
	}
}

/* The answer's own error, where there is one. */
static rd_kafka_resp_err_t await_answer(rd_kafka_queue_t *queue)
{
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ANSWER_MS);
	const rd_kafka_topic_result_t **results = NULL;
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
	size_t count = 0;

	if (event && !(code = rd_kafka_event_error(event)) &&
	    rd_kafka_event_type(event) == RD_KAFKA_EVENT_CREATETOPICS_RESULT)
		results = rd_kafka_CreateTopics_result_topics(
			rd_kafka_event_CreateTopics_result(event), &count);
	if (count == 1)
		code = rd_kafka_topic_result_error(results[0]);
	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	return code;
}

static rd_kafka_resp_err_t create(const char *topic, int32_t partitions, bool compacted)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(brokers.all);
	char why[200];
	rd_kafka_NewTopic_t *made = rd_kafka_NewTopic_new(topic, partitions, 1, why, sizeof(why));

	(void)rd_kafka_NewTopic_set_config(made, "cleanup.policy",
					   compacted ? "compact" : "delete");
	rd_kafka_CreateTopics(brokers.all, &made, 1, NULL, queue);
	rd_kafka_NewTopic_destroy(made);
	return await_answer(queue);
}

void dif_broker_create(const char *topic, int32_t partitions, bool compacted)
{
	if (create(topic, partitions, compacted))
		dif_world_fail("topic %s cannot be made", topic);
	await_partitions(topic, partitions);
}

void dif_broker_recreate(const char *topic, int32_t partitions)
{
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;
	rd_kafka_queue_t *queue = rd_kafka_queue_new(brokers.all);
	rd_kafka_DeleteTopic_t *gone = rd_kafka_DeleteTopic_new(topic);

	rd_kafka_DeleteTopics(brokers.all, &gone, 1, NULL, queue);
	rd_kafka_DeleteTopic_destroy(gone);
	if (await_answer(queue))
		dif_world_fail("topic %s cannot be deleted", topic);
	await_partitions(topic, 0);
	while (create(topic, partitions, false)) {
		if (clock_mono_ms() > end_ms)
			dif_world_fail("topic %s cannot be re-created", topic);
		clock_pause_ms(50);
	}
	await_partitions(topic, partitions);
}

void dif_broker_add_partitions(const char *topic, int32_t count)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(brokers.all);
	char why[200];
	rd_kafka_NewPartitions_t *more =
		rd_kafka_NewPartitions_new(topic, (size_t)count, why, sizeof(why));

	rd_kafka_CreatePartitions(brokers.all, &more, 1, NULL, queue);
	rd_kafka_NewPartitions_destroy(more);
	if (await_answer(queue))
		dif_world_fail("no partitions are added to %s", topic);
	await_partitions(topic, count);
}

void dif_broker_delete_records(const char *topic, int32_t partition, int64_t before)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(brokers.all);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_DeleteRecords_t *cut;

	rd_kafka_topic_partition_list_add(list, topic, partition)->offset = before;
	cut = rd_kafka_DeleteRecords_new(list);
	rd_kafka_DeleteRecords(brokers.all, &cut, 1, NULL, queue);
	rd_kafka_DeleteRecords_destroy(cut);
	rd_kafka_topic_partition_list_destroy(list);
	if (await_answer(queue))
		dif_world_fail("records of %s cannot be deleted", topic);
}

/* --- offsets ------------------------------------------------------------------------------- */

static void ask(rd_kafka_t *rk, const char *topic, int32_t partition, int64_t *low, int64_t *high)
{
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;
	rd_kafka_resp_err_t code;

	while ((code = rd_kafka_query_watermark_offsets(rk, topic, partition, low, high,
							ANSWER_MS)) != 0) {
		if (clock_mono_ms() > end_ms)
			dif_world_fail("%s: %s", topic, rd_kafka_err2str(code));
	}
}

struct dif_ends dif_broker_ends(const char *topic, int32_t partition)
{
	struct dif_ends ends = { -1, -1, -1 };
	int64_t ignored;

	if (partitions_of(brokers.all, topic) <= partition)
		return ends;
	ask(brokers.all, topic, partition, &ends.start, &ends.end);
	ask(brokers.committed, topic, partition, &ignored, &ends.stable);
	return ends;
}

int64_t dif_broker_committed(const char *group, const char *topic, int32_t partition)
{
	static rd_kafka_t *rk;
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	int64_t offset;

	if (!rk)
		rk = open_client("read_committed", group);
	(void)rd_kafka_topic_partition_list_add(list, topic, partition);
	if (rd_kafka_committed(rk, list, ANSWER_MS))
		dif_world_fail("nobody says what is committed");
	offset = list->elems[0].offset;
	rd_kafka_topic_partition_list_destroy(list);
	return offset < 0 ? -1 : offset;
}
