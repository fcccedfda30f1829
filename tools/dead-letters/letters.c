#include "tools/dead-letters/letters.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/event/contract.h"
#include "common/kafka/kafka_conf.h"
#include "common/kafka/kafka_metadata.h"
#include "common/runtime/clock.h"
#include "tools/dead-letters/group.h"

#define ANSWER_MS 10000
#define BROKER_MS 5000 /* for the first answer: is there a broker at all? */

struct section {
	int64_t first, end, position;
	bool moved; /* the broker does not know the position yet */
};

struct letters {
	rd_kafka_t *rk;
	const char *only_topic; /* empty: all */
	struct section *sections;
	int32_t count;
	bool stuck; /* a commit is under way without an end */
	/* what is read: */
	int32_t partition;
	int64_t next;
};

static enum status unavailable(struct error *err, const char *doing, rd_kafka_resp_err_t code)
{
	return error_set(err, ST_UNAVAILABLE, "%s: %s", doing, rd_kafka_err2str(code));
}

static enum status open_client(struct letters *l, const struct kafka_settings *settings,
			       struct error *err)
{
	char group[sizeof(DEAD_LETTERS_GROUP) + 1 + TOPIC_NAME_MAX];
	/* clang-format off */
	const char *const pairs[] = {
		"group.id", group,
		"enable.auto.commit", "false",
		"enable.partition.eof", "true", /* behind the last letter there may be gaps */
		"auto.offset.reset", "earliest",
		"fetch.wait.max.ms", "20",
		NULL,
	};
	/* clang-format on */
	rd_kafka_conf_t *conf = NULL;

	(void)snprintf(group, sizeof(group), "%s%s%s", DEAD_LETTERS_GROUP,
		       settings->topic[0] ? "." : "", settings->topic);
	if (kafka_conf(&conf, settings, pairs, kafka_fixed_reader, err) != ST_OK ||
	    kafka_conf_client(&l->rk, RD_KAFKA_CONSUMER, conf, err) != ST_OK)
		return err->status;
	(void)rd_kafka_poll_set_consumer(l->rk);
	return ST_OK;
}

static enum status count_partitions(struct letters *l, const char *servers, struct error *err)
{
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_resp_err_t code =
		kafka_metadata(l->rk, CONTRACT_DEAD_LETTER_TOPIC, BROKER_MS, &metadata);

	if (code)
		return error_set(err, ST_UNAVAILABLE,
				 "no broker answers on %s (%s): make up, or set "
				 "KAFKA_BOOTSTRAP_SERVERS",
				 servers, rd_kafka_err2str(code));
	if (metadata->topic_cnt == 1 && !metadata->topics[0].err)
		l->count = metadata->topics[0].partition_cnt;
	rd_kafka_metadata_destroy(metadata);
	if (l->count == 0)
		return error_set(err, ST_NOT_FOUND,
				 "there is no topic " CONTRACT_DEAD_LETTER_TOPIC
				 " on %s: kafka/topics.sh create makes it",
				 servers);
	return ST_OK;
}

static rd_kafka_topic_partition_list_t *new_list(const struct letters *l)
{
	return rd_kafka_topic_partition_list_new(l->count);
}

static rd_kafka_topic_partition_t *add(rd_kafka_topic_partition_list_t *list, int32_t partition)
{
	return rd_kafka_topic_partition_list_add(list, CONTRACT_DEAD_LETTER_TOPIC, partition);
}

static enum status read_ends(struct letters *l, struct error *err)
{
	for (int32_t p = 0; p < l->count; p++) {
		struct section *s = &l->sections[p];
		rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
			l->rk, CONTRACT_DEAD_LETTER_TOPIC, p, &s->first, &s->end, ANSWER_MS);

		if (code)
			return unavailable(
				err, "asking for the ends of " CONTRACT_DEAD_LETTER_TOPIC, code);
	}
	return ST_OK;
}

/* A group that has never committed, or whose letters have expired, starts at the first letter. */
static enum status read_positions(struct letters *l, struct error *err)
{
	rd_kafka_topic_partition_list_t *list = new_list(l);
	rd_kafka_resp_err_t code;

	for (int32_t p = 0; p < l->count; p++)
		(void)add(list, p);
	code = group_committed(l->rk, list);
	for (int32_t p = 0; p < l->count; p++) {
		struct section *s = &l->sections[p];

		s->position = list->elems[p].offset > s->first ? list->elems[p].offset : s->first;
	}
	rd_kafka_topic_partition_list_destroy(list);
	return code ? unavailable(err, "asking for the position of group " DEAD_LETTERS_GROUP, code)
		    : ST_OK;
}

enum status letters_open(struct letters **out, const struct kafka_settings *settings,
			 struct error *err)
{
	struct letters *l = calloc(1, sizeof(*l));

