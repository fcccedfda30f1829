#include "common/kafka/kafka_topic.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "common/kafka/kafka_conf.h"
#include "common/kafka/kafka_message.h"
#include "common/kafka/kafka_workarounds.h"
#include "common/runtime/clock.h"

#define ANSWER_MS 10000 /* the broker's time for an answer */
#define STALL_MS  30000 /* without any message, the read fails */
#define STEP_MS   500   /* of a wait, between two looks whether it was stopped */
#define PAUSE_MS  100   /* before a leader is asked for again */
#define BATCH     1000

struct kafka_topic {
	rd_kafka_t *rk;
	rd_kafka_topic_t *handle;
	const struct kafka_settings *settings;
	_Atomic bool stopped;
};

enum status kafka_topic_open(struct kafka_topic **out, const struct kafka_settings *settings,
			     enum kafka_isolation isolation, struct error *err)
{
	static const char *const names[] = { "read_committed", "read_uncommitted" };

	/* Memory is for the history, but a full queue makes librdkafka 2.0 pause for up to a
	 * second. */
	/* clang-format off */
	const char *const pairs[] = {
		"isolation.level", names[isolation],
		"enable.partition.eof", "true",
		"check.crcs", "true",
		"queued.min.messages", "100000",
		"queued.max.messages.kbytes", "65536",
		"auto.offset.reset", "error",
		NULL,
	};
	/* clang-format on */
	struct kafka_topic *topic = calloc(1, sizeof(*topic));
	rd_kafka_conf_t *conf = NULL;

	if (!topic)
		return error_set(err, ST_INTERNAL, "out of memory");
	topic->settings = settings;
	if (kafka_conf(&conf, settings, pairs, kafka_fixed_reader, err) != ST_OK ||
	    kafka_conf_client(&topic->rk, RD_KAFKA_CONSUMER, conf, err) != ST_OK) {
		kafka_topic_close(topic);
		return err->status;
	}
	topic->handle = rd_kafka_topic_new(topic->rk, settings->topic, NULL);
	*out = topic;
	return ST_OK;
}

void kafka_topic_close(struct kafka_topic *topic)
{
	if (!topic)
		return;
	if (topic->handle)
		rd_kafka_topic_destroy(topic->handle);
	if (topic->rk)
		(void)kafka_workarounds_destroy(topic->rk);
	free(topic);
}

const char *kafka_topic_name(const struct kafka_topic *topic)
{
	return topic->settings->topic;
}

static enum status set_kafka_error(struct error *err, const struct kafka_topic *topic,
				   rd_kafka_resp_err_t code)
{
	return error_set(err, ST_UNAVAILABLE, "Kafka at %s: %s", topic->settings->bootstrap_servers,
			 rd_kafka_err2str(code));
}

void kafka_topic_stop(struct kafka_topic *topic)
{
	atomic_store(&topic->stopped, true);
}

/* True if a call whose step has timed out, or which met a partition between two leaders, is to be
 * made again. */
static bool again(const struct kafka_topic *topic, rd_kafka_resp_err_t code, int64_t deadline)
{
	const bool timed_out = code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
			       code == RD_KAFKA_RESP_ERR__TRANSPORT;
	const bool no_leader = code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
			       code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
			       code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION;

	if ((!timed_out && !no_leader) || clock_mono_ms() >= deadline ||
	    atomic_load(&topic->stopped))
		return false;
	if (no_leader)
		clock_pause_ms(PAUSE_MS);
	return true;
}

void kafka_topic_ends_fini(struct kafka_topic_ends *ends)
{
	free(ends->first_offset);
	free(ends->next_offset);
}

static enum status count_partitions(struct kafka_topic *topic, int32_t *count, struct error *err)
{
	const struct rd_kafka_metadata *metadata = NULL;
	int64_t deadline = clock_mono_ms() + ANSWER_MS;
	rd_kafka_resp_err_t code;

	do
		code = rd_kafka_metadata(topic->rk, 0, topic->handle, &metadata, STEP_MS);
	while (again(topic, code, deadline));
	if (!code) {
		code = metadata->topic_cnt == 1 ? metadata->topics[0].err
						: RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
		*count = code ? 0 : metadata->topics[0].partition_cnt;
		rd_kafka_metadata_destroy(metadata);
	}
	if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		return error_set(err, ST_NOT_FOUND, "Kafka at %s has no topic %s",
				 topic->settings->bootstrap_servers, topic->settings->topic);
	return code ? set_kafka_error(err, topic, code) : ST_OK;
}

