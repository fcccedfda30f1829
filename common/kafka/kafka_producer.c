#include "common/kafka/kafka_producer.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/kafka/kafka_idempotent.h"
#include "common/kafka/kafka_message.h"
#include "common/kafka/kafka_metadata.h"
#include "common/kafka/kafka_stuck.h"
#include "common/kafka/kafka_workarounds.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"

#define REACHABLE_MS   500
#define RETIRE_POLLS   100
#define RETIRE_POLL_MS 10
/* Longer than a leader that hangs is asked (kafka_idempotent.c), and than its successor takes. */
#define SILENCE_MAX_MS 30000

struct kafka_producer {
	struct kafka_settings settings;
	kafka_producer_report *report;
	void *context;
	_Atomic uint32_t turn; /* of the messages without a key, over all the handles */
	pthread_mutex_t mu;    /* guards rk against kafka_producer_reachable while it is replaced */
	rd_kafka_t *rk;        /* changed by the owner under mu; NULL: there is none now */
	bool haunted;          /* a client that did not end in time may use this still */
	int64_t silent_mono_ms; /* since when what is outstanding has no report; 0: nothing is */
};

/* Errors of one message that no retry mends. */
static bool is_permanent(rd_kafka_resp_err_t code)
{
	switch (code) {
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_INVALID_MSG:
	case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
	case RD_KAFKA_RESP_ERR_INVALID_RECORD:
	case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
	case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
	case RD_KAFKA_RESP_ERR__INVALID_ARG:
		return true;
	default:
		return false;
	}
}

static void report(struct kafka_producer *p, void *opaque, rd_kafka_resp_err_t code)
{
	enum kafka_producer_verdict verdict = !code                ? KAFKA_PRODUCER_ACKED
					      : is_permanent(code) ? KAFKA_PRODUCER_REFUSED
								   : KAFKA_PRODUCER_RETRY;

	p->report(p->context, opaque, verdict, (int)code);
}

/* Runs on the owner's thread, inside rd_kafka_poll. */
static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	struct kafka_producer *p = opaque;

	(void)rk;
	p->silent_mono_ms = 0;
	report(p, message->_private, message->err);
}

static void replace_handle(struct kafka_producer *p, rd_kafka_t *rk)
{
	(void)pthread_mutex_lock(&p->mu);
	p->rk = rk;
	(void)pthread_mutex_unlock(&p->mu);
}

/* A report that came later would point at what its sender has forgotten: all come in here. What is
 * purged is reported at once, unless a thread of librdkafka is late. */
