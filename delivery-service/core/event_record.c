#include "delivery-service/core/event_record.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/base/utf8.h"
#include "common/event/contract.h"
#include "common/event/event_json.h"
#include "common/kafka/kafka_client.h"

#define REASON_MAX_BYTES 160

bool event_record_is_relevant(const rd_kafka_message_t *m)
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
		size += raw_message_header_size(name, value, len);
	return size;
}

static struct raw_message_headers *copy_headers(const rd_kafka_message_t *m,
						struct raw_message_recent *latest)
{
	struct raw_message_headers *headers = raw_message_headers_new(headers_size(m), 0);
	const char *name;
	const void *value;
	size_t len;
	char *at;

	if (!headers)
		return NULL;
	at = headers->bytes;
	for (size_t i = 0; header_at(m, i, &name, &value, &len); i++) {
		at = raw_message_put_header(at, name, value, len);
		headers->count++;
	}
	return raw_message_headers_share(latest, headers);
}

static struct event_record *copy_message(const rd_kafka_message_t *m,
					 struct raw_message_recent *latest)
{
	struct event_record *record = malloc(sizeof(*record) + m->key_len + m->len);
	rd_kafka_timestamp_type_t type;

	if (!record)
		return NULL;
	/* Kafka's messages have less than 2 GB. */
	*record = (struct event_record){ .has_key = m->key != NULL,
					 .has_payload = m->payload != NULL,
					 .key_len = (uint32_t)m->key_len,
					 .payload_len = (uint32_t)m->len,
					 .timestamp_ms = rd_kafka_message_timestamp(m, &type),
					 .headers = copy_headers(m, latest) };
	if (!record->headers) {
		free(record);
		return NULL;
	}
	if (m->key_len > 0)
		memcpy(record->bytes, m->key, m->key_len);
	if (m->len > 0)
		memcpy(record->bytes + m->key_len, m->payload, m->len);
	return record;
}

struct raw_message event_record_message(const struct event_record *record)
{
	return (struct raw_message){
		.key = record->has_key ? record->bytes : NULL,
		.key_len = record->key_len,
		.payload = record->has_payload ? record->bytes + record->key_len : NULL,
		.payload_len = record->payload_len,
		.headers = record->headers,
		.timestamp_ms = record->timestamp_ms,
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
static struct topic_offset origin_of(const rd_kafka_message_t *m)
{
	struct topic_offset here = { m->partition, m->offset };
	const char *topic, *this_topic = rd_kafka_topic_name(m->rkt);
	int64_t partition, offset;
	size_t len;

	if (!kafka_header(m, CONTRACT_ORIGIN_TOPIC, &topic, &len) || len != strlen(this_topic) ||
	    memcmp(topic, this_topic, len) != 0 ||
	    !header_number(m, CONTRACT_ORIGIN_PARTITION, INT32_MAX, &partition) ||
	    !header_number(m, CONTRACT_ORIGIN_OFFSET, INT64_MAX, &offset))
		return here;
	return (struct topic_offset){ (int32_t)partition, offset };
}

static enum status decode(const struct event_record *record, struct order_event **event,
			  struct error *err)
{
	struct raw_message raw_message = event_record_message(record);

	return event_decode(record->type, raw_message.payload, raw_message.payload_len, event, err);
}

static void read_event(struct event_record *record, const rd_kafka_message_t *m)
{
	const char *name;
	struct error err;
	size_t len;

	if (!kafka_header(m, "type", &name, &len))
		event_record_reject(record, "no header \"type\"");
	else if (event_order_type(name, len, &record->type) &&
		 decode(record, &record->event, &err) != ST_OK)
		event_record_reject(record, err.msg);
}

struct event_record *event_record_new(const rd_kafka_message_t *m,
				      struct raw_message_recent *latest, int64_t received_wall_ms)
{
	struct event_record *record = copy_message(m, latest);

	if (!record)
		return NULL;
	record->at = (struct topic_offset){ m->partition, m->offset };
	record->origin = origin_of(m);
	record->end = m->offset + 1;
	record->received_wall_ms = received_wall_ms;
	read_event(record, m);
	return record;
}

void event_record_compact(struct event_record *record)
{
	if (!record->event || record->was_parked)
		return;
	free(record->event);
	record->event = NULL;
	record->compacted = true;
}

bool event_record_expand(struct event_record *record)
{
	struct error ignored;

	/* These bytes were decoded before. */
	if (record->compacted && decode(record, &record->event, &ignored) != ST_OK)
		return false;
	record->compacted = false;
	return true;
}

struct event_record *event_record_from_parked(struct order_event *event, struct topic_offset at,
					      int64_t received_wall_ms)
{
	struct event_record *record = calloc(1, sizeof(*record));

	if (!record) {
		free(event);
		return NULL;
	}
	record->event = event;
	record->at = at;
	record->origin = at;
	record->received_wall_ms = received_wall_ms;
	record->was_parked = true;
	record->decision.verdict = DELIVERY_PARK;
	return record;
}

void event_record_reject(struct event_record *record, const char *reason)
{
	free(record->event);
	record->event = NULL;
	free(record->reason);
	record->reason = strndup(reason, utf8_cut(reason, REASON_MAX_BYTES));
}

void event_record_free(struct event_record *record)
{
	if (!record)
		return;
	raw_message_headers_release(record->headers);
	free(record->event);
	free(record->reason);
	free(record);
}
