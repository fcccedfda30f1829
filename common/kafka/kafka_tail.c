#include "common/kafka/kafka_tail.h"

#include <stdlib.h>
#include <string.h>

#include "common/kafka/kafka_conf.h"
#include "common/kafka/kafka_message.h"
#include "common/kafka/kafka_metadata.h"
#include "common/kafka/kafka_workarounds.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"

#define METADATA_MS 1000 /* new partitions are looked for so often */
#define ANSWER_MS   500

struct kafka_tail {
	struct kafka_settings settings;
	int64_t last;
	rd_kafka_t *rk;
	rd_kafka_message_t *raw; /* what message was read from; NULL: none */
	struct kafka_message message;
	int32_t partitions; /* that are read */
	int64_t *ends;      /* owned; of those */
	int64_t next_metadata_mono_ms, asked_mono_ms;
	bool up;
};

/* --- partitions ---------------------------------------------------------------------------- */

static bool keep_ends(struct kafka_tail *t, int32_t count)
{
	int64_t *ends = realloc(t->ends, (size_t)count * sizeof(*ends));

	if (!ends)
		return false;
	memset(ends + t->partitions, 0, (size_t)(count - t->partitions) * sizeof(*ends));
	t->ends = ends;
	return true;
}

/* Partitions up to count are read. Without memory they are at the next look. */
static void read_partitions(struct kafka_tail *t, int32_t count)
{
	rd_kafka_topic_partition_list_t *added =
		rd_kafka_topic_partition_list_new(count - t->partitions);
	rd_kafka_error_t *error;

	for (int32_t p = t->partitions; p < count; p++)
		rd_kafka_topic_partition_list_add(added, t->settings.topic, p)->offset =
			t->last < 0 ? RD_KAFKA_OFFSET_BEGINNING : RD_KAFKA_OFFSET_TAIL(t->last);
	error = keep_ends(t, count) ? rd_kafka_incremental_assign(t->rk, added)
				    : rd_kafka_error_new(RD_KAFKA_RESP_ERR__FAIL, "out of memory");
	if (error) {
		log_warn("kafka", "cannot read partitions", "error=%s",
			 LOG_QUOTE(rd_kafka_error_string(error)));
		rd_kafka_error_destroy(error);
	} else {
		t->partitions = count;
	}
	rd_kafka_topic_partition_list_destroy(added);
}

/* The topic was re-created. */
static void start_over(struct kafka_tail *t)
{
	(void)rd_kafka_assign(t->rk, NULL);
	t->partitions = 0;
}

static void look_for_partitions(struct kafka_tail *t)
{
	int64_t asked_mono_ms = clock_mono_ms();
	int32_t count = kafka_metadata_partitions(t->rk, t->settings.topic, ANSWER_MS);

	t->up = count >= 0;
	if (!t->up)
		return;
	t->asked_mono_ms = asked_mono_ms;
	if (count < t->partitions)
		start_over(t);
	if (count > t->partitions)
		read_partitions(t, count);
}

/* --- messages ------------------------------------------------------------------------------ */

static void drop_message(struct kafka_tail *t)
{
	if (t->raw)
		rd_kafka_message_destroy(t->raw);
	t->raw = NULL;
}

const struct message *kafka_tail_next(struct kafka_tail *t, int timeout_ms)
{
	drop_message(t);
	if (clock_mono_ms() >= t->next_metadata_mono_ms) {
		look_for_partitions(t);
		t->next_metadata_mono_ms = clock_mono_ms() + METADATA_MS;
	}
	t->raw = rd_kafka_consumer_poll(t->rk, timeout_ms);
	if (!t->raw || t->raw->err || !kafka_message_read(&t->message, t->raw))
		return NULL;
	if (t->raw->partition < t->partitions)
		t->ends[t->raw->partition] = t->raw->offset + 1;
	return &t->message.plain;
}

bool kafka_tail_up(const struct kafka_tail *t)
{
	return t->up;
}

int32_t kafka_tail_partitions(const struct kafka_tail *t)
{
	return t->partitions;
}

int64_t kafka_tail_asked_mono_ms(const struct kafka_tail *t)
{
	return t->asked_mono_ms;
}

int64_t kafka_tail_end(struct kafka_tail *t, int32_t partition)
{
	int64_t low, high = 0;

	if (rd_kafka_get_watermark_offsets(t->rk, t->settings.topic, partition, &low, &high) != 0)
		high = 0;
	return high > t->ends[partition] ? high : t->ends[partition];
}

/* --- open and close ------------------------------------------------------------------------ */

static enum status open_consumer(struct kafka_tail *t, struct error *err)
{
	/* clang-format off */
	static const char *const pairs[] = {
		"group.id", "tail", /* assigned by hand: it is never joined */
		"enable.auto.commit", "false",
		"enable.auto.offset.store", "false",
		"auto.offset.reset", "earliest",
		"queued.max.messages.kbytes", "2048",
		/* Under load a broker would answer for each batch that a producer brings. */
		"fetch.min.bytes", "1000000",
		"fetch.wait.max.ms", "50",
		NULL,
	};
	/* clang-format on */
	rd_kafka_conf_t *conf = NULL;

	if (kafka_conf(&conf, &t->settings, pairs, kafka_fixed_reader, err) != ST_OK ||
	    kafka_conf_client(&t->rk, RD_KAFKA_CONSUMER, conf, err) != ST_OK)
		return err->status;
	(void)rd_kafka_poll_set_consumer(t->rk);
	return ST_OK;
}

enum status kafka_tail_open(struct kafka_tail **out, const struct kafka_settings *settings,
			    int64_t last, struct error *err)
{
	struct kafka_tail *t = calloc(1, sizeof(*t));

	if (!t)
		return error_set(err, ST_INTERNAL, "out of memory");
	t->settings = *settings;
	t->last = last;
	if (open_consumer(t, err) != ST_OK) {
		kafka_tail_close(t);
		return err->status;
	}
	*out = t;
	return ST_OK;
}

void kafka_tail_close(struct kafka_tail *t)
{
	if (!t)
		return;
	drop_message(t);
	if (t->rk)
		(void)kafka_workarounds_destroy(t->rk);
	kafka_message_fini(&t->message);
	free(t->ends);
	free(t);
}