static void retire(struct kafka_producer *p)
{
	rd_kafka_t *old = p->rk;

	if (!old)
		return;
	replace_handle(p, NULL);
	(void)rd_kafka_purge(old, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	for (int i = 0; i < RETIRE_POLLS && rd_kafka_outq_len(old) > 0; i++)
		(void)rd_kafka_poll(old, RETIRE_POLL_MS);
	p->haunted |= !kafka_workarounds_destroy(old);
}

static enum status create(struct kafka_producer *p, struct error *err)
{
	rd_kafka_t *fresh = NULL;

	if (kafka_idempotent_new(&fresh, &p->settings, on_report, p, &p->turn, err) != ST_OK)
		return err->status;
	replace_handle(p, fresh);
	return ST_OK;
}

enum status kafka_producer_open(struct kafka_producer **out, const struct kafka_settings *settings,
				kafka_producer_report *report_to, void *context, struct error *err)
{
	struct kafka_producer *p = calloc(1, sizeof(*p));

	if (!p)
		return error_set(err, ST_INTERNAL, "out of memory");
	p->settings = *settings;
	p->report = report_to;
	p->context = context;
	(void)pthread_mutex_init(&p->mu, NULL);
	if (create(p, err) != ST_OK) {
		kafka_producer_close(p);
		return err->status;
	}
	*out = p;
	return ST_OK;
}

void kafka_producer_close(struct kafka_producer *p)
{
	if (!p)
		return;
	if (p->rk)
		p->haunted |= !kafka_workarounds_destroy(p->rk);
	if (p->haunted)
		return;
	(void)pthread_mutex_destroy(&p->mu);
	free(p);
}

void kafka_producer_send(struct kafka_producer *p, const struct kafka_producer_message *m,
			 void *opaque)
{
	rd_kafka_headers_t *headers;
	rd_kafka_resp_err_t code;

	if (!p->rk) {
		report(p, opaque, RD_KAFKA_RESP_ERR__STATE);
		return;
	}
	headers = kafka_message_headers(m->headers, m->header_count);
	code = rd_kafka_producev(p->rk, RD_KAFKA_V_TOPIC(m->topic),
				 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
				 RD_KAFKA_V_KEY(m->key, m->key_len),
				 RD_KAFKA_V_VALUE((void *)m->payload, m->payload_len),
				 RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(opaque),
				 RD_KAFKA_V_END);
	if (!code)
		return;
	rd_kafka_headers_destroy(headers);
	report(p, opaque, code);
}

/*
 * As kafka_stuck.h has it of a consumer: of a topic that was re-created the client may never learn
 * the leader, and what is outstanding waits for ever. The brokers are asked once it has lasted.
 */
static bool is_stuck(struct kafka_producer *p)
{
	const int64_t now = clock_mono_ms();

	if (rd_kafka_version() < KAFKA_STUCK_SINCE_VERSION || rd_kafka_outq_len(p->rk) == 0)
		p->silent_mono_ms = 0;
	else if (p->silent_mono_ms == 0)
		p->silent_mono_ms = now;
	if (p->silent_mono_ms == 0 || now - p->silent_mono_ms < SILENCE_MAX_MS)
		return false;
	p->silent_mono_ms = now;
	if (!kafka_producer_can_send(p, p->settings.topic))
		return false;
	log_warn("kafka",
		 "nothing is acknowledged though the brokers have the topic: a new producer",
		 "waited_ms=%d", SILENCE_MAX_MS);
	return true;
}

bool kafka_producer_poll(struct kafka_producer *p, int timeout_ms)
{
	char why[200];

	if (!p->rk)
		return false;
	(void)rd_kafka_flush(p->rk, timeout_ms);
	if (!rd_kafka_fatal_error(p->rk, why, sizeof(why)))
		return !is_stuck(p);
	log_warn("kafka", "producer lost its state", "error=%s", LOG_QUOTE(why));
	return false;
}

enum status kafka_producer_abandon(struct kafka_producer *p, struct error *err)
{
	retire(p);
	return create(p, err);
}

/* --- transactions -------------------------------------------------------------------------- */

/* Takes error. */
static enum status judge(rd_kafka_error_t *error, const char *doing, struct error *err)
{
	bool again;

	if (!error)
		return ST_OK;
	again = rd_kafka_error_is_retriable(error) && !rd_kafka_error_is_fatal(error) &&
		!rd_kafka_error_txn_requires_abort(error);
	(void)error_set(err, again ? ST_UNAVAILABLE : ST_INTERNAL, "%s: %s", doing,
			rd_kafka_error_string(error));
	rd_kafka_error_destroy(error);
	return err->status;
}

static enum status no_handle(struct error *err)
{
	return error_set(err, ST_INTERNAL, "there is no producer");
}

enum status kafka_producer_prepare(struct kafka_producer *p, int timeout_ms, struct error *err)
{
	return p->rk ? judge(rd_kafka_init_transactions(p->rk, timeout_ms),
			     "taking the transactional id", err)
		     : no_handle(err);
}

enum status kafka_producer_begin(struct kafka_producer *p, struct error *err)
{
	return p->rk ? judge(rd_kafka_begin_transaction(p->rk), "beginning the transaction", err)
		     : no_handle(err);
}

enum status kafka_producer_commit(struct kafka_producer *p, int timeout_ms, struct error *err)
{
	return p->rk ? judge(rd_kafka_commit_transaction(p->rk, timeout_ms),
			     "committing the transaction", err)
		     : no_handle(err);
}

bool kafka_producer_can_send(struct kafka_producer *p, const char *topic)
{
	const struct rd_kafka_metadata *metadata = NULL;
	const struct rd_kafka_metadata_topic *found;
	bool can;

	if (!p->rk || kafka_metadata(p->rk, topic, REACHABLE_MS, &metadata) != 0)
		return false;
	found = &metadata->topics[0];
	can = metadata->topic_cnt == 1 && !found->err && found->partition_cnt > 0;
	for (int i = 0; can && i < found->partition_cnt; i++)
		can = found->partitions[i].leader >= 0;
	rd_kafka_metadata_destroy(metadata);
	return can;
}

/* --- for other threads --------------------------------------------------------------------- */

static bool answers(rd_kafka_t *rk)
{
	const struct rd_kafka_metadata *metadata = NULL;

	if (rd_kafka_metadata(rk, 0, NULL, &metadata, REACHABLE_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return false;
	rd_kafka_metadata_destroy(metadata);
	return true;
}

bool kafka_producer_reachable(struct kafka_producer *p)
{
	bool reachable;

	(void)pthread_mutex_lock(&p->mu);
	reachable = p->rk && answers(p->rk);
	(void)pthread_mutex_unlock(&p->mu);
	return reachable;
}

int kafka_producer_purged(void)
{
	return RD_KAFKA_RESP_ERR__PURGE_QUEUE;
}

const char *kafka_producer_reason(int code)
{
	return rd_kafka_err2str((rd_kafka_resp_err_t)code);
}

bool kafka_producer_blames_topic(int code)
{
	switch ((rd_kafka_resp_err_t)code) {
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
		return true;
	default:
		return false;
	}
}

bool kafka_producer_timed_out(int code)
{
	return code == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT;
}
