#include "delivery-service/core/event_record.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/utf8.h"
#include "common/event/contract.h"
#include "common/event/event_json.h"

#define REASON_MAX_BYTES 160

/* A dead letter that was replayed brings the headers that dead_letter.c gave it. */
static struct topic_offset origin_of(const struct message *m)
{
	const char *topic;
	int64_t partition, offset;
	size_t len;
	bool replayed =
		message_header_text(m, CONTRACT_ORIGIN_TOPIC, &topic, &len) &&
		len == strlen(m->topic) && memcmp(topic, m->topic, len) == 0 &&
		message_header_number(m, CONTRACT_ORIGIN_PARTITION, INT32_MAX, &partition) &&
		message_header_number(m, CONTRACT_ORIGIN_OFFSET, INT64_MAX, &offset);

	return replayed ? (struct topic_offset){ (int32_t)partition, offset } : m->at;
}

static enum status decode(const struct event_record *record, struct order_event **event,
			  struct error *err)
{
	return event_decode(record->type, record->message.payload, record->message.payload_len,
			    event, err);
}

static struct event_record *copy(const struct message *m, struct raw_message_recent *latest,
				 int64_t received_wall_ms)
{
	struct event_record *record = malloc(sizeof(*record) + raw_message_body_size(m));

	if (!record)
		return NULL;
	*record = (struct event_record){ .at = m->at,
					 .origin = origin_of(m),
					 .end = m->at.offset + 1,
					 .received_wall_ms = received_wall_ms };
	if (!raw_message_copy(&record->message, record->bytes, m, latest)) {
		free(record);
		return NULL;
	}
	return record;
}

/* False: out of memory. */
static bool read_event(struct event_record *record, enum event_type type)
{
	struct error err;
	enum status st;

	record->type = type;
	st = decode(record, &record->event, &err);
	if (st == ST_INVALID)
		event_record_reject(record, err.msg);
	return st == ST_OK || st == ST_INVALID;
}

enum event_record_kind event_record_new(struct event_record **out, const struct message *m,
					struct raw_message_recent *latest, int64_t received_wall_ms)
{
	enum event_type type;
	const char *name;
	size_t len;
	bool has_type = message_header_text(m, "type", &name, &len);

	*out = NULL;
	if (has_type && !event_order_type(name, len, &type))
		return EVENT_RECORD_OTHER;
	*out = copy(m, latest, received_wall_ms);
	if (*out && !has_type)
		event_record_reject(*out, "no header \"type\"");
	if (*out && has_type && !read_event(*out, type)) {
		event_record_free(*out);
		*out = NULL;
	}
	return EVENT_RECORD_OURS;
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

void event_record_identity(const struct event_record *record, int64_t *order_id, int32_t *version)
{
	struct order_event *decoded = NULL;
	const struct order_event *event = record->event;
	struct error ignored;

	if (!event && record->compacted && decode(record, &decoded, &ignored) == ST_OK)
		event = decoded;
	*order_id = event ? event->order_id : 0;
	*version = event ? event->version : 0;
	free(decoded);
}

struct event_record *event_record_from_event(struct order_event *event, struct topic_offset at,
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
	return record;
}

void event_record_reject(struct event_record *record, const char *reason)
{
	free(record->event);
	record->event = NULL;
	free(record->reason);
	record->reason = strndup(reason, utf8_cut(reason, REASON_MAX_BYTES));
}

const char *event_record_reason(const struct event_record *record)
{
	return record->reason ? record->reason : "unreadable message";
}

void event_record_free(struct event_record *record)
{
	if (!record)
		return;
	raw_message_headers_release(record->message.headers);
	free(record->event);
	free(record->reason);
	free(record->trace);
	free(record);
}