static rd_kafka_resp_err_t find_end(struct kafka_topic *topic, struct kafka_topic_ends *ends,
				    int32_t partition)
{
	int64_t deadline = clock_mono_ms() + ANSWER_MS;
	rd_kafka_resp_err_t code;

	do
		code = rd_kafka_query_watermark_offsets(topic->rk, topic->settings->topic,
							partition, &ends->first_offset[partition],
							&ends->next_offset[partition], STEP_MS);
	while (again(topic, code, deadline));
	return code;
}

enum status kafka_topic_find_ends(struct kafka_topic *topic, struct kafka_topic_ends *ends,
				  struct error *err)
{
	struct kafka_topic_ends found = { 0 };
	enum status st = ST_OK;

	if (count_partitions(topic, &found.count, err) != ST_OK)
		return err->status;
	found.first_offset = calloc((size_t)found.count + 1, sizeof(int64_t));
	found.next_offset = calloc((size_t)found.count + 1, sizeof(int64_t));
	if (!found.first_offset || !found.next_offset)
		st = error_set(err, ST_INTERNAL, "out of memory");
	for (int32_t p = 0; st == ST_OK && p < found.count; p++) {
		rd_kafka_resp_err_t code = find_end(topic, &found, p);

		if (code)
			st = set_kafka_error(err, topic, code);
	}
	if (st == ST_OK)
		*ends = found;
	else
		kafka_topic_ends_fini(&found);
	return st;
}

/* --- reading ------------------------------------------------------------------------------- */

struct reading {
	const struct kafka_topic *topic;
	int64_t begin, end;
	bool done;
	kafka_topic_take *take;
	void *context;
	struct kafka_message message; /* the one that is taken */
	struct error *err;
};

/* A message, or what librdkafka has to say about the partition. */
static enum status take_one(struct reading *r, const rd_kafka_message_t *m)
{
	r->done |= m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
	if (m->err && !r->done)
		return set_kafka_error(r->err, r->topic, m->err);
	if (m->err)
		return ST_OK;
	if (m->offset < r->end && !kafka_message_read(&r->message, m))
		return error_set(r->err, ST_UNAVAILABLE, "out of memory");
	if (m->offset < r->end)
		r->take(r->context, &r->message.plain);
	r->done |= m->offset + 1 >= r->end;
	return ST_OK;
}

static enum status read_partition(struct reading *r, int32_t partition)
{
	rd_kafka_message_t *batch[BATCH];
	int64_t deadline = clock_mono_ms() + STALL_MS;
	enum status st = ST_OK;

	if (rd_kafka_consume_start(r->topic->handle, partition, r->begin) != 0)
		return set_kafka_error(r->err, r->topic, rd_kafka_last_error());
	while (st == ST_OK && !r->done) {
		ssize_t n = rd_kafka_consume_batch(r->topic->handle, partition, 100, batch, BATCH);

		if (n > 0)
			deadline = clock_mono_ms() + STALL_MS;
		if (clock_mono_ms() > deadline || atomic_load(&r->topic->stopped))
			st = error_set(r->err, ST_UNAVAILABLE,
				       "Kafka at %s does not send the rest of topic %s",
				       r->topic->settings->bootstrap_servers,
				       r->topic->settings->topic);
		for (ssize_t i = 0; i < n; i++) {
			if (st == ST_OK)
				st = take_one(r, batch[i]);
			rd_kafka_message_destroy(batch[i]);
		}
	}
	(void)rd_kafka_consume_stop(r->topic->handle, partition);
	return st;
}

/* One partition after the other: librdkafka's queue is bounded for each of them. */
enum status kafka_topic_read(struct kafka_topic *topic, const struct kafka_topic_ends *ends,
			     kafka_topic_take *take, void *context, struct error *err)
{
	enum status st = ST_OK;

	for (int32_t p = 0; st == ST_OK && p < ends->count; p++) {
		struct reading r = { .topic = topic,
				     .begin = ends->first_offset[p],
				     .end = ends->next_offset[p],
				     .done = ends->next_offset[p] == ends->first_offset[p],
				     .take = take,
				     .context = context,
				     .err = err };

		if (!r.done)
			st = read_partition(&r, p);
		kafka_message_fini(&r.message);
	}
	return st;
}
