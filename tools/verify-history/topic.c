#include "tools/verify-history/topic.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/kafka/kafka_conf.h"
#include "common/kafka/kafka_message.h"
#include "common/runtime/clock.h"

#define ANSWER_MS 10000 /* the broker's time for an answer */
#define STALL_MS  30000 /* without any message, the read fails */
#define BATCH     1000

struct topic {
	rd_kafka_t *rk;
	rd_kafka_topic_t *handle;
	const struct kafka_settings *settings;
};

enum status topic_open(struct topic **out, const struct kafka_settings *settings, struct error *err)
{
	/* Memory is for the history, but a full queue makes librdkafka 2.0 pause for up to a
	 * second. */
	/* clang-format off */
	static const char *const pairs[] = {
		"enable.partition.eof", "true",
		"check.crcs", "true",
		"queued.min.messages", "100000",
		"queued.max.messages.kbytes", "65536",
		"auto.offset.reset", "error",
		NULL,
	};
	/* clang-format on */
	struct topic *topic = calloc(1, sizeof(*topic));
	rd_kafka_conf_t *conf = NULL;
	char why[200];

	if (!topic)
		return error_set(err, ST_INTERNAL, "out of memory");
	topic->settings = settings;
	if (kafka_conf(&conf, settings, pairs, err) != ST_OK) {
		topic_close(topic);
		return err->status;
	}
	topic->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	if (!topic->rk) {
		rd_kafka_conf_destroy(conf);
		topic_close(topic);
		return error_set(err, ST_INVALID, "Kafka consumer: %s", why);
	}
	topic->handle = rd_kafka_topic_new(topic->rk, settings->topic, NULL);
	*out = topic;
	return ST_OK;
}

void topic_close(struct topic *topic)
{
	if (!topic)
		return;
	if (topic->handle)
		rd_kafka_topic_destroy(topic->handle);
	if (topic->rk)
		rd_kafka_destroy(topic->rk);
	free(topic);
}

const char *topic_name(const struct topic *topic)
{
	return topic->settings->topic;
}

static enum status set_kafka_error(struct error *err, const struct topic *topic,
				   rd_kafka_resp_err_t code)
{
	return error_set(err, ST_UNAVAILABLE, "Kafka at %s: %s", topic->settings->bootstrap_servers,
			 rd_kafka_err2str(code));
}

static enum status count_partitions(struct topic *topic, int32_t *count, struct error *err)
{
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_resp_err_t code =
		rd_kafka_metadata(topic->rk, 0, topic->handle, &metadata, ANSWER_MS);

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

static enum status refuse_cut(const struct topic *topic, int32_t partition, int64_t low,
			      struct error *err)
{
	return error_set(err, ST_CONFLICT,
			 "topic %s, partition %d begins at offset %" PRId64
			 ": what was before is gone, so its history cannot be judged",
			 topic->settings->topic, (int)partition, low);
}

enum status topic_find_ends(struct topic *topic, struct topic_ends *ends, struct error *err)
{
	rd_kafka_resp_err_t code;
	int64_t low, *next_offset;
	int32_t count = 0;

	if (count_partitions(topic, &count, err) != ST_OK)
		return err->status;
	next_offset = calloc((size_t)count + 1, sizeof(*next_offset));
	if (!next_offset)
		return error_set(err, ST_INTERNAL, "out of memory");
	for (int32_t p = 0; p < count; p++) {
		code = rd_kafka_query_watermark_offsets(topic->rk, topic->settings->topic, p, &low,
							&next_offset[p], ANSWER_MS);
		if (!code && low == 0)
			continue;
		free(next_offset);
		return code ? set_kafka_error(err, topic, code) : refuse_cut(topic, p, low, err);
	}
	*ends = (struct topic_ends){ .count = count, .next_offset = next_offset };
	return ST_OK;
}

/* --- reading ------------------------------------------------------------------------------- */

struct reading {
	const struct topic *topic;
	int64_t end;
	bool done;
	topic_take *take;
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

	if (rd_kafka_consume_start(r->topic->handle, partition, 0) != 0)
		return set_kafka_error(r->err, r->topic, rd_kafka_last_error());
	while (st == ST_OK && !r->done) {
		ssize_t n = rd_kafka_consume_batch(r->topic->handle, partition, 100, batch, BATCH);

		if (n > 0)
			deadline = clock_mono_ms() + STALL_MS;
		else if (clock_mono_ms() > deadline)
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
enum status topic_read(struct topic *topic, const struct topic_ends *ends, topic_take *take,
		       void *context, struct error *err)
{
	enum status st = ST_OK;

	for (int32_t p = 0; st == ST_OK && p < ends->count; p++) {
		struct reading r = { .topic = topic,
				     .end = ends->next_offset[p],
				     .done = ends->next_offset[p] == 0,
				     .take = take,
				     .context = context,
				     .err = err };

		if (!r.done)
			st = read_partition(&r, p);
		kafka_message_fini(&r.message);
	}
	return st;
}
