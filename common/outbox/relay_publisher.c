#include "common/outbox/relay_publisher.h"

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/runtime/log.h"

struct relay_publisher {
	struct kafka_settings kafka;
	bool keyed;
	struct relay_ledger ledger;
	pthread_mutex_t mu; /* guards rk against relay_publisher_reachable while it is renewed */
	rd_kafka_t *rk;     /* changed by the relay's thread under mu */
};

/* Errors of one message that no retry mends. */
static bool refused_for_good(rd_kafka_resp_err_t code)
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

static void report(struct relay_publisher *p, struct relay_row *row, rd_kafka_resp_err_t code)
{
	enum relay_verdict verdict = !code                    ? RELAY_ACKED
				     : refused_for_good(code) ? RELAY_REFUSED
							      : RELAY_RETRY;

	relay_ledger_report(&p->ledger, row, verdict, (int)code);
}

/* Runs on the relay's thread, inside rd_kafka_poll. */
static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	(void)rk;
	report(opaque, message->_private, message->err);
}

/* A producer that had a fatal error, or whose messages must not come late, is given up. */
static enum status renew_producer(struct relay_publisher *p, struct error *err)
{
	rd_kafka_t *old = p->rk, *fresh = NULL;

	if (kafka_producer_open(&fresh, &p->kafka, on_report, p, err) != ST_OK)
		return err->status;
	(void)pthread_mutex_lock(&p->mu);
	p->rk = fresh;
	(void)pthread_mutex_unlock(&p->mu);
	if (old) {
		(void)rd_kafka_purge(old, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
		(void)rd_kafka_poll(old, 0);
		rd_kafka_destroy(old);
	}
	return ST_OK;
}

/* What Spring Cloud Stream needs to see the headers as strings comes along (design, contract). */
static void add_standard_headers(rd_kafka_headers_t *headers, const char *type)
{
	static const char types[] =
		"{\"type\":\"java.lang.String\",\"contentType\":\"java.lang.String\"}";

	(void)rd_kafka_header_add(headers, "type", -1, type, -1);
	(void)rd_kafka_header_add(headers, "contentType", -1, "application/json", -1);
	(void)rd_kafka_header_add(headers, "spring_json_header_types", -1, types, -1);
}

static void add_further_headers(rd_kafka_headers_t *headers, const char *json)
{
	json_t *root = json_loads(json, JSON_ALLOW_NUL, NULL), *value;
	const char *name;

	json_object_foreach (root, name, value) {
		(void)rd_kafka_header_add(headers, name, -1, json_string_value(value),
					  (ssize_t)json_string_length(value));
	}
	json_decref(root);
}

enum fetched { F_ID, F_TOPIC, F_KEY, F_TYPE, F_HEADERS, F_PAYLOAD };

/* Hands row i of rows to librdkafka, which copies it. */
static rd_kafka_resp_err_t produce(struct relay_publisher *p, const PGresult *rows, int i,
				   struct relay_row *row)
{
	const char *topic = pg_text(rows, i, F_TOPIC), *type = pg_text(rows, i, F_TYPE);
	const char *more = pg_text(rows, i, F_HEADERS), *key = pg_text(rows, i, F_KEY);
	bool keyed = p->keyed || strcmp(topic, p->kafka.topic) != 0;
	rd_kafka_headers_t *headers = rd_kafka_headers_new(4);
	rd_kafka_resp_err_t code;

	if (type)
		add_standard_headers(headers, type);
	if (more)
		add_further_headers(headers, more);
	code = rd_kafka_producev(
		p->rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
		RD_KAFKA_V_KEY(keyed ? key : NULL,
			       keyed && key ? (size_t)PQgetlength(rows, i, F_KEY) : 0),
		RD_KAFKA_V_VALUE((void *)pg_text(rows, i, F_PAYLOAD),
				 (size_t)PQgetlength(rows, i, F_PAYLOAD)),
		RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(row), RD_KAFKA_V_END);
	if (code)
		rd_kafka_headers_destroy(headers);
	return code;
}

void relay_publisher_publish(struct relay_publisher *p, const PGresult *rows)
{
	relay_ledger_reset(&p->ledger);
	for (int i = 0; i < PQntuples(rows); i++) {
		struct relay_row *row = relay_ledger_add(&p->ledger, pg_i64(rows, i, F_ID));
		rd_kafka_resp_err_t code = produce(p, rows, i, row);

		if (code)
			report(p, row, code);
		/* Nothing after a row that has to come again may go before it. */
		if (row->verdict == RELAY_RETRY)
			break;
	}
}

bool relay_publisher_poll(struct relay_publisher *p, int timeout_ms)
{
	char why[200];

	(void)rd_kafka_flush(p->rk, timeout_ms);
	if (!rd_kafka_fatal_error(p->rk, why, sizeof(why)))
		return true;
	log_warn("relay", "producer lost its state", "error=%s", LOG_QUOTE(why));
	return false;
}

void relay_publisher_abandon(struct relay_publisher *p)
{
	struct error err;

	relay_ledger_abandon(&p->ledger, RD_KAFKA_RESP_ERR__PURGE_QUEUE);
	if (renew_producer(p, &err) != ST_OK)
		log_error("relay", "no new producer", "error=%s", LOG_QUOTE(err.msg));
}

const struct relay_ledger *relay_publisher_ledger(const struct relay_publisher *p)
{
	return &p->ledger;
}

void relay_publisher_forget(struct relay_publisher *p)
{
	relay_ledger_reset(&p->ledger);
}

bool relay_publisher_reachable(struct relay_publisher *p)
{
	bool reachable;

	(void)pthread_mutex_lock(&p->mu);
	reachable = kafka_reachable(p->rk, 500);
	(void)pthread_mutex_unlock(&p->mu);
	return reachable;
}

enum status relay_publisher_open(struct relay_publisher **out, const struct kafka_settings *kafka,
				 bool keyed, struct error *err)
{
	struct relay_publisher *p = calloc(1, sizeof(*p));

	if (!p)
		return error_set(err, ST_INTERNAL, "out of memory");
	p->kafka = *kafka;
	p->keyed = keyed;
	(void)pthread_mutex_init(&p->mu, NULL);
	if (renew_producer(p, err) != ST_OK) {
		relay_publisher_close(p);
		return err->status;
	}
	*out = p;
	return ST_OK;
}

void relay_publisher_close(struct relay_publisher *p)
{
	if (!p)
		return;
	if (p->rk)
		rd_kafka_destroy(p->rk);
	(void)pthread_mutex_destroy(&p->mu);
	free(p);
}
