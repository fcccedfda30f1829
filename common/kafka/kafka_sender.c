#include "common/kafka/kafka_sender.h"

#include <stdlib.h>

#include "common/kafka/kafka_idempotent.h"
#include "common/kafka/kafka_message.h"
#include "common/kafka/kafka_metadata.h"
#include "common/kafka/kafka_workarounds.h"
#include "common/runtime/clock.h"

#define ANSWER_MS     10000
#define REPORT_MAX_MS 30000
#define STEP_MS       100

struct kafka_sender {
	const struct kafka_settings *settings;
	rd_kafka_t *rk;
	_Atomic uint32_t turn; /* the producer's */
	uintptr_t number; /* of the message that is under way: one before it may be reported late */
	/* The report on it: */
	bool reported;
	rd_kafka_resp_err_t code;
	struct topic_offset at;
};

/* Runs on the owner's thread, inside rd_kafka_flush. */
static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct kafka_sender *s = opaque;

	(void)rk;
	if ((uintptr_t)m->_private != s->number)
		return;
	s->reported = true;
	s->code = m->err;
	s->at = (struct topic_offset){ m->partition, m->offset };
}

enum status kafka_sender_open(struct kafka_sender **out, const struct kafka_settings *settings,
			      struct error *err)
{
	struct kafka_sender *s = calloc(1, sizeof(*s));

	if (!s)
		return error_set(err, ST_INTERNAL, "out of memory");
	s->settings = settings;
	if (kafka_idempotent_new(&s->rk, settings, on_report, s, &s->turn, err) != ST_OK) {
		free(s);
		return err->status;
	}
	*out = s;
	return ST_OK;
}

void kafka_sender_close(struct kafka_sender *s)
{
	if (!s)
		return;
	if (kafka_workarounds_destroy(s->rk))
		free(s);
}

enum status kafka_sender_partitions(struct kafka_sender *s, const char *topic, int32_t *count,
				    struct error *err)
{
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_resp_err_t code = kafka_metadata(s->rk, topic, ANSWER_MS, &metadata);

	if (code == RD_KAFKA_RESP_ERR__INVALID_ARG)
		return error_set(err, ST_NOT_FOUND, "'%s' is no topic's name", topic);
	if (code)
		return error_set(err, ST_UNAVAILABLE, "no broker answers on %s",
				 s->settings->bootstrap_servers);
	code = metadata->topic_cnt == 1 ? metadata->topics[0].err
					: RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	*count = code ? 0 : metadata->topics[0].partition_cnt;
	rd_kafka_metadata_destroy(metadata);
	return code ? error_set(err, ST_NOT_FOUND, "topic %s: %s", topic, rd_kafka_err2str(code))
		    : ST_OK;
}

/* --- sending ------------------------------------------------------------------------------- */

/* Codes that come again for this message however often it is sent; the next may be taken. */
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

static enum status await_report(struct kafka_sender *s, const char *topic, struct error *err)
{
	int64_t end = clock_mono_ms() + REPORT_MAX_MS;

	while (!s->reported && clock_mono_ms() < end)
		(void)rd_kafka_flush(s->rk, STEP_MS);
	if (!s->reported) {
		(void)rd_kafka_purge(s->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
		return error_set(err, ST_UNAVAILABLE,
				 "no acknowledgement within %d s (it may have arrived: sending an "
				 "event again has no second effect)",
				 REPORT_MAX_MS / 1000);
	}
	return s->code ? set_code(err, topic, s->code) : ST_OK;
}

enum status kafka_sender_send(struct kafka_sender *s, const char *topic, struct message *m,
			      struct error *err)
{
	rd_kafka_headers_t *headers = kafka_message_headers(m->headers, m->header_count);
	const int32_t partition = m->at.partition < 0 ? RD_KAFKA_PARTITION_UA : m->at.partition;
	rd_kafka_resp_err_t code;

	s->reported = false;
	s->number++;
	code = rd_kafka_producev(s->rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
				 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
				 RD_KAFKA_V_KEY(m->key, m->key_len),
				 RD_KAFKA_V_VALUE((void *)m->payload, m->payload_len),
				 RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE((void *)s->number),
				 RD_KAFKA_V_END);
	if (code) {
		rd_kafka_headers_destroy(headers);
		return set_code(err, topic, code);
	}
	if (await_report(s, topic, err) != ST_OK)
		return err->status;
	m->at = s->at;
	return ST_OK;
}
