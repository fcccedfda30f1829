#include "common/outbox/relay_publisher.h"

#include <stdlib.h>
#include <string.h>

#include "common/kafka/kafka_producer.h"
#include "common/outbox/outbox_headers.h"
#include "common/outbox/relay_spans.h"
#include "common/outbox/relay_transaction.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"

struct relay_publisher {
	const char *topic; /* of the events: its keys are left out unless keyed */
	bool keyed;
	struct relay_ledger ledger;
	struct relay_topics topics;
	struct kafka_producer *producer;
	struct relay_transaction *transaction; /* NULL: without transactions */
	struct relay_spans *spans;             /* NULL: none are exported */
	int64_t term;                          /* that the producer is prepared for; 0: none */
	bool fresh;                            /* it was never prepared */
	bool recovered;
	int64_t next_log_mono_ms;
};

static void on_report(void *context, void *row, enum kafka_producer_verdict verdict, int code)
{
	static const enum relay_verdict verdicts[] = {
		[KAFKA_PRODUCER_ACKED] = RELAY_ACKED,
		[KAFKA_PRODUCER_REFUSED] = RELAY_REFUSED,
		[KAFKA_PRODUCER_RETRY] = RELAY_RETRY,
	};
	struct relay_publisher *p = context;

	if (p->spans && verdict == KAFKA_PRODUCER_ACKED && !p->transaction)
		relay_spans_acknowledged(p->spans,
					 (size_t)((struct relay_row *)row - p->ledger.rows));
	if (p->transaction)
		relay_transaction_report(p->transaction, row, verdicts[verdict], code);
	else
		relay_ledger_report(&p->ledger, row, verdicts[verdict], code);
}

/* --- headers ------------------------------------------------------------------------------- */

#define STANDARD_HEADERS 3

/* What Spring Cloud Stream needs to see the headers as strings comes along (design, contract). */
static size_t add_standard_headers(struct message_header *headers, const char *type)
{
	static const char content[] = "application/json";
	static const char types[] =
		"{\"type\":\"java.lang.String\",\"contentType\":\"java.lang.String\"}";

	if (!type)
		return 0;
	headers[0] = (struct message_header){ "type", type, strlen(type) };
	headers[1] = (struct message_header){ "contentType", content, sizeof(content) - 1 };
	headers[2] =
		(struct message_header){ "spring_json_header_types", types, sizeof(types) - 1 };
	return STANDARD_HEADERS;
}

/* --- rows ---------------------------------------------------------------------------------- */

enum fetched { F_ID, F_TOPIC, F_KEY, F_TYPE, F_HEADERS, F_PAYLOAD, F_CREATED };

/* Sends row i of rows with its headers. */
static void send_row(struct relay_publisher *p, const PGresult *rows, int i,
		     const struct message_header *headers, size_t header_count,
		     struct relay_row *row)
{
	const char *topic = pg_text(rows, i, F_TOPIC), *key = pg_text(rows, i, F_KEY);
	bool keyed = key && (p->keyed || strcmp(topic, p->topic) != 0);
	const struct kafka_producer_message message = {
		.topic = topic,
		.key = keyed ? key : NULL,
		.key_len = keyed ? (size_t)PQgetlength(rows, i, F_KEY) : 0,
		.payload = pg_text(rows, i, F_PAYLOAD),
		.payload_len = (size_t)PQgetlength(rows, i, F_PAYLOAD),
		.headers = headers,
		.header_count = header_count,
	};

	kafka_producer_send(p->producer, &message, row);
}

/* text: for the span's header. */
static void enter_span(struct relay_publisher *p, const PGresult *rows, int i,
		       const struct relay_row *row, struct message_header *headers, size_t count,
		       char text[TRACE_PARENT_SIZE])
{
	const struct relay_spans_row entered = {
		.number = (size_t)(row - p->ledger.rows),
		.created_us = row->created_us,
		.topic = pg_text(rows, i, F_TOPIC),
		.type = pg_text(rows, i, F_TYPE),
		.key = pg_text(rows, i, F_KEY),
		.key_len = (size_t)PQgetlength(rows, i, F_KEY),
	};

	relay_spans_enter(p->spans, &entered, headers, count, text);
}

/* With the headers of a row's text behind the standard ones. */
static void send_row_with(struct relay_publisher *p, const PGresult *rows, int i, const char *text,
			  struct relay_row *row)
{
	char parent[TRACE_PARENT_SIZE];
	size_t further_count = 0, n;
	struct message_header *further = outbox_headers_decode(text, &further_count);
	struct message_header *all =
		further ? calloc(STANDARD_HEADERS + further_count, sizeof(*all)) : NULL;

	if (all) {
		n = add_standard_headers(all, pg_text(rows, i, F_TYPE));
		memcpy(all + n, further, further_count * sizeof(*all));
		if (p->spans)
			enter_span(p, rows, i, row, all + n, further_count, parent);
		send_row(p, rows, i, all, n + further_count, row);
	} else {
		relay_ledger_report(&p->ledger, row, RELAY_RETRY, kafka_producer_purged());
	}
	free(all);
	free(further);
}

static void send_with_headers(struct relay_publisher *p, const PGresult *rows, int i,
			      struct relay_row *row)
{
	const char *text = pg_text(rows, i, F_HEADERS);
	struct message_header standard[STANDARD_HEADERS];

	if (text)
		send_row_with(p, rows, i, text, row);
	else
		send_row(p, rows, i, standard,
			 add_standard_headers(standard, pg_text(rows, i, F_TYPE)), row);
}

