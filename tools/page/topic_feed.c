#include "tools/page/topic_feed.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/kafka/kafka_conf.h"
#include "common/kafka/kafka_message.h"
#include "common/kafka/kafka_workarounds.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"

#define PERIOD_MS      100  /* a mail of messages at most so often */
#define METADATA_MS    1000 /* new partitions are looked for so often */
#define ANSWER_MS      500
#define MESSAGES_MAX   40 /* of one mail; the rest is counted */
#define PARTITIONS_MAX 64 /* that are shown */
#define TEXT_MAX       200

struct topic_feed {
	struct kafka_settings settings;
	struct mailbox *box;
	rd_kafka_t *rk;
	struct kafka_workarounds end;
	struct kafka_message message;
	int32_t partitions; /* that are read */
	int64_t ends[PARTITIONS_MAX];
	json_t *messages; /* of the next mail */
	int64_t more, next_mail_mono_ms, next_metadata_mono_ms;
	bool up, news;
	pthread_t thread;
	bool started;
	_Atomic bool stopping;
};

/* --- a message ----------------------------------------------------------------------------- */

static json_t *text_of(const void *text, size_t len)
{
	json_t *json = text ? json_stringn(text, len < TEXT_MAX ? len : TEXT_MAX) : NULL;

	return json ? json : json_null(); /* it need not be UTF-8 */
}

/* The event's own fields, as they stand in the payload. */
static void add_fields(json_t *to, const struct message *m)
{
	json_t *event = m->payload ? json_loadb(m->payload, m->payload_len, 0, NULL) : NULL;
	json_t *order = json_object_get(event, "orderId");

	(void)json_object_set(to, "order", order ? order : json_object_get(event, "id"));
	(void)json_object_set(to, "version", json_object_get(event, "version"));
	json_decref(event);
}

static json_t *to_json(const struct message *m)
{
	const char *type;
	size_t len;
	json_t *json = json_pack("{s:i, s:I, s:I, s:o}", "partition", (int)m->at.partition,
				 "offset", (json_int_t)m->at.offset, "time",
				 (json_int_t)m->timestamp_ms, "key", text_of(m->key, m->key_len));

	if (json && message_header_text(m, "type", &type, &len))
		(void)json_object_set_new(json, "type", text_of(type, len));
	if (json)
		add_fields(json, m);
	return json;
}

static void take(struct topic_feed *f, const rd_kafka_message_t *m)
{
	if (m->err || !kafka_message_read(&f->message, m))
		return;
	if (m->partition < PARTITIONS_MAX)
		f->ends[m->partition] = m->offset + 1;
	f->news = true;
	if (json_array_size(f->messages) >= MESSAGES_MAX)
		f->more++;
	else
		(void)json_array_append_new(f->messages, to_json(&f->message.plain));
}

/* --- partitions ---------------------------------------------------------------------------- */

/* Partitions up to count are read, those that are new from near their end. */
static void read_partitions(struct topic_feed *f, int32_t count)
{
	rd_kafka_topic_partition_list_t *added = rd_kafka_topic_partition_list_new(
		count > f->partitions ? count - f->partitions : 1);
	rd_kafka_error_t *error;

	for (int32_t p = f->partitions; p < count; p++)
		rd_kafka_topic_partition_list_add(added, f->settings.topic, p)->offset =
			RD_KAFKA_OFFSET_TAIL(TOPIC_FEED_TAIL);
	error = rd_kafka_incremental_assign(f->rk, added);
	if (error) {
		log_warn("page", "cannot read partitions", "error=%s",
			 LOG_QUOTE(rd_kafka_error_string(error)));
		rd_kafka_error_destroy(error);
	} else {
		f->partitions = count;
	}
	rd_kafka_topic_partition_list_destroy(added);
}

/* The topic was made anew. */
static void start_over(struct topic_feed *f)
{
	(void)rd_kafka_assign(f->rk, NULL);
	f->partitions = 0;
	memset(f->ends, 0, sizeof(f->ends));
}

/* How many partitions the topic has; -1: the broker does not say. */
static int32_t count_partitions(struct topic_feed *f)
{
	rd_kafka_topic_t *topic = rd_kafka_topic_new(f->rk, f->settings.topic, NULL);
	const struct rd_kafka_metadata *metadata = NULL;
	int32_t count = -1;

	if (topic && rd_kafka_metadata(f->rk, 0, topic, &metadata, ANSWER_MS) == 0) {
		count = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
		rd_kafka_metadata_destroy(metadata);
	}
	if (topic)
		rd_kafka_topic_destroy(topic);
	return count < PARTITIONS_MAX ? count : PARTITIONS_MAX;
}

