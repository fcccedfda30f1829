#include "delivery-service/inbound.h"

#include <stdlib.h>
#include <string.h>

#include "common/event_json.h"
#include "common/kafka_client.h"
#include "common/parse.h"

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

static void *copy_bytes(char **at, const void *bytes, size_t len)
{
	char *copy = *at;

	if (!bytes)
		return NULL;
	memcpy(copy, bytes, len);
	*at += len;
	return copy;
}

static void copy_headers(struct original *original, char *at, const rd_kafka_message_t *m)
{
	const char *name;
	const void *value;
	size_t len;

	original->headers = at;
	for (size_t i = 0; header_at(m, i, &name, &value, &len); i++) {
		at = original_put_header(at, name, value, len);
		original->header_count++;
	}
}

static struct inbound *copy_message(const rd_kafka_message_t *m)
{
	size_t bytes = sizeof(struct inbound) + m->key_len + m->len + headers_size(m);
	struct inbound *in = malloc(bytes);
	rd_kafka_timestamp_type_t type;
	char *at;

	if (!in)
		return NULL;
	*in = (struct inbound){ .bytes = bytes };
	at = (char *)(in + 1);
	in->original.key = copy_bytes(&at, m->key, m->key_len);
	in->original.key_len = m->key_len;
	in->original.payload = copy_bytes(&at, m->payload, m->len);
	in->original.payload_len = m->len;
	in->original.timestamp_ms = rd_kafka_message_timestamp(m, &type);
	copy_headers(&in->original, at, m);
	return in;
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

static void read_event(struct inbound *in, const rd_kafka_message_t *m)
{
	enum event_type type = EVENT_PLACED;
	const char *name;
	struct error err;
	size_t len;

	if (!kafka_header(m, "type", &name, &len))
		inbound_refuse(in, "no header \"type\"");
	else if (event_order_type(name, len, &type) &&
		 event_decode(type, m->payload, m->len, &in->event, &err) != ST_OK)
		inbound_refuse(in, err.msg);
}

struct inbound *inbound_new(const rd_kafka_message_t *m, int64_t received_wall_ms)
{
	struct inbound *in = copy_message(m);

	if (!in)
		return NULL;
	in->place = (struct place){ m->partition, m->offset };
	in->origin = origin_of(m);
	in->end = m->offset + 1;
	in->received_wall_ms = received_wall_ms;
	read_event(in, m);
	return in;
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
	free(in->event);
	free(in->reason);
	free(in);
}