	if (!l)
		return error_set(err, ST_INTERNAL, "out of memory");
	l->only_topic = settings->topic;
	if (open_client(l, settings, err) != ST_OK ||
	    count_partitions(l, settings->bootstrap_servers, err) != ST_OK)
		goto fail;
	l->sections = calloc((size_t)l->count, sizeof(*l->sections));
	if (!l->sections) {
		(void)error_set(err, ST_INTERNAL, "out of memory");
		goto fail;
	}
	if (read_ends(l, err) != ST_OK || read_positions(l, err) != ST_OK)
		goto fail;
	*out = l;
	return ST_OK;

fail:
	letters_close(l);
	return err->status;
}

void letters_close(struct letters *l)
{
	if (!l)
		return;
	/* It has joined no group, so there is none to leave; a leave would wait for the broker. So
	 * does librdkafka 2.0.2 with a commit under way: the rest ends with the process. */
	if (l->rk && !l->stuck)
		rd_kafka_destroy_flags(l->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	free(l->sections);
	free(l);
}

int32_t letters_partition_count(const struct letters *l)
{
	return l->count;
}

int64_t letters_first(const struct letters *l, int32_t partition)
{
	return l->sections[partition].first;
}

int64_t letters_end(const struct letters *l, int32_t partition)
{
	return l->sections[partition].end;
}

int64_t letters_position(const struct letters *l, int32_t partition)
{
	return l->sections[partition].position;
}

enum status letters_seek(struct letters *l, int32_t partition, int64_t offset, struct error *err)
{
	rd_kafka_topic_partition_list_t *list = new_list(l);
	rd_kafka_resp_err_t code;

	add(list, partition)->offset = offset;
	code = rd_kafka_assign(l->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	if (code)
		return unavailable(err, "reading " CONTRACT_DEAD_LETTER_TOPIC, code);
	l->partition = partition;
	l->next = offset;
	return ST_OK;
}

/* The next message of the topic, or the end of the partition as a message with that error. */
static enum status poll_message(struct letters *l, rd_kafka_message_t **out, struct error *err)
{
	int64_t end = clock_mono_ms() + ANSWER_MS;

	while (clock_mono_ms() < end) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(l->rk, 100);

		if (m && m->partition == l->partition &&
		    (!m->err || m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)) {
			*out = m;
			return ST_OK;
		}
		if (m)
			rd_kafka_message_destroy(m);
	}
	return error_set(err, ST_UNAVAILABLE,
			 "reading " CONTRACT_DEAD_LETTER_TOPIC ": the broker sent nothing for %d s",
			 ANSWER_MS / 1000);
}

enum status letters_next(struct letters *l, struct letter *out, struct error *err)
{
	const struct section *s = &l->sections[l->partition];

	*out = (struct letter){ .raw = NULL };
	while (l->next < s->end) {
		rd_kafka_message_t *m = NULL;

		if (poll_message(l, &m, err) != ST_OK)
			return err->status;
		assert(m);
		if (m->err || m->offset >= s->end) {
			l->next = s->end;
			rd_kafka_message_destroy(m);
			break;
		}
		l->next = m->offset + 1;
		if (!letter_init(out, m)) {
			letter_fini(out);
			return error_set(err, ST_UNAVAILABLE, "out of memory");
		}
		out->replayed = m->offset < s->position;
		if (!l->only_topic[0] || strcmp(l->only_topic, out->topic) == 0)
			break;
		letter_fini(out);
	}
	return ST_OK;
}

enum status letters_find(struct letters *l, const struct letter_number *number, struct letter *out,
			 struct error *err)
{
	int32_t partition = number->partition < 0 ? 0 : number->partition;

	if (number->partition < 0 && l->count > 1)
		return error_set(err, ST_INVALID,
				 CONTRACT_DEAD_LETTER_TOPIC " has %" PRId32
							    " partitions: LETTER=partition:offset",
				 l->count);
	*out = (struct letter){ .raw = NULL };
	if (partition < l->count && number->offset >= l->sections[partition].first &&
	    (letters_seek(l, partition, number->offset, err) != ST_OK ||
	     letters_next(l, out, err) != ST_OK))
		return err->status;
	if (out->raw && out->raw->offset == number->offset)
		return ST_OK;
	letter_fini(out);
	return error_set(err, ST_NOT_FOUND,
			 "there is no letter %" PRId64 ": make dead-letters lists them",
			 number->offset);
}

void letters_move(struct letters *l, int32_t partition, int64_t position)
{
	struct section *s = &l->sections[partition];

	s->moved = s->moved || s->position != position;
	s->position = position;
}

enum status letters_commit(struct letters *l, struct error *err)
{
	rd_kafka_topic_partition_list_t *list = new_list(l);
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

	for (int32_t p = 0; p < l->count; p++) {
		if (l->sections[p].moved)
			add(list, p)->offset = l->sections[p].position;
	}
	if (list->cnt > 0)
		code = group_commit(l->rk, list);
	l->stuck = code == RD_KAFKA_RESP_ERR__TIMED_OUT;
	rd_kafka_topic_partition_list_destroy(list);
	if (code)
		return unavailable(err, "remembering what was replayed", code);
	for (int32_t p = 0; p < l->count; p++)
		l->sections[p].moved = false;
	return ST_OK;
}