static void look_for_partitions(struct topic_feed *f)
{
	int32_t count = count_partitions(f);
	bool up = count >= 0;

	if (!up)
		count = f->partitions;
	f->news |= up != f->up || count != f->partitions;
	f->up = up;
	if (count < f->partitions)
		start_over(f);
	if (count > f->partitions)
		read_partitions(f, count);
}

/* The end of a partition, also where nothing of it came: at least what we have read. */
static int64_t end_of(struct topic_feed *f, int32_t partition)
{
	int64_t low, high = 0;

	if (rd_kafka_get_watermark_offsets(f->rk, f->settings.topic, partition, &low, &high) != 0)
		high = 0;
	return high > f->ends[partition] ? high : f->ends[partition];
}

/* --- the thread ---------------------------------------------------------------------------- */

static void send_mail(struct topic_feed *f)
{
	json_t *partitions = json_array();

	for (int32_t p = 0; p < f->partitions; p++)
		(void)json_array_append_new(partitions, json_pack("{s:i, s:I}", "partition", (int)p,
								  "end", (json_int_t)end_of(f, p)));
	(void)mailbox_put(f->box, MAIL_MESSAGES,
			  json_pack("{s:b, s:o, s:o, s:I}", "up", (int)f->up, "partitions",
				    partitions, "messages", f->messages, "more",
				    (json_int_t)f->more));
	f->messages = json_array();
	f->more = 0;
	f->news = false;
}

static void step(struct topic_feed *f)
{
	rd_kafka_message_t *m;

	if (clock_mono_ms() >= f->next_metadata_mono_ms) {
		look_for_partitions(f);
		f->next_metadata_mono_ms = clock_mono_ms() + METADATA_MS;
	}
	m = rd_kafka_consumer_poll(f->rk, PERIOD_MS / 2);
	if (m) {
		take(f, m);
		rd_kafka_message_destroy(m);
	}
	if (f->news && clock_mono_ms() >= f->next_mail_mono_ms) {
		send_mail(f);
		f->next_mail_mono_ms = clock_mono_ms() + PERIOD_MS;
	}
}

static void *thread_main(void *arg)
{
	struct topic_feed *f = arg;

	while (!atomic_load(&f->stopping))
		step(f);
	return NULL;
}

/* --- open and close ------------------------------------------------------------------------ */

static enum status open_consumer(struct topic_feed *f, struct error *err)
{
	/* clang-format off */
	static const char *const pairs[] = {
		"group.id", "page", /* assigned by hand: it is never joined */
		"enable.auto.commit", "false",
		"enable.auto.offset.store", "false",
		"auto.offset.reset", "earliest",
		"queued.max.messages.kbytes", "2048",
		"fetch.wait.max.ms", "50",
		NULL,
	};
	/* clang-format on */
	rd_kafka_conf_t *conf = NULL;

	if (kafka_conf(&conf, &f->settings, pairs, kafka_fixed_reader, err) != ST_OK ||
	    kafka_conf_client(&f->rk, RD_KAFKA_CONSUMER, conf, err) != ST_OK)
		return err->status;
	(void)rd_kafka_poll_set_consumer(f->rk);
	return ST_OK;
}

enum status topic_feed_open(struct topic_feed **out, const struct kafka_settings *settings,
			    struct mailbox *box, struct error *err)
{
	struct topic_feed *f = calloc(1, sizeof(*f));

	if (!f)
		return error_set(err, ST_INTERNAL, "out of memory");
	f->settings = *settings;
	f->box = box;
	f->messages = json_array();
	if (open_consumer(f, err) == ST_OK) {
		f->started = pthread_create(&f->thread, NULL, thread_main, f) == 0;
		if (!f->started)
			(void)error_set(err, ST_INTERNAL, "cannot start a thread");
	}
	if (!f->started) {
		topic_feed_close(f);
		return err->status;
	}
	*out = f;
	return ST_OK;
}

void topic_feed_close(struct topic_feed *f)
{
	if (!f)
		return;
	atomic_store(&f->stopping, true);
	if (f->started)
		(void)pthread_join(f->thread, NULL);
	f->end.rk = f->rk;
	atomic_store(&f->end.left, true); /* it never joined a group */
	/* Where the topic was made anew librdkafka 2.0.2 may wait for ever; its thread has f then.
	 */
	if (f->rk && !kafka_workarounds_destroy(&f->end))
		return;
	kafka_message_fini(&f->message);
	json_decref(f->messages);
	free(f);
}
