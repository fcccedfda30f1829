#include "common/outbox/relay_publisher.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/kafka/kafka_producer.h"
#include "common/runtime/log.h"

struct relay_publisher {
	const char *topic; /* of the events: its keys are left out unless keyed */
	bool keyed;
	struct relay_ledger ledger;
	struct kafka_producer *producer;
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

	relay_ledger_report(&p->ledger, row, verdicts[verdict], code);
}

/* --- headers ------------------------------------------------------------------------------- */

#define STANDARD_HEADERS 3

/* What Spring Cloud Stream needs to see the headers as strings comes along (design, contract). */
static size_t add_standard_headers(struct kafka_producer_header *headers, const char *type)
{
	static const char content[] = "application/json";
	static const char types[] =
		"{\"type\":\"java.lang.String\",\"contentType\":\"java.lang.String\"}";

	if (!type)
		return 0;
	headers[0] = (struct kafka_producer_header){ "type", type, strlen(type) };
	headers[1] = (struct kafka_producer_header){ "contentType", content, sizeof(content) - 1 };
	headers[2] = (struct kafka_producer_header){ "spring_json_header_types", types,
						     sizeof(types) - 1 };
	return STANDARD_HEADERS;
}

static size_t add_further_headers(struct kafka_producer_header *headers, json_t *further)
{
	const char *name;
	json_t *value;
	size_t n = 0;

	json_object_foreach (further, name, value)
		headers[n++] = (struct kafka_producer_header){ name, json_string_value(value),
							       json_string_length(value) };
	return n;
}

/* --- rows ---------------------------------------------------------------------------------- */

enum fetched { F_ID, F_TOPIC, F_KEY, F_TYPE, F_HEADERS, F_PAYLOAD };

/* Sends row i of rows with the standard headers and the further ones. */
static void send_row(struct relay_publisher *p, const PGresult *rows, int i, json_t *further,
		     struct kafka_producer_header *headers, struct relay_row *row)
{
	const char *topic = pg_text(rows, i, F_TOPIC), *key = pg_text(rows, i, F_KEY);
	bool keyed = key && (p->keyed || strcmp(topic, p->topic) != 0);
	size_t n = add_standard_headers(headers, pg_text(rows, i, F_TYPE));
	struct kafka_producer_message message = {
		.topic = topic,
		.key = keyed ? key : NULL,
		.key_len = keyed ? (size_t)PQgetlength(rows, i, F_KEY) : 0,
		.payload = pg_text(rows, i, F_PAYLOAD),
		.payload_len = (size_t)PQgetlength(rows, i, F_PAYLOAD),
		.headers = headers,
	};

	message.header_count = n + add_further_headers(headers + n, further);
	kafka_producer_send(p->producer, &message, row);
}

static void publish_row(struct relay_publisher *p, const PGresult *rows, int i)
{
	struct relay_row *row = relay_ledger_add(&p->ledger, pg_i64(rows, i, F_ID));
	const char *text = pg_text(rows, i, F_HEADERS);
	struct kafka_producer_header standard[STANDARD_HEADERS], *headers = standard;
	json_t *further = text ? json_loads(text, JSON_ALLOW_NUL, NULL) : NULL;

	if (further)
		headers = calloc(STANDARD_HEADERS + json_object_size(further), sizeof(*headers));
	if (headers)
		send_row(p, rows, i, further, headers, row);
	else
		relay_ledger_report(&p->ledger, row, RELAY_RETRY, kafka_producer_purged());
	if (headers != standard)
		free(headers);
	json_decref(further);
}

void relay_publisher_publish(struct relay_publisher *p, const PGresult *rows)
{
	relay_ledger_reset(&p->ledger);
	/* Nothing after a row that has to come again may go before it. */
	for (int i = 0; i < PQntuples(rows) && p->ledger.retry == 0; i++)
		publish_row(p, rows, i);
}

/* --- the batch ----------------------------------------------------------------------------- */

bool relay_publisher_poll(struct relay_publisher *p, int timeout_ms)
{
	return kafka_producer_poll(p->producer, timeout_ms);
}

void relay_publisher_abandon(struct relay_publisher *p)
{
	struct error err;

	if (kafka_producer_abandon(p->producer, &err) != ST_OK &&
	    log_due(&p->next_log_mono_ms, 5000))
		log_error("relay", "no new producer", "error=%s", LOG_QUOTE(err.msg));
	relay_ledger_abandon(&p->ledger, kafka_producer_purged());
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

/* --- open and close ------------------------------------------------------------------------ */

enum status relay_publisher_open(struct relay_publisher **out, const struct kafka_settings *kafka,
				 bool keyed, struct error *err)
{
	struct relay_publisher *p = calloc(1, sizeof(*p));

	if (!p)
		return error_set(err, ST_INTERNAL, "out of memory");
	p->topic = kafka->topic;
	p->keyed = keyed;
	if (kafka_producer_open(&p->producer, kafka, on_report, p, err) != ST_OK) {
		free(p);
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
	free(p);
}
