#include "delivery-service/core/event_record.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/event/event_json.h"
#include "common/kafka/kafka_client.h"

#define REASON_MAX_BYTES 160

bool inbound_concerns(const rd_kafka_message_t *m)
{
	enum event_type type;
	const char *name;
	size_t len;

	return !kafka_header(m, "type", &name, &len) || event_order_type(name, len, &type);
}

/* --- copying ------------------------------------------------------------------------------- */

static bool header_at(const rd_kafka_message_t *m, size_t i, const char **name, const void **value,
		      size_t *len)
{
	rd_kafka_headers_t *headers = NULL;

	return rd_kafka_message_headers(m, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
	       rd_kafka_header_get_all(headers, i, name, value, len) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

static size_t headers_size(const rd_kafka_message_t *m)
{
	const char *name;
	const void *value;
	size_t len, size = 0;

	for (size_t i = 0; header_at(m, i, &name, &value, &len); i++)
		size += original_header_size(name, value, len);
	return size;
}

static struct original_headers *copy_headers(const rd_kafka_message_t *m,
					     struct original_latest *latest)
{
	struct original_headers *headers = original_headers_new(headers_size(m), 0);
	const char *name;
	const void *value;
	size_t len;
	char *at;

	if (!headers)
		return NULL;
	at = headers->bytes;
	for (size_t i = 0; header_at(m, i, &name, &value, &len); i++) {
		at = original_put_header(at, name, value, len);
		headers->count++;
	}
	return original_headers_share(latest, headers);
}

static struct inbound *copy_message(const rd_kafka_message_t *m, struct original_latest *latest)
{
	struct inbound *in = malloc(sizeof(*in) + m->key_len + m->len);
	rd_kafka_timestamp_type_t type;

	if (!in)
		return NULL;
	/* Kafka's messages have less than 2 GB. */
	*in = (struct inbound){ .has_key = m->key != NULL,
				.has_payload = m->payload != NULL,
				.key_len = (uint32_t)m->key_len,
				.payload_len = (uint32_t)m->len,
				.timestamp_ms = rd_kafka_message_timestamp(m, &type),
				.headers = copy_headers(m, latest) };
	if (!in->headers) {
		free(in);
		return NULL;
	}
	if (m->key_len > 0)
		memcpy(in->bytes, m->key, m->key_len);
	if (m->len > 0)
		memcpy(in->bytes + m->key_len, m->payload, m->len);
	return in;
}

struct original inbound_original(const struct inbound *in)
{
	return (struct original){
		.key = in->has_key ? in->bytes : NULL,
		.key_len = in->key_len,
		.payload = in->has_payload ? in->bytes + in->key_len : NULL,
		.payload_len = in->payload_len,
		.headers = in->headers,
		.timestamp_ms = in->timestamp_ms,
	};
}

/* --- reading ------------------------------------------------------------------------------- */

static bool header_number(const rd_kafka_message_t *m, const char *name, int64_t max, int64_t *out)
{
	const char *text;
	size_t len;

	return kafka_header(m, name, &text, &len) && parse_i64(text, len, 0, max, out);
}

/* A dead letter that was replayed brings the headers that dead_letter.c gave it. */
static struct place origin_of(const rd_kafka_message_t *m)
{
	struct place here = { m->partition, m->offset };
	const char *topic, *this_topic = rd_kafka_topic_name(m->rkt);
	int64_t partition, offset;
	size_t len;

	if (!kafka_header(m, "x-original-topic", &topic, &len) || len != strlen(this_topic) ||
	    memcmp(topic, this_topic, len) != 0 ||
	    !header_number(m, "x-original-partition", INT32_MAX, &partition) ||
	    !header_number(m, "x-original-offset", INT64_MAX, &offset))
		return here;
	return (struct place){ (int32_t)partition, offset };
}

static enum status decode(const struct inbound *in, struct order_event **event, struct error *err)
{
	struct original original = inbound_original(in);

	return event_decode(in->type, original.payload, original.payload_len, event, err);
}

static void read_event(struct inbound *in, const rd_kafka_message_t *m)
{
	const char *name;
	struct error err;
	size_t len;

	if (!kafka_header(m, "type", &name, &len))
		inbound_refuse(in, "no header \"type\"");
	else if (event_order_type(name, len, &in->type) && decode(in, &in->event, &err) != ST_OK)
		inbound_refuse(in, err.msg);
}

struct inbound *inbound_new(const rd_kafka_message_t *m, struct original_latest *latest,
			    int64_t received_wall_ms)
{
	struct inbound *in = copy_message(m, latest);

	if (!in)
		return NULL;
	in->place = (struct place){ m->partition, m->offset };
	in->origin = origin_of(m);
	in->end = m->offset + 1;
	in->received_wall_ms = received_wall_ms;
	read_event(in, m);
	return in;
}

void inbound_rest(struct inbound *in)
{
	if (!in->event || in->was_parked)
		return;
	free(in->event);
	in->event = NULL;
	in->rests = true;
}

bool inbound_end_rest(struct inbound *in)
{
	struct error ignored;

	/* These bytes were decoded before. */
	if (in->rests && decode(in, &in->event, &ignored) != ST_OK)
		return false;
	in->rests = false;
	return true;
}

struct inbound *inbound_parked(struct order_event *event, struct place place,
			       int64_t received_wall_ms)
{
	struct inbound *in = calloc(1, sizeof(*in));

	if (!in) {
		free(event);
		return NULL;
	}
	in->event = event;
	in->place = place;
	in->origin = place;
	in->received_wall_ms = received_wall_ms;
	in->was_parked = true;
	in->decision.verdict = DELIVERY_PARK;
	return in;
}

void inbound_refuse(struct inbound *in, const char *reason)
{
	free(in->event);
	in->event = NULL;
	free(in->reason);
	in->reason = strndup(reason, utf8_cut(reason, REASON_MAX_BYTES));
}

void inbound_free(struct inbound *in)
{
	if (!in)
		return;
	original_headers_release(in->headers);
	free(in->event);
	free(in->reason);
	free(in);
}
