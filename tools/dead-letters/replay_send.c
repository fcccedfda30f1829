#include "tools/dead-letters/replay_send.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/event/contract.h"
#include "common/kafka/kafka_idempotent.h"
#include "common/runtime/clock.h"

#define REPORT_MAX_MS 30000
#define ANSWER_MS     10000

#define EXCEPTION_PREFIX "x-exception-"
#define REPLAYED_FROM    "x-replayed-from"

struct report {
	bool done;
	rd_kafka_resp_err_t code;
	struct topic_offset at;
};

struct replay_send {
	rd_kafka_t *producer;
	_Atomic uint32_t turn; /* the producer's */
	struct report report;  /* of the one letter under way */
	/* The topic asked for last, and how many partitions it has: */
	char known_topic[256];
	int32_t known_count;
};

/* Runs on the owner's thread, inside rd_kafka_flush. */
static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	struct replay_send *s = opaque;

	(void)rk;
	s->report = (struct report){ true, message->err, { message->partition, message->offset } };
}

enum status replay_send_open(struct replay_send **out, const struct kafka_settings *settings,
			     struct error *err)
{
	struct replay_send *s = calloc(1, sizeof(*s));

	if (!s)
		return error_set(err, ST_INTERNAL, "out of memory");
	if (kafka_idempotent_new(&s->producer, settings, on_report, s, &s->turn, err) != ST_OK) {
		free(s);
		return err->status;
	}
	*out = s;
	return ST_OK;
}

void replay_send_close(struct replay_send *s)
{
	if (!s)
		return;
	rd_kafka_destroy(s->producer);
	free(s);
}

/* --- what is refused ----------------------------------------------------------------------- */

/* Codes that come again for this letter however often it is sent; the next may be taken. */
static bool is_refusal(rd_kafka_resp_err_t code)
{
	switch (code) {
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_INVALID_MSG:
	case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
	case RD_KAFKA_RESP_ERR_INVALID_RECORD:
	case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
	case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
	case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
	case RD_KAFKA_RESP_ERR__INVALID_ARG:
		return true;
	default:
		return false;
	}
}

static enum status set_code(struct error *err, const char *topic, rd_kafka_resp_err_t code)
{
	return error_set(err, is_refusal(code) ? ST_CONFLICT : ST_UNAVAILABLE, "topic %s: %s",
			 topic, rd_kafka_err2str(code));
}

static enum status count_partitions(struct replay_send *s, const char *name, int32_t *count,
				    struct error *err)
{
	rd_kafka_topic_t *topic = rd_kafka_topic_new(s->producer, name, NULL);
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_resp_err_t code;

	if (!topic)
		return error_set(err, ST_CONFLICT, "'%s' is no topic's name", name);
	code = rd_kafka_metadata(s->producer, 0, topic, &metadata, ANSWER_MS);
	if (!code) {
		code = metadata->topic_cnt == 1 ? metadata->topics[0].err
						: RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
		*count = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
		rd_kafka_metadata_destroy(metadata);
	}
	rd_kafka_topic_destroy(topic);
	return code ? set_code(err, name, code) : ST_OK;
}

/* Else librdkafka would wait half a minute for a topic or a partition to be made. */
static enum status require_partition(struct replay_send *s, const char *topic, int32_t partition,
				     struct error *err)
{
	if (strcmp(s->known_topic, topic) != 0) {
		if (count_partitions(s, topic, &s->known_count, err) != ST_OK)
			return err->status;
		(void)snprintf(s->known_topic, sizeof(s->known_topic), "%s", topic);
	}
	if (partition >= s->known_count)
		return error_set(err, ST_CONFLICT,
				 "it has no key and came from partition %" PRId32
				 ", but topic %s has only %" PRId32,
				 partition, topic, s->known_count);
	return ST_OK;
}

/* --- sending ------------------------------------------------------------------------------- */

/* reason NULL: none. Returns owned. */
static rd_kafka_headers_t *headers_of(const struct message *letter, const char *reason)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_new(letter->header_count + 2);
	char number[48];

	for (size_t i = 0; i < letter->header_count; i++) {
		const struct message_header *h = &letter->headers[i];

		if (strncmp(h->name, EXCEPTION_PREFIX, strlen(EXCEPTION_PREFIX)) != 0 &&
		    strcmp(h->name, REPLAYED_FROM) != 0)
			(void)rd_kafka_header_add(headers, h->name, -1, h->value, (ssize_t)h->len);
	}
	if (reason)
		(void)rd_kafka_header_add(headers, CONTRACT_EXCEPTION_MESSAGE, -1, reason, -1);
	(void)snprintf(number, sizeof(number), "%" PRId32 ":%" PRId64, letter->at.partition,
		       letter->at.offset);
	(void)rd_kafka_header_add(headers, REPLAYED_FROM, -1, number, -1);
	return headers;
}

static enum status await_report(struct replay_send *s, const char *topic, struct error *err)
{
	int64_t end = clock_mono_ms() + REPORT_MAX_MS;

	while (!s->report.done && clock_mono_ms() < end)
		(void)rd_kafka_flush(s->producer, 100);
	if (!s->report.done) {
		(void)rd_kafka_purge(s->producer,
				     RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
		return error_set(err, ST_UNAVAILABLE,
				 "no acknowledgement within %d s (it may have arrived: sending it "
				 "again has no second effect)",
				 REPORT_MAX_MS / 1000);
	}
	return s->report.code ? set_code(err, topic, s->report.code) : ST_OK;
}

/* Takes headers. */
static enum status send_message(struct replay_send *s, const struct message *m, const char *topic,
				int32_t partition, rd_kafka_headers_t *headers,
				struct topic_offset *at, struct error *err)
{
	rd_kafka_resp_err_t code;

	s->report = (struct report){ .done = false };
	code = rd_kafka_producev(s->producer, RD_KAFKA_V_TOPIC(topic),
				 RD_KAFKA_V_PARTITION(partition),
				 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
				 RD_KAFKA_V_KEY(m->key, m->key_len),
				 RD_KAFKA_V_VALUE((void *)m->payload, m->payload_len),
				 RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
	if (code) {
		rd_kafka_headers_destroy(headers);
		return set_code(err, topic, code);
	}
	if (await_report(s, topic, err) != ST_OK)
		return err->status;
	*at = s->report.at;
	return ST_OK;
}

enum status replay_send_letter(struct replay_send *s, const struct message *letter,
			       const char *topic, int32_t partition, struct topic_offset *at,
			       struct error *err)
{
	/* -1 is RD_KAFKA_PARTITION_UA. */
	int32_t chosen = letter->key ? RD_KAFKA_PARTITION_UA : partition;

	if (strcmp(topic, CONTRACT_DEAD_LETTER_TOPIC) == 0)
		return error_set(err, ST_CONFLICT, "it says that it came from %s itself", topic);
	if (require_partition(s, topic, chosen, err) != ST_OK)
		return err->status;
	return send_message(s, letter, topic, chosen, headers_of(letter, NULL), at, err);
}

enum status replay_send_back(struct replay_send *s, const struct message *letter,
			     const char *reason, struct topic_offset *at, struct error *err)
{
	return send_message(s, letter, CONTRACT_DEAD_LETTER_TOPIC, RD_KAFKA_PARTITION_UA,
			    headers_of(letter, reason), at, err);
}