/* Nothing of a topic may go before a row of it that has to come again: stopped has why that one
 * does, for each topic. */
static void publish_row(struct relay_publisher *p, const PGresult *rows, int i, int *stopped)
{
	int topic = relay_topics_find(&p->topics, pg_text(rows, i, F_TOPIC));
	struct relay_row *row = relay_ledger_add(&p->ledger, pg_i64(rows, i, F_ID), topic);

	row->created_us = pg_i64(rows, i, F_CREATED);
	if (topic < 0)
		relay_ledger_report(&p->ledger, row, RELAY_RETRY, kafka_producer_purged());
	else if (stopped[topic])
		relay_ledger_report(&p->ledger, row, RELAY_RETRY, stopped[topic]);
	else
		send_with_headers(p, rows, i, row);
	if (topic >= 0 && row->verdict == RELAY_RETRY)
		stopped[topic] = row->reason;
}

static void publish_all(struct relay_publisher *p, const PGresult *rows)
{
	int stopped[RELAY_TOPICS_MAX] = { 0 };

	for (int i = 0; i < PQntuples(rows); i++)
		publish_row(p, rows, i, stopped);
}

void relay_publisher_publish(struct relay_publisher *p, const PGresult *rows)
{
	relay_topics_begin(&p->topics);
	relay_ledger_reset(&p->ledger);
	relay_spans_begin(p->spans);
	if (p->transaction)
		relay_transaction_begin(p->transaction);
	publish_all(p, rows);
	if (p->transaction)
		relay_transaction_sent(p->transaction);
}

/* --- the batch ----------------------------------------------------------------------------- */

bool relay_publisher_poll(struct relay_publisher *p, int timeout_ms)
{
	return kafka_producer_poll(p->producer, timeout_ms) &&
	       (!p->transaction || relay_transaction_go_on(p->transaction, timeout_ms));
}

void relay_publisher_abandon(struct relay_publisher *p)
{
	struct error err;

	if (kafka_producer_abandon(p->producer, &err) != ST_OK &&
	    log_due(&p->next_log_mono_ms, 5000))
		log_error("relay", "no new producer", "error=%s", LOG_QUOTE(err.msg));
	if (p->transaction)
		relay_transaction_end(p->transaction);
	else
		relay_ledger_abandon(&p->ledger, kafka_producer_purged());
	p->fresh = true;
	p->term = 0;
}

bool relay_publisher_is_ready(const struct relay_publisher *p, int64_t term)
{
	return !p->transaction || (p->term == term && p->recovered);
}

enum status relay_publisher_prepare(struct relay_publisher *p, int64_t term, int timeout_ms,
				    struct error *err)
{
	enum status st;

	if (p->term == term)
		return ST_OK;
	if (!p->fresh)
		relay_publisher_abandon(p);
	p->recovered = false;
	st = kafka_producer_prepare(p->producer, timeout_ms, err);
	if (st == ST_UNAVAILABLE)
		return st;
	p->fresh = false;
	if (st == ST_OK)
		p->term = term;
	return st;
}

void relay_publisher_recovered(struct relay_publisher *p)
{
	p->recovered = true;
}

bool relay_publisher_lacks_leader(struct relay_publisher *p)
{
	bool outstanding[RELAY_TOPICS_MAX] = { 0 }, lacks = relay_publisher_reachable(p);

	for (size_t i = 0; i < p->ledger.count; i++) {
		const struct relay_row *row = &p->ledger.rows[i];

		if (row->verdict == RELAY_OUTSTANDING && row->topic >= 0)
			outstanding[row->topic] = true;
	}
	for (size_t i = 0; lacks && i < p->topics.count; i++)
		lacks = !outstanding[i] ||
			!kafka_producer_can_send(p->producer, p->topics.topics[i].name);
	return lacks;
}

bool relay_publisher_hold_failing(struct relay_publisher *p)
{
	bool answered = true;

	for (size_t i = 0; i < p->topics.count; i++) {
		struct relay_topic *topic = &p->topics.topics[i];

		if (!topic->failing || relay_topics_is_held(topic, clock_mono_ms()) ||
		    kafka_producer_can_send(p->producer, topic->name))
			continue;
		relay_topics_hold(topic, clock_mono_ms(), (uint32_t)clock_mono_us());
		answered = answered && kafka_producer_reachable(p->producer);
	}
	return answered;
}

struct relay_topics *relay_publisher_topics(struct relay_publisher *p)
{
	return &p->topics;
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
	return kafka_producer_reachable(p->producer);
}

void relay_publisher_end_spans(struct relay_publisher *p)
{
	relay_spans_end(p->spans, &p->ledger);
}

/* --- open and close ------------------------------------------------------------------------ */

enum status relay_publisher_open(struct relay_publisher **out, const struct kafka_settings *kafka,
				 const char *state_topic, bool keyed, struct otlp *otlp,
				 struct error *err)
{
	struct relay_publisher *p = calloc(1, sizeof(*p));

	if (!p)
		return error_set(err, ST_INTERNAL, "out of memory");
	p->topic = kafka->topic;
	p->keyed = keyed;
	p->fresh = true;
	if (relay_spans_open(&p->spans, otlp, err) != ST_OK ||
	    kafka_producer_open(&p->producer, kafka, on_report, p, err) != ST_OK ||
	    (kafka->transactional_id &&
	     relay_transaction_open(&p->transaction, p->producer, &p->ledger, state_topic,
				    kafka->transactional_id, err) != ST_OK)) {
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
	kafka_producer_close(p->producer);
	relay_transaction_close(p->transaction);
	relay_spans_close(p->spans);
	free(p);
}
